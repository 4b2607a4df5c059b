"""`python -m tests.benchmarks.solids FOLDER`: whether every kind of solid of every face photo prints as it is.

For each face that is found in the photos of FOLDER, each kind of solid, with pockets, loops and hollow too, is written
as STL and looked at as written: by trimesh (closed, a volume, one shell of Euler number 2, of 0 with a hole through
it), by admesh (nothing fixed, added, removed or reversed, no degenerate facet), by `prusa-slicer --info` (manifold, one
part) and by slicing it (`--export-gcode`; `--no-gcode` leaves that out). One line per solid; the exit code is 1 if any
fails.
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
    {"kind": "bust", "height_mm": 80.0},
    {"kind": "bust", "height_mm": 80.0, "hollow": True},
    {"kind": "bust", "life_size": True, "hollow": True},
    {"kind": "bust", "back": "flat"},
    {"kind": "bust", "back": "flat", "hollow": True},
    {"kind": "bust", "back": "flat", "hollow": True, "fastening": "keyhole", "width_mm": 120.0},
    {"kind": "relief", "outline": "round", "text": "J\u00f6rg & Ada 1815"},
    {"kind": "relief", "outline": "oval", "fastening": "magnet", "width_mm": 45.0, "border_mm": 2.0, "base_mm": 3.5},
    {"kind": "relief", "text": "Ada Lovelace", "loop": True},
    {"kind": "coin", "text": "MARIE CURIE 1867"},
    {"kind": "coin", "width_mm": 40.0, "border_mm": 1.5, "text": "\u00c4\u00d6\u00dc", "letter_mm": 3.5, "loop": True},
    {"kind": "lithophane", "bend_deg": 60.0, "width_mm": 100.0},
    {"kind": "lithophane", "bend_deg": 270.0, "height_mm": 90.0},
    {"kind": "lamp", "height_mm": 100.0},
]
MENDED = ("Edges fixed", "Facets removed", "Facets added", "Facets reversed", "Backwards edges", "Degenerate facets")


def faults(stl: Path, gcode: bool, euler: int = 2) -> Iterator[str]:
    """What is wrong with a file, in words; nothing if it prints. euler : the number of a sphere, or 0 with one hole."""
    mesh = trimesh.load_mesh(stl)
    if not mesh.is_volume:
        yield "no volume"
    if mesh.euler_number != euler or mesh.body_count != 1:
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
                print(f"{name:32} {what:44} refused: {error}", flush=True)
                continue
            seconds = time.process_time() - start
            with tempfile.TemporaryDirectory() as folder:
                stl = Path(folder) / "solid.stl"
                trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False).export(stl)
                holes = choice.get("loop", False) or choice["kind"] == "lamp"
                wrong = list(faults(stl, not options.no_gcode, 0 if holes else 2))
            good, bad = good + (not wrong), bad + bool(wrong)
            said = "; ".join(wrong) or "good"
            print(f"{name:32} {what:44} {len(solid.faces):7d} triangles {seconds:6.1f} s  {said}", flush=True)
    print(f"{good} print as they are, {refused} were refused in words, {bad} do not print")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
