"""The table of a comparison's files: what each is called and what it holds. README, paths and command line read it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

SUMMARY = "comparison.json"  # with it a comparison is there and whole
HEADS = "heads.json"
KEPT_MEAN = "mean.npz"  # in the library, from which the others are made when they are asked for
MADE_OF_MEAN = ("mean.stl", "mean.ply", "mean.zip")
GLB = "model/gltf-binary"


@dataclass(frozen=True)
class ComparisonFile:
    """A file of a comparison's folder; N in its name stands for the number of a face, from 1."""

    name: str
    media_type: str
    holds: str

    def is_called(self, name: str) -> bool:
        """Whether this is the name of such a file."""
        return re.fullmatch(re.escape(self.name).replace("N", r"\d+"), name) is not None


FILES = (
    ComparisonFile(
        "report.html",
        "text/html",
        "one page for screen and paper that opens offline: pictures, differences, pairs, profiles, symmetry, lengths …",
    ),
    ComparisonFile(SUMMARY, "application/json", "all numbers"),
    ComparisonFile("comparison.csv", "text/csv", "the main numbers as a table"),
    ComparisonFile("comparison.png", "image/png", "the pictures on a sheet"),
    ComparisonFile("pairs.csv", "text/csv", "RMS difference of every two faces, like beside like"),
    ComparisonFile(
        "difference-N.npy",
        "application/octet-stream",
        "how far face N stands out from the first, signed, float32 mm on the first's crop",
    ),
    ComparisonFile("difference-N.png", "image/png", "the same, drawn on one scale"),
    ComparisonFile("seen-N.webp", "image/webp", "face N as the first photo's camera would see it"),
    ComparisonFile("agreement.npy", "application/octet-stream", "how far networks are apart on one photo, float32 mm"),
    ComparisonFile(HEADS, "application/json", "with `--heads`: all numbers point by point"),
    ComparisonFile("heads.csv", "text/csv", "with `--heads`: the main ones as a table"),
    ComparisonFile(
        "points-N.npy",
        "application/octet-stream",
        "with `--heads`: how far each vertex of head N stands out from that of the first, signed, float32 mm; NaN "
        "where either photo does not show it",
    ),
    ComparisonFile("points-N.glb", GLB, "with `--heads`: the same, painted on the head of the first, metres"),
    ComparisonFile(
        "morph-N.glb", GLB, "with `--heads`: the head of the first, with that of face N as a morph target, metres"
    ),
    ComparisonFile("mean.glb", GLB, "with `--heads`: the mean of all heads with its texture, metres"),
    ComparisonFile("mean.stl", "model/stl", "with `--heads`: the mean head, closed, mm"),
    ComparisonFile("mean.ply", "application/octet-stream", "with `--heads`: the mean head, coloured, mm"),
    ComparisonFile(
        "mean.zip", "application/zip", "with `--heads`: the mean head as OBJ with MTL and texture, zipped, mm"
    ),
)


def named(name: str) -> ComparisonFile | None:
    """Return the row of the table that a name is of, if any."""
    return next((file for file in FILES if file.is_called(name)), None)


def is_ours(name: str) -> bool:
    """Whether a file of this name in a comparison's folder is one that this program writes."""
    return named(name) is not None


def present(folder: Path) -> list[str]:
    """Return the names of the files of the table that are in a folder, in its order."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if KEPT_MEAN in names:
        names = sorted({*names, *MADE_OF_MEAN})
    return [name for file in FILES for name in names if file.is_called(name)]


def holds_comparison(folder: Path) -> bool:
    """Whether a comparison that this program wrote is in a folder."""
    try:
        return "lifemask" in json.loads((folder / SUMMARY).read_text("utf-8"))["versions"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
