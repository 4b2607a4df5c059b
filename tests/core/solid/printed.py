"""What other programs say of an STL."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_slicer = pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="PrusaSlicer is not installed")
needs_admesh = pytest.mark.skipif(shutil.which("admesh") is None, reason="admesh is not installed")
MENDED = ("Edges fixed", "Facets removed", "Facets added", "Facets reversed", "Backwards edges", "Degenerate facets")


def assert_a_slicer_takes(stl: Path, least_bytes: int) -> None:
    """PrusaSlicer calls it one manifold part and slices it. least_bytes : of the G-code."""
    slicer = [shutil.which("prusa-slicer") or "", "--info", str(stl)]
    info = subprocess.run(slicer, capture_output=True, text=True, check=True).stdout
    assert "manifold = yes" in info
    assert "number_of_parts =  1" in info
    subprocess.run([slicer[0], "--export-gcode", str(stl)], capture_output=True, check=True)
    assert stl.with_suffix(".gcode").stat().st_size > least_bytes


def assert_admesh_mends_nothing(stl: Path) -> None:
    """Admesh finds nothing to fix, add, remove or turn."""
    command = [shutil.which("admesh") or "", str(stl)]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {what: int(report.split(what)[1].split(":")[1].split()[0]) for what in MENDED} == dict.fromkeys(MENDED, 0)
