import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import GeometryError, OptionError
from core.export import write_solid_files
from core.reconstruction import Reconstruction
from core.solid import SolidOptions, make_solid

Head = Callable[..., Reconstruction]


def as_read_back(face: Reconstruction, options: SolidOptions) -> trimesh.Trimesh:
    solid = make_solid(face, options)
    mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    return trimesh.load_mesh(io.BytesIO(mesh.export(file_type="stl")), file_type="stl")


def assert_prints(mesh: trimesh.Trimesh) -> None:
    assert mesh.is_volume  # watertight, consistently wound, outward
    assert mesh.euler_number == 2
    assert mesh.body_count == 1
    assert mesh.bounds[0] == pytest.approx([0, 0, 0], abs=1e-6)


def test_relief_is_one_closed_shell_of_the_size_on_the_label(head: Head) -> None:
    options = SolidOptions(width_mm=60, base_mm=3, border_mm=5, relief_share=0.5)
    mesh = as_read_back(head(256), options)
    assert_prints(mesh)
    assert mesh.extents[0] == pytest.approx(60, abs=1e-4)
    face = head(256)
    head_width = np.ptp(np.flatnonzero(face.mask.any(0))) + 1
    depth = face.depth_mm[face.mask]
    life_width = head_width * np.median(depth) / face.intrinsics.focal_px
    relief = (np.percentile(depth, 98) - depth.min()) * 0.5 * (60 - 2 * 5) / life_width
    assert mesh.extents[2] - 3 == pytest.approx(relief, rel=0.06)


def test_relief_share_scales_the_relief_alone(head: Head) -> None:
    shallow, deep = (make_solid(head(), SolidOptions(relief_share=share)).vertices_mm for share in (0.25, 0.5))
    assert deep[:, 2].max() - 2 == pytest.approx(2 * (shallow[:, 2].max() - 2), rel=1e-6)
    assert deep[:, :2].max(0) == pytest.approx(shallow[:, :2].max(0))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    holes=arrays(np.bool_, (32, 32), elements=st.booleans()),
    spikes=arrays(np.float32, (32, 32), elements=st.floats(-300, 300, width=32)),
)
def test_any_depth_gives_a_valid_solid_or_a_clear_error(head: Head, holes: np.ndarray, spikes: np.ndarray) -> None:
    face = head(32)
    depth = face.depth_mm + spikes
    depth[holes] = np.nan
    broken = Reconstruction(face.crop_rgb, face.texture, face.inverse_depth, depth, face.intrinsics, None, face.facts)
    try:
        mesh = as_read_back(broken, SolidOptions(max_triangles=4000))
    except GeometryError:
        return  # in words, as the tests of options and surfaces show
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume > 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "statue"}, "no solid called 'statue'"),
        ({"width_mm": 0}, "width_mm is 0, but must lie between 10 and 1000"),
        ({"border_mm": 40}, "leaves no room"),
        ({"depth": 3}, "no solid option called 'depth'"),
        ({"width_mm": "wide"}, "wrong kind"),
    ],
)
def test_options_that_cannot_be_used(values: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        SolidOptions.from_dict(values)


@pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="PrusaSlicer is not installed")
def test_a_slicer_takes_it_as_it_is(head: Head, tmp_path: Path) -> None:
    write_solid_files(make_solid(head(256), SolidOptions()), tmp_path)
    stl = tmp_path / "mesh.stl"
    slicer = [shutil.which("prusa-slicer") or "", "--info", str(stl)]
    info = subprocess.run(slicer, capture_output=True, text=True, check=True).stdout
    assert "manifold = yes" in info
    assert "number_of_parts =  1" in info
    subprocess.run([slicer[0], "--export-gcode", str(stl)], capture_output=True, check=True)
    assert (tmp_path / "mesh.gcode").stat().st_size > 100_000


@pytest.mark.skipif(shutil.which("admesh") is None, reason="admesh is not installed")
def test_admesh_has_nothing_to_mend(head: Head, tmp_path: Path) -> None:
    write_solid_files(make_solid(head(256), SolidOptions()), tmp_path)
    report = subprocess.run(
        [shutil.which("admesh") or "", str(tmp_path / "mesh.stl")], capture_output=True, text=True, check=True
    ).stdout
    faults = (
        "Edges fixed",
        "Facets removed",
        "Facets added",
        "Facets reversed",
        "Backwards edges",
        "Degenerate facets",
    )
    for fault in faults:
        assert int(report.split(fault)[1].split(":")[1].split()[0]) == 0
