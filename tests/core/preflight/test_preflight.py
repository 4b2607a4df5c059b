import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import trimesh

from core.errors import GeometryError
from core.options import Printer
from core.preflight import Preflight, preflight
from core.preflight.topology import topology
from core.preflight.walls import first_hits


def written(mesh: trimesh.Trimesh, folder: Path, name: str = "solid.stl") -> Path:
    path = folder / name
    mesh.export(path)
    return path


def box(x: float, y: float, z: float, *at: float) -> trimesh.Trimesh:
    return trimesh.creation.box((x, y, z)).apply_translation(at or (0, 0, z / 2))


def extruded(points: list[tuple[float, float]], quads: list[list[int]], depth: float) -> trimesh.Trimesh:
    """Quads of the x-z plane, counter-clockwise seen from -y, drawn along y."""
    n = len(points)
    flat = np.array(points, float)
    vertices = np.concatenate([np.c_[flat[:, 0], np.full(n, y), flat[:, 1]] for y in (0.0, depth)])
    front = [tri for a, b, c, d in quads for tri in ((a, b, c), (a, c, d))]
    faces = front + [(a + n, c + n, b + n) for a, b, c in front]
    edges = {(quad[i], quad[(i + 1) % 4]) for quad in quads for i in range(4)}
    for a, b in edges:
        if (b, a) not in edges:
            faces += [(b, a, a + n), (b, a + n, b + n)]
    return trimesh.Trimesh(vertices, faces, process=False)


def states(found: Preflight) -> dict[str, str]:
    return {check.name: check.state for check in found.checks}


def value(found: Preflight, name: str) -> str:
    return next(check.value for check in found.checks if check.name == name)


def test_a_cube(tmp_path: Path) -> None:
    found = preflight(written(box(20, 20, 20), tmp_path), asked_mm=(20, None, 20))
    assert set(states(found).values()) == {"good"}
    assert found.state == "good"
    assert found.size_mm == pytest.approx((20, 20, 20))
    assert found.volume_cm3 == pytest.approx(8)
    assert found.thinnest_mm == pytest.approx(20)
    assert (found.triangles, found.topology.shells, found.needles) == (12, 1, 0)
    # skin: four sides of 0.9 mm, two levels of 0.6 mm; the rest at 15 %
    upright, level = 4 * 400 * 0.9, 2 * 400 * 0.6
    infill = 0.15 * (8000 - upright - level)
    extruded_mm3 = upright + level + infill
    assert found.use.extruded_cm3 == pytest.approx(extruded_mm3 / 1000)
    assert found.use.mass_g == pytest.approx(extruded_mm3 / 1000 * 1.24)
    assert found.use.solid_g == pytest.approx(8 * 1.24)
    assert found.use.time_s == pytest.approx((upright / 27 + level / 42 + infill / 75) / (0.45 * 0.2) + 100 * 2)


@pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="PrusaSlicer is not installed")
def test_filament_and_time_are_near_those_of_a_slicer(tmp_path: Path) -> None:
    stl = written(box(20, 20, 20), tmp_path)
    speeds = {"perimeter": 45, "external-perimeter": 35, "infill": 80, "solid-infill": 80, "top-solid-infill": 40}
    settings = [part for name, speed in speeds.items() for part in (f"--{name}-speed", str(speed))]
    settings += ["--layer-height", "0.2", "--first-layer-height", "0.2", "--perimeters", "2", "--fill-density", "15%"]
    slicer = [shutil.which("prusa-slicer") or "", "--export-gcode", "--nozzle-diameter", "0.4", *settings, str(stl)]
    subprocess.run(slicer, capture_output=True, check=True)
    told = stl.with_suffix(".gcode").read_text()
    cm3 = float(told.split("; filament used [cm3] = ")[1].split()[0])
    clock = told.split("; estimated printing time (normal mode) = ")[1].splitlines()[0].split()
    seconds = sum(int(part[:-1]) * {"h": 3600, "m": 60, "s": 1}[part[-1]] for part in clock)
    found = preflight(stl).use
    assert found.extruded_cm3 == pytest.approx(cm3, rel=0.08)
    assert found.time_s == pytest.approx(seconds, rel=0.3)


