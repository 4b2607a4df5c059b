"""A face computed anew from what was seen, without the network."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.depth.estimator import Networks
from core.errors import GeometryError, OptionError
from core.files.face_files import statistics
from core.geometry.reconstruction import Reconstruction, assumptions
from core.options import Options
from core.photo import Photo, read_photo
from core.pipeline import recompute, reconstruct


def extras_of(glb: Path) -> dict[str, str]:
    """The metadata of a GLB's scene, by its own bytes: 12 of header, 8 of the first chunk's, then JSON."""
    data = glb.read_bytes()
    about: dict[str, Any] = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    return dict(about["scenes"][0]["extras"])


@pytest.fixture(scope="module")
def collins(networks: Networks, astronaut: Path) -> tuple[Photo, Reconstruction]:
    photo = read_photo(astronaut)
    (found,) = reconstruct(photo, Options(model="builtin"), networks)
    return photo, found


def test_recomputed_with_the_same_options_it_is_the_same_to_the_last_bit(
    collins: tuple[Photo, Reconstruction], tmp_path: Path
) -> None:
    from core.files.face_folder import write_face
    from core.files.facts import read_facts
    from core.recompute import rewrite

    photo, found = collins
    options, folder = Options(model="builtin", max_triangles=3000, width_mm=60), tmp_path / "face"
    write_face(found, folder, options)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    facts = read_facts(folder)
    assert all(
        extras_of(folder / name)["distance"] == f"{facts.distance_mm:.0f} mm" for name in ("mesh.glb", "solid.glb")
    )
    assert b"comment distance: " in before["cloud.ply"][:4000]
    assert rewrite(folder, photo.rgb, {}) == options
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(after) == sorted(before)
    for name in ("depth.npy", "inverse_depth.npy", "mask.png", "statistics.json", "cloud.ply", "plain_preview.png"):
        assert after[name] == before[name], name
    assert read_facts(folder) == facts

    rewrite(folder, photo.rgb, {"ipd_mm": 70.0, "fov_deg": 30.0, "smooth": 0.0})
    changed = read_facts(folder)
    assert changed.camera.fov_deg == pytest.approx(30)
    assert changed.distance_mm > 1.6 * facts.distance_mm
    assert (folder / "inverse_depth.npy").read_bytes() == before["inverse_depth.npy"]
    assert changed.solid.options == facts.solid.options
    assert extras_of(folder / "mesh.glb")["smoothing"] == "0 of 1"
    assert extras_of(folder / "mesh.glb")["distance"] == f"{changed.distance_mm:.0f} mm"
    back = recompute(Reconstruction.load(folder), photo.rgb, options)  # nothing is lost on the way
    assert np.array_equal(back.depth_mm, found.depth_mm, equal_nan=True)
    assert [path.name for path in tmp_path.iterdir()] == ["face"]


def test_what_can_be_changed_without_the_network() -> None:
    from core.recompute import changed

    options = Options(fov_deg=30.0, model="builtin")
    assert changed(options, {"focal_mm": 85.0}) == Options(focal_mm=85.0, model="builtin")
    assert changed(options, {"smooth": 0.0}) == Options(fov_deg=30.0, model="builtin", smooth=0.0)
    with pytest.raises(OptionError, match="'refine' cannot be changed without the network"):
        changed(options, {"refine": "mirror"})
    with pytest.raises(OptionError, match="one of them, not both"):
        changed(options, {"fov_deg": 30.0, "focal_mm": 85.0})


def test_background_is_kept_only_if_asked(collins: tuple[Photo, Reconstruction]) -> None:
    photo, found = collins
    kept = recompute(found, photo.rgb, Options(model="builtin", background=True))
    assert any("nothing but heads" in text for text in kept.facts.warnings)
    assert found.mask.mean() < 0.6 < kept.mask.mean()
    assert np.isfinite(kept.depth_mm[kept.mask]).all()
    assert np.array_equal(kept.head, found.head)
    for key in ("median", "std", "range"):  # numbers are of the head, whether what is round it was kept or not
        assert statistics(kept)[key] == pytest.approx(statistics(found)[key], rel=0.01)
    assert np.array_equal(found.mask, found.coverage >= 128)
    soft = (found.coverage > 0) & (found.coverage < 255)
    assert 0.005 < soft.mean() < 0.1
    assert assumptions(kept.facts)["background"] == "kept"
    assert assumptions(found.facts)["background"] == "cut off"
    assert "63 mm" in assumptions(found.facts)["scaled to"]
    assert all(isinstance(text, str) for text in assumptions(found.facts).values())


def test_a_face_of_an_earlier_version_says_so(collins: tuple[Photo, Reconstruction]) -> None:
    photo, found = collins
    with pytest.raises(GeometryError, match="earlier version"):
        recompute(replace(found, coverage=None), photo.rgb, Options())
