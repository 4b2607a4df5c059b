"""`python -m tests.benchmarks.solids FOLDER`: whether every kind of solid of every face photo prints as it is.

For each face that is found in the photos of FOLDER, each kind of solid, with pockets and hollow too, is written as STL
and looked at as written: by trimesh (closed, a volume, one shell of Euler number 2), by admesh (nothing fixed, added,
removed or reversed, no degenerate facet), by `prusa-slicer --info` (manifold, one part) and by slicing it
(`--export-gcode`; `--no-gcode` leaves that out). One line per solid; the exit code is 1 if any fails.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import trimesh

from core.depth.estimator import Networks
from core.errors import LifemaskError
from core.geometry.reconstruction import Reconstruction
from core.options import Options, SolidOptions
from core.options.solid import KINDS
from core.photo import read_photo
from core.pipeline import reconstruct
from core.solid import make_solid

CHOICES = [
    *({"kind": kind} for kind in KINDS),
    {"kind": "relief", "fastening": "keyhole", "base_mm": 5.0},
    {"kind": "relief", "fastening": "magnet"},
    {"kind": "mask", "fastening": "keyhole"},
    {"kind": "bust", "hollow": True},
    {"kind": "bust", "hollow": True, "fastening": "keyhole", "width_mm": 120.0},
]
MENDED = ("Edges fixed", "Facets removed", "Facets added", "Facets reversed", "Backwards edges", "Degenerate facets")


def faults(stl: Path, gcode: bool) -> Iterator[str]:
    """What is wrong with a file, in words; nothing if it prints."""
    mesh = trimesh.load_mesh(stl)
    if not mesh.is_volume:
        yield "no volume"
    if mesh.euler_number != 2 or mesh.body_count != 1:
        yield f"Euler number {mesh.euler_number}, {mesh.body_count} bodies"
    if admesh := shutil.which("admesh"):
        report = subprocess.run([admesh, str(stl)], capture_output=True, text=True, check=True).stdout
        for what in MENDED:
            if number := int(report.split(what)[1].split(":")[1].split()[0]):
                yield f"admesh: {what.lower()} {number}"
    if slicer := shutil.which("prusa-slicer"):
        info = subprocess.run([slicer, "--info", str(stl)], capture_output=True, text=True, check=True).stdout
        if "manifold = yes" not in info or "number_of_parts =  1" not in info:
            yield "prusa-slicer: not manifold or not one part"
        if gcode:
            sliced = subprocess.run([slicer, "--export-gcode", str(stl)], capture_output=True, text=True, check=False)
            if sliced.returncode != 0 or not stl.with_suffix(".gcode").exists():
                yield f"prusa-slicer: {(sliced.stderr or sliced.stdout).strip().splitlines()[-1]}"


def faces(folder: Path) -> Iterator[tuple[str, Reconstruction]]:
    """Each face of each photo; a photo without one is said to be so. A written face's folder is read as it is."""
    networks = Networks()
    for path in sorted(folder.iterdir()):
        if (path / "reconstruction.json").exists():
            yield path.name, Reconstruction.load(path)
            continue
        try:
            for number, face in enumerate(reconstruct(read_photo(path), Options(model="builtin"), networks), 1):
                yield f"{path.stem}-{number}", face
        except LifemaskError as error:
            print(f"{path.name}: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-gcode", action="store_true")
    options = parser.parse_args()
    missing = [name for name in ("admesh", "prusa-slicer") if shutil.which(name) is None]
    if missing:
        print(f"not installed, so left out: {', '.join(missing)}")
    good = refused = bad = 0
    for name, face in faces(options.folder):
        for choice in CHOICES:
            what, start = " ".join(map(str, choice.values())), time.process_time()
            try:
                solid = make_solid(face, SolidOptions(**choice))
            except LifemaskError as error:
                refused += 1
                print(f"{name:32} {what:28} refused: {error}", flush=True)
                continue
            seconds = time.process_time() - start
            with tempfile.TemporaryDirectory() as folder:
                stl = Path(folder) / "solid.stl"
                trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False).export(stl)
                wrong = list(faults(stl, not options.no_gcode))
            good, bad = good + (not wrong), bad + bool(wrong)
            said = "; ".join(wrong) or "good"
            print(f"{name:32} {what:28} {len(solid.faces):7d} triangles {seconds:6.1f} s  {said}", flush=True)
    print(f"{good} print as they are, {refused} were refused in words, {bad} do not print")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