def test_a_sphere(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(5, 30).apply_translation([0, 0, 30])
    found = preflight(written(ball, tmp_path))
    assert found.volume_cm3 == pytest.approx(4 / 3 * np.pi * 27, rel=2e-3)
    assert found.thinnest_mm == pytest.approx(60, rel=2e-3)
    # the cap below 45 degrees, less the cap within a layer of the bed
    assert found.as_it_is.overhang_share == pytest.approx((1 - np.sqrt(0.5)) / 2 - 0.2 / 60, abs=3e-3)
    assert [name for name, state in states(found).items() if state != "good"] == ["Overhang over 45°"]


@pytest.mark.parametrize(("thickness", "state"), [(2.0, "good"), (0.3, "caution"), (0.15, "bad")])
def test_a_level_plate_must_hold_two_layers(tmp_path: Path, thickness: float, state: str) -> None:
    found = preflight(written(box(60, 80, thickness), tmp_path))
    assert found.thinnest_mm == pytest.approx(thickness, rel=1e-5)
    assert states(found)["Thinnest wall"] == state


@pytest.mark.parametrize(("nozzle", "state"), [(0.3, "good"), (0.4, "caution"), (0.8, "bad")])
def test_an_upright_wall_must_hold_two_lines(tmp_path: Path, nozzle: float, state: str) -> None:
    found = preflight(written(box(60, 0.7, 40), tmp_path), Printer(nozzle_mm=nozzle))
    assert states(found)["Thinnest wall"] == state


def test_a_sharp_edge_is_no_thin_wall(tmp_path: Path) -> None:
    roof = extruded([(-10, 0), (0, 0), (10, 0), (0, 15)], [[0, 1, 3, 3], [1, 2, 3, 3]], 30)
    roof.update_faces(roof.nondegenerate_faces())
    found = preflight(written(roof, tmp_path))
    assert states(found)["Closed surface"] == "good"
    assert found.thinnest_mm is not None
    assert found.thinnest_mm > 20  # from end to end; its flanks meet at 67 and 56 degrees


def test_a_cube_turned_inside_out(tmp_path: Path) -> None:
    cube = box(20, 20, 20)
    cube.invert()
    found = preflight(written(cube, tmp_path))
    assert states(found)["Outside outwards"] == "bad"
    assert value(found, "Outside outwards") == "inside out"
    assert found.volume_cm3 == pytest.approx(-8)


def test_one_triangle_turned(tmp_path: Path) -> None:
    cube = box(20, 20, 20)
    faces = cube.faces.copy()
    faces[0] = faces[0][::-1]
    found = preflight(written(trimesh.Trimesh(cube.vertices, faces, process=False), tmp_path))
    assert states(found)["Outside outwards"] == "bad"
    assert found.topology.turned_edges == 3
    assert states(found)["Closed surface"] == "good"


def test_an_open_cube(tmp_path: Path) -> None:
    cube = box(20, 20, 20)
    found = preflight(written(trimesh.Trimesh(cube.vertices, cube.faces[1:], process=False), tmp_path))
    assert found.state == "bad"
    assert value(found, "Closed surface") == "3 open edges"


def test_two_cubes_are_two_pieces_and_a_void_is_a_hollow(tmp_path: Path) -> None:
    apart = trimesh.util.concatenate([box(20, 20, 20), box(10, 10, 10, 40, 0, 5)])
    found = preflight(written(apart, tmp_path))
    assert (found.topology.shells, value(found, "One piece")) == (2, "2 separate pieces")
    assert states(found)["One piece"] == "caution"
    void = box(10, 10, 10, 0, 0, 10)
    void.invert()
    found = preflight(written(trimesh.util.concatenate([box(20, 20, 20), void]), tmp_path))
    assert value(found, "One piece") == "1 closed hollow"
    assert found.volume_cm3 == pytest.approx(7)
    assert found.thinnest_mm == pytest.approx(5)
    assert states(found)["Outside outwards"] == "good"


def test_cubes_that_touch_along_an_edge_or_in_a_corner(tmp_path: Path) -> None:
    edge = trimesh.util.concatenate([box(10, 10, 10, 5, 5, 5), box(10, 10, 10, 15, 15, 5)])
    found = preflight(written(edge, tmp_path))
    assert (found.topology.crowded_edges, states(found)["Manifold"]) == (1, "bad")
    corner = trimesh.util.concatenate([box(10, 10, 10, 5, 5, 5), box(10, 10, 10, 15, 15, 15)])
    found = preflight(written(corner, tmp_path))
    assert (found.topology.crowded_edges, found.topology.pinched_points) == (0, 1)
    assert states(found)["Manifold"] == "caution"


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_needles_are_told_by_their_proportion_not_by_their_size(tmp_path: Path, scale: float) -> None:
    points = [(0, 0), (1, 0), (1, 1), (0.5, 1.00005), (0, 1)]
    body = extruded([*points, (0.5, 0.0)], [[0, 5, 3, 4], [5, 1, 2, 3]], 1.0)
    body.apply_scale(scale)
    assert preflight(written(body, tmp_path)).needles == 0
    thin = box(10, 10, 10)
    middle = (thin.vertices[thin.faces[0][0]] + thin.vertices[thin.faces[0][1]]) / 2
    third = thin.vertices[thin.faces[0][2]]
    near = middle + (third - middle) * 5e-5
    a, b, c = thin.faces[0]
    n = len(thin.vertices)
    faces = np.concatenate([thin.faces[1:], [[a, b, n], [b, c, n], [c, a, n]]])
    body = trimesh.Trimesh(np.concatenate([thin.vertices, [near]]) * scale, faces, process=False)
    found = preflight(written(body, tmp_path, "mesh.ply"))
    assert (found.needles, states(found)["Sound triangles"]) == (1, "caution")
    assert found.topology.open_edges == 0


def test_a_t_hangs_over_and_lies_better_on_its_back(tmp_path: Path) -> None:
    points = [(-5, 0), (5, 0), (5, 30), (-5, 30), (-20, 30), (-20, 40), (-5, 40), (5, 40), (20, 40), (20, 30)]
    t = extruded(points, [[0, 1, 2, 3], [3, 2, 7, 6], [4, 3, 6, 5], [2, 9, 8, 7]], 20)
    found = preflight(written(t, tmp_path))
    assert states(found)["Closed surface"] == states(found)["Outside outwards"] == "good"
    assert found.volume_cm3 == pytest.approx(14)
    assert found.as_it_is.overhang_share == pytest.approx(2 * 15 * 20 / 4600)
    assert (found.best.overhang_share, found.best.height_mm) == (0, pytest.approx(20))
    check = next(check for check in found.checks if check.name.startswith("Overhang"))
    assert check.state == "caution"
    assert found.best.words in check.advice
    turned = t.copy()
    turned.apply_transform(trimesh.transformations.euler_matrix(*np.radians(found.best.turn_deg), axes="sxyz"))
    assert np.ptp(turned.vertices[:, 2]) == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("bed", "state"),
    [((100, 60, 50), "good"), ((60, 100, 50), "good"), ((60, 50, 100), "caution"), ((50, 50, 50), "bad")],
)
def test_the_bed(tmp_path: Path, bed: tuple[float, float, float], state: str) -> None:
    found = preflight(written(box(90, 55, 30), tmp_path), Printer(bed_mm=bed))
    assert states(found)["Fits the bed"] == state


