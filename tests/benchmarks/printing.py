"""What the checks and the files of a solid cost, and how near the estimates come to a slicer's.

python -m tests.benchmarks.printing FACE_FOLDER [--rounds N]; FACE_FOLDER is one that `lifemask run` wrote. Seconds
are the processor's, since wall time of a busy machine says little; run with OMP_NUM_THREADS=1.
"""

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from core.files import mesh_files
from core.geometry.reconstruction import Reconstruction
from core.options import SolidOptions
from core.options.solid import KINDS
from core.preflight import preflight
from core.preflight.topology import merged, topology
from core.preflight.walls import first_hits, normals_and_areas
from core.solid import make_solid

RAYS = 5000
SPEEDS = {"perimeter": 45, "external-perimeter": 35, "infill": 80, "solid-infill": 80, "top-solid-infill": 40}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("face", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    face = Reconstruction.load(args.face)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        bodies = {"cube": trimesh.creation.box((60, 60, 60)).apply_translation([0, 0, 30])}
        bodies["ball"] = trimesh.creation.icosphere(5, 30).apply_translation([0, 0, 30])
        bodies["plate"] = trimesh.creation.box((80, 100, 3)).apply_translation([0, 0, 1.5])
        for kind in KINDS:
            solid = make_solid(face, SolidOptions(kind=kind))
            mesh = mesh_files.Mesh(solid.vertices_mm, solid.faces, solid.colours)
            mesh_files.write_stl(mesh, folder / f"{kind}.stl")
            bodies[kind] = mesh.bare()
        for name, body in bodies.items():
            body.export(folder / f"{name}.stl")
        _costs(mesh, folder, args.rounds)
        _rays(bodies["bust"], args.rounds)
        _estimates(folder, list(bodies))


def median_s(work: Callable[[], Any], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def _costs(mesh: mesh_files.Mesh, folder: Path, rounds: int) -> None:
    print(f"{len(mesh.faces):,} triangles; median s of {rounds}, MB")
    for name, write in (
        ("solid.stl", mesh_files.write_stl),
        ("solid.3mf", mesh_files.write_3mf),
        ("solid.ply", mesh_files.write_ply),
        ("solid.zip", mesh_files.write_obj),
        ("solid.glb", mesh_files.write_plaster_glb),
    ):
        seconds = median_s(lambda: write(mesh, folder / name), rounds)  # noqa: B023 - called at once
        print(f"  write {name:12} {seconds:6.3f} {(folder / name).stat().st_size / 1e6:6.2f}")
    _, faces = merged(np.asarray(mesh.vertices_mm, np.float32), mesh.faces)
    print(f"  topology           {median_s(lambda: topology(faces), rounds):6.3f}")
    print(f"  preflight in all   {median_s(lambda: preflight(folder / 'solid.stl'), rounds):6.3f}")


def _rays(body: trimesh.Trimesh, rounds: int) -> None:
    triangles = np.asarray(body.triangles, np.float64)
    normals, areas = normals_and_areas(triangles)
    rng = np.random.default_rng(1)
    own = rng.choice(len(areas), RAYS, p=areas / areas.sum())
    origins = (triangles[own] * rng.dirichlet([1, 1, 1], RAYS)[..., None]).sum(1)
    distance, _ = first_hits(triangles, origins, -normals[own], own)
    print(f"{RAYS} rays; median s")
    print(f"  this               {median_s(lambda: first_hits(triangles, origins, -normals[own], own), rounds):6.3f}")
    starts = origins - 1e-4 * normals[own]
    try:
        from trimesh.ray.ray_pyembree import RayMeshIntersector as Embree

        def cast() -> tuple[Any, Any, Any]:
            return Embree(body, scale_to_box=False).intersects_location(starts, -normals[own], multiple_hits=False)

        places, rays, _ = cast()
        apart = np.abs(np.linalg.norm(places - origins[rays], axis=1) - distance[rays])
        print(f"  embreex            {median_s(cast, rounds):6.3f}   largest difference {apart.max():.1e} mm")
    except ImportError:
        print("  embreex            not installed")
    from trimesh.ray.ray_triangle import RayMeshIntersector as Plain

    seconds = median_s(lambda: Plain(body).intersects_location(starts, -normals[own], multiple_hits=False), 1)
    print(f"  trimesh, once      {seconds:6.3f}")


def _estimates(folder: Path, names: list[str]) -> None:
    slicer = shutil.which("prusa-slicer")
    if slicer is None:
        print("PrusaSlicer is not installed")
        return
    print("filament cm3 and minutes: estimated, PrusaSlicer's, off by")
    settings = [part for name, speed in SPEEDS.items() for part in (f"--{name}-speed", str(speed))]
    settings += ["--gap-fill-speed", "40", "--travel-speed", "180", "--layer-height", "0.2", "--first-layer-height"]
    settings += ["0.2", "--nozzle-diameter", "0.4", "--perimeters", "2", "--fill-density", "15%"]
    for name in names:
        stl = folder / f"{name}.stl"
        subprocess.run([slicer, "--export-gcode", *settings, str(stl)], capture_output=True, check=True)
        told = stl.with_suffix(".gcode").read_text()
        cm3 = float(told.split("; filament used [cm3] = ")[1].split()[0])
        clock = told.split("; estimated printing time (normal mode) = ")[1].splitlines()[0].split()
        minutes = sum(int(part[:-1]) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[part[-1]] for part in clock) / 60
        found = preflight(stl).use
        print(
            f"  {name:11} {found.extruded_cm3:6.1f} {cm3:6.1f} {found.extruded_cm3 / cm3 - 1:+5.0%}"
            f" {found.time_s / 60:7.0f} {minutes:5.0f} {found.time_s / 60 / minutes - 1:+5.0%}"
        )


if __name__ == "__main__":
    main()
