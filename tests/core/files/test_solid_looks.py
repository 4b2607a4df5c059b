from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from core.errors import FormatError
from core.files import load_face, read_facts, solid_look, write_face, write_solid
from core.files.mesh_files import GLTF_PER_MM, srgb_to_linear
from core.files.solid_looks import HALF_MM, LAMP, LOOKS, LOST, WEAK
from core.geometry.reconstruction import Reconstruction
from core.options import Options, Printer, SolidOptions

Head = Callable[..., Reconstruction]


def colours_of(glb: bytes | Path) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) in mm as the viewer has them, y up, and colours (n, 3), linear, 0 to 255."""
    scene: Any = trimesh.load(BytesIO(glb) if isinstance(glb, bytes) else glb, file_type="glb", process=False)
    (mesh,) = scene.geometry.values()
    return np.asarray(mesh.vertices) / GLTF_PER_MM, np.asarray(mesh.visual.vertex_attributes["color"])[:, :3]


def reddish(colours: np.ndarray) -> np.ndarray:
    return colours[:, 0] > 3.0 * colours[:, 2]


@pytest.fixture
def folder(head: Head, tmp_path: Path) -> Path:
    write_face(head(128), tmp_path / "face", Options(solid="none", formats=("ply",), max_triangles=2000))
    return tmp_path / "face"


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_is_the_preview_in_other_colours(folder: Path, look: Any) -> None:
    write_solid(folder, SolidOptions(kind="lithophane", bend_deg=60, max_triangles=6000))
    before, plaster = colours_of(folder / "solid.glb")
    after, painted = colours_of(solid_look(folder, look))
    assert np.array_equal(before, after)
    assert (plaster != painted).any() or look != "lit"
    assert b"KHR_materials_unlit" in solid_look(folder, look)
    assert b"lit plaster" in solid_look(folder, look)  # the viewer adds no light to what holds its own


@pytest.mark.parametrize("values", [{}, {"bend_deg": 90.0}])
def test_a_lithophane_is_lit_by_its_thickness(folder: Path, values: dict[str, Any], head: Head) -> None:
    halves = np.zeros((128, 128, 3), np.uint8)
    halves[:, 64:] = 255
    face = replace(load_face(folder), crop_rgb=halves)
    options = SolidOptions(kind="lithophane", wall_mm=2.4, base_mm=1, max_triangles=6000, **values)
    write_face(face, folder, Options(solid="none", formats=("ply",), max_triangles=2000), asked=options)
    points, lit = colours_of(solid_look(folder, "lit"))
    full = 255 * srgb_to_linear(np.array(LAMP) / 255)
    found = {round(float(one), 2) for one in lit[:, 0] / full[0]}
    for thickness in (0.8, 2.4, 3.4):  # white, black, frame
        assert min(abs(one - 0.5 ** ((thickness - 0.8) / HALF_MM)) for one in found) < 0.02
    x = points[:, 0] - points[:, 0].mean()
    in_front = (lit[:, 0] < 0.99 * full[0]) & (np.abs(points[:, 1] - points[:, 1].mean()) < 20)
    assert lit[in_front & (x < -5) & (x > -25), 0].max() < 0.1 * 255  # the dark half is left, as in the photo


def test_thin_walls_are_painted_where_they_are(folder: Path) -> None:
    """A mask lies mostly level: it holds several layers of 0.2 mm, one or two of 1 mm, less than one of 2 mm."""
    options = SolidOptions(kind="mask", wall_mm=1.0, width_mm=80, max_triangles=6000)
    shares = {}
    for layer in (0.2, 1.0, 2.0):
        write_solid(folder, options, Printer(nozzle_mm=2.0, layer_mm=layer))
        _, plain = colours_of(folder / "solid.glb")
        _, painted = colours_of(solid_look(folder, "walls"))
        changed = (plain != painted).any(1)
        shares[layer] = changed.mean()
        lost, weak = (srgb_to_linear(np.array(colour) / 255) for colour in (LOST, WEAK))
        if layer == 1.0:
            hue = painted[changed][:, 1] / np.maximum(painted[changed][:, 0], 1)
            assert np.median(hue) == pytest.approx(weak[1] / weak[0], rel=0.05)
        if layer == 2.0:
            hue = painted[changed][:, 1] / np.maximum(painted[changed][:, 0], 1)
            assert np.median(hue) == pytest.approx(lost[1] / lost[0], rel=0.15)
    assert 0.2 < shares[1.0] <= shares[2.0]
    assert shares[0.2] < shares[1.0] - 0.1  # what is left then is upright, too thin for a nozzle of 2 mm


def test_overhang_is_painted_where_it_is(folder: Path) -> None:
    write_solid(folder, SolidOptions(kind="mask", width_mm=80, max_triangles=6000))
    points, painted = colours_of(solid_look(folder, "overhang"))
    _, plain = colours_of(folder / "solid.glb")
    changed = (plain != painted).any(1)
    facts = read_facts(folder).solid
    assert facts is not None
    assert facts.preflight is not None
    assert facts.preflight.overhang_share > 0.05  # the hollow's roof
    assert changed.mean() > 0.02
    assert reddish(painted[changed]).all()
    assert points[changed, 2].min() > 0.1  # not what rests on the bed
    write_solid(folder, SolidOptions(kind="relief", max_triangles=6000))
    _, painted = colours_of(solid_look(folder, "overhang"))
    assert np.array_equal(painted, colours_of(folder / "solid.glb")[1])


def test_without_a_solid_there_is_a_sentence(folder: Path) -> None:
    with pytest.raises(FormatError, match="Make the solid first"):
        solid_look(folder, "walls")