def test_a_size_that_is_not_the_one_asked_for(tmp_path: Path) -> None:
    found = preflight(written(box(80, 60, 10), tmp_path), asked_mm=(81, None, None))
    assert value(found, "Size as asked") == "x is 80.00 mm instead of 81.00 mm"
    assert found.state == "bad"


def test_glb_is_in_metres_and_the_answer_is_json(tmp_path: Path) -> None:
    cube = box(0.02, 0.02, 0.02)
    found = preflight(written(cube, tmp_path, "solid.glb"), Printer(filament="TPU", bed_mm=(180, 180, 180)))
    assert found.size_mm == pytest.approx((20, 20, 20), rel=1e-5)
    told = json.loads(json.dumps(asdict(found.facts), allow_nan=False))
    assert told["printer"]["filament"] == "TPU"
    assert told["solid_mass_g"] == pytest.approx(8 * 1.22, abs=0.05)
    assert {check["state"] for check in told["checks"]} == {"good"}


def test_a_file_without_a_triangle_is_a_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "solid.stl"
    empty.write_bytes(bytes(84))
    with pytest.raises(GeometryError, match="holds no triangle"):
        preflight(empty)


def test_rays_meet_what_brute_force_meets() -> None:
    rng = np.random.default_rng(3)
    triangles = rng.random((300, 1, 3)) * 10 + 4 * rng.random((300, 3, 3))
    origins, directions = rng.random((200, 3)) * 10, rng.normal(size=(200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distance, met = first_hits(triangles, origins, directions, np.full(200, -1))
    a, b, c = np.moveaxis(triangles, 1, 0)
    for origin, direction, found, number in zip(origins, directions, distance, met, strict=True):
        matrix = np.stack([b - a, c - a, np.broadcast_to(-direction, a.shape)], axis=-1)
        u, v, t = np.linalg.solve(matrix, (origin - a)[..., None])[..., 0].T
        hits = np.where((u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0), t, np.inf)
        assert found == pytest.approx(hits.min())
        assert number == (int(hits.argmin()) if np.isfinite(hits.min()) else -1)
    assert np.isfinite(distance).sum() > 50


def test_topology_of_one_triangle() -> None:
    found = topology(np.array([[0, 1, 2]]))
    assert (found.open_edges, found.crowded_edges, found.turned_edges, found.pinched_points) == (3, 0, 0, 0)
