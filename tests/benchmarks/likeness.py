"""`python -m tests.benchmarks.likeness FOLDER_OF_PHOTOS...`: is it the person, with and without fine relief?

A face recogniser says how far each plaster picture (`relief_preview.png`) is from the photos of its folder. It is no
part of the project: `pip install dlib-bin face_recognition_models setuptools` into this environment or into one of its
own, which `--recogniser PYTHON` names (it needs numpy, too); its weights are CC0. Two photos of one person are less
than 0.6 apart. For each strength of the fine relief:

`own`: mean distance of a plaster to its own photo. `others`: to the other photos of the folder. `gap`: others less own.
`nearest`: share of plasters, in percent, whose nearest photo is their own. `triangles` (`--stl`): the same of the
largest strength, the picture drawn from the triangles of `mesh.stl` as written; less than 0.02 should lie between.

`--skin`: RMS in mm of the fine relief at strength 1 on plain skin, where nothing is to be carved: of the photo as it
is, blurred by 3 px, with noise of 5 % and as a JPEG of quality 20. The limit is 0.05 mm. `--sizes`: of what is written
with default options, in MB. `--known FOLDER`: mean angle in degrees to the normals of known heads by strength (see
`tests.benchmarks.accuracy`); what is drawn must not cost what was measured.

`--sheet OUT.png` draws, to be looked at, `OUT-FOLDER-1.png` and so on: photo, the surface before beside after (the
first and the last strength) from the front and from 40 degrees either side; and `OUT-FOLDER-printed.png`: relief, mask
and bust of the first faces, each from the front and from one side, from their STL.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image

from core.depth.estimator import Networks
from core.errors import LifemaskError
from core.face.window import cut
from core.files import write_face
from core.files.face_files import POSTER_BLUR_PX, write_pictures
from core.fine_relief.drawing import draw
from core.fine_relief.zones import zones
from core.geometry.reconstruction import Reconstruction
from core.mesh.plaster import plaster_picture
from core.mesh.surface import make_surface
from core.options import Options, SolidOptions
from core.photo import Photo, read_photo
from core.pipeline import reconstruct
from core.solid import make_solid
from tests.benchmarks.accuracy import angle_deg, both_normals, known_face, seen_in_photo
from tests.benchmarks.sheet import TURN_DEG, nearest, view
from tests.core.formats import write_solid_files, write_surface
from tests.truth import read_truth

STRENGTHS = (0.0, 0.5, 1.0)
GROUND = 90  # behind the plaster, as in the middle of most photos
MOST_BETWEEN = 0.02  # distances of a picture of the triangles and of the map
PLAIN, MOST_BUMPS_MM = 0.05, 0.05  # of `zones(...).carved`: less is plain skin
BLUR_PX, NOISE, QUALITY = 3.0, 0.05, 20
SIZED = ("mesh.glb", "mesh.stl", "solid.stl")
CELL_PX, ROWS, PRINTED = 300, 6, 4
KINDS = ("relief", "mask", "bust")
UPRIGHT = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # a bust stands: its z is up
RECOGNISER = """
import json, sys
import dlib, face_recognition_models, numpy as np
network = dlib.face_recognition_model_v1(face_recognition_models.face_recognition_model_location())
side, found = int(sys.argv[1]), []
print("ready", flush=True)
while data := sys.stdin.buffer.read(68 * 2 * 8):
    marks = np.frombuffer(data).reshape(68, 2)
    picture = np.frombuffer(sys.stdin.buffer.read(side * side * 3), np.uint8).reshape(side, side, 3)
    points = [dlib.point(int(x), int(y)) for x, y in marks.round()]
    box = dlib.rectangle(*(int(value) for value in (*marks.min(0), *marks.max(0))))
    chip = dlib.get_face_chip(picture, dlib.full_object_detection(box, points), size=150, padding=0.25)
    found.append(list(network.compute_face_descriptor(chip, 10)))
print(json.dumps(found))
"""

Picture = NDArray[np.uint8]


class Recogniser:
    """Another Python that looks at pictures while this one makes them."""

    def __init__(self, python: str, side_px: int) -> None:
        self.running = subprocess.Popen(
            [python, "-c", RECOGNISER, str(side_px)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._out().readline() != b"ready\n":
            raise SystemExit(
                f"{python} has no recogniser. Name one that has, by --recogniser, or 'none'. "
                "To have one: pip install dlib-bin face_recognition_models setuptools"
            )

    def _out(self):
        assert self.running.stdout is not None
        return self.running.stdout

    def look(self, picture: Picture, face: Reconstruction) -> None:
        """Take a picture (S, S, 3) of a face, in the frame of its crop."""
        assert self.running.stdin is not None
        assert face.landmarks_px is not None
        self.running.stdin.write(face.landmarks_px.astype(np.float64).tobytes() + picture.tobytes())

    def descriptors(self) -> np.ndarray:
        """(n, 128), of all pictures in their order."""
        answer, _ = self.running.communicate()
        return np.array(json.loads(answer))


class Sheets:
    """Rows of pictures, saved beside a path by the name of their folder and the number of the sheet."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name, self.count = path, name, 0
        self.rows: list[Picture] = []
        self.printed: list[Picture] = []

    def add(self, before: Reconstruction, after: Reconstruction) -> None:
        """One face."""
        self.rows.append(before_and_after(before, after))
        if len(self.printed) < PRINTED:
            self.printed.append(as_printed(after))
        if len(self.rows) == ROWS:
            self._save_rows()

    def end(self) -> None:
        """Save what is left."""
        if self.rows:
            self._save_rows()
        if self.printed:
            self._save(self.printed, "printed")

    def _save_rows(self) -> None:
        self.count += 1
        self._save(self.rows, str(self.count))
        self.rows = []

    def _save(self, rows: Sequence[Picture], which: str) -> None:
        target = self.path.with_stem(f"{self.path.stem}-{self.name}-{which}")
        Image.fromarray(np.vstack(rows)).save(target)
        print(target, flush=True)


def main() -> None:
    """Read the command line, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.likeness", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--strengths", nargs="+", type=float, default=STRENGTHS)
    parser.add_argument("--recogniser", default=sys.executable, help="a Python that has dlib; 'none': no distances")
    parser.add_argument("--all-faces", action="store_true", help="not only the surest of each photo")
    parser.add_argument("--stl", action="store_true", help="distances of the triangles, too")
    parser.add_argument("--skin", action="store_true", help="bumps on plain skin")
    parser.add_argument("--sizes", action="store_true", help="write each face, tell the sizes of its files")
    parser.add_argument("--known", type=Path, help="folder of heads (*.npz) whose normals are known")
    parser.add_argument("--sheet", type=Path, help="PNG files to draw")
    asked = parser.parse_args()
    networks, strengths = Networks(), sorted(asked.strengths)
    for folder in asked.folders:
        of_folder(folder, asked, strengths, networks)
    if asked.known:
        print_normals(asked.known, strengths, networks)


def of_folder(folder: Path, asked: argparse.Namespace, strengths: list[float], networks: Networks) -> None:
    """Print what is found in a folder's photos, and draw its sheets."""
    recogniser, names, bumps, sizes = None, [], [], []
    sheets = Sheets(asked.sheet, folder.name) if asked.sheet else None
    for photo, face in faces_of(folder, networks, all_faces=asked.all_faces):
        names.append(photo.name)
        drawn = [at_strength(face, strength) for strength in strengths]
        if asked.recogniser != "none":
            recogniser = recogniser or Recogniser(asked.recogniser, face.depth_mm.shape[0])
            for picture in pictures_of(drawn, stl=asked.stl):
                recogniser.look(picture, face)
        if asked.skin:
            bumps.append([bumps_mm(face, rgb) for rgb in spoilt(photo.rgb)])
        if asked.sizes:
            sizes.append(sizes_mb(face))
        if sheets is not None:
            sheets.add(drawn[0], drawn[-1])
        print(f"{len(names):4} {photo.name}", file=sys.stderr, flush=True)
    print(f"\n{folder}: {len(names)} faces")
    if recogniser is not None:
        print_distances(recogniser.descriptors().reshape(len(names), -1, 128), names, strengths, stl=asked.stl)
    if bumps:
        print_bumps(np.array(bumps), names)
    for name, column in zip(SIZED, np.transpose(sizes), strict=False):
        print(f"{name}: median {np.median(column):.2f} MB, largest {column.max():.2f} ({names[column.argmax()]})")
    if sheets is not None:
        sheets.end()


def faces_of(folder: Path, networks: Networks, *, all_faces: bool) -> Iterator[tuple[Photo, Reconstruction]]:
    """Faces of a folder's photos, with strength 1; the surest of each or all."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in {".jpg", ".jpeg", ".png"}:
            continue
        try:
            photo = read_photo(path)
            found = reconstruct(photo, Options(model="builtin", fine_relief=1), networks)
        except LifemaskError as error:
            print(f"{path.name}: {error}")
            continue
        yield from ((photo, one) for one in (found if all_faces else [max(found, key=score)]))


def score(face: Reconstruction) -> float:
    """How sure it is that this is a face."""
    assert face.facts.face is not None
    return face.facts.face.score


def at_strength(face: Reconstruction, strength: float) -> Reconstruction:
    """The same face, its fine relief at another strength."""
    return replace(face, facts=replace(face.facts, fine_relief=strength))


def pictures_of(drawn: Sequence[Reconstruction], *, stl: bool) -> Iterator[Picture]:
    """(S, S, 3) each: the photo, the plaster of each strength, that of the last from its triangles."""
    pictures = [plaster(one) for one in drawn]
    yield drawn[-1].crop_rgb
    yield from (on_ground(one) for one in pictures)
    if stl:
        yield on_ground(plaster_of_triangles(drawn[-1], pictures[-1][..., 3]))


def plaster(face: Reconstruction) -> Picture:
    """(S, S, 4): `relief_preview.png` as it is written."""
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(face, Path(folder))
        with Image.open(Path(folder) / "relief_preview.png") as image:
            return np.array(image.convert("RGBA"))


def on_ground(rgba: Picture) -> Picture:
    """(S, S, 3): laid onto gray."""
    share = rgba[..., 3:] / 255
    return np.round(share * rgba[..., :3] + (1 - share) * GROUND).astype(np.uint8)


def plaster_of_triangles(face: Reconstruction, edge: Picture) -> Picture:
    """(S, S, 4): `mesh.stl`, written and read back, as the photo's camera sees it, with the look of the poster."""
    with tempfile.TemporaryDirectory() as folder:
        write_surface(make_surface(face), face.texture, Path(folder), ("stl",), {})
        mesh = trimesh.load_mesh(Path(folder) / "mesh.stl")
    depth = depth_of(np.asarray(mesh.vertices), np.asarray(mesh.faces), face)
    pixel_mm = float(face.intrinsics.pixel_mm(float(np.nanmedian(depth))))
    return np.dstack([plaster_picture(-depth, pixel_mm, np.isfinite(depth), POSTER_BLUR_PX), edge])


def depth_of(vertices_mm: np.ndarray, faces: np.ndarray, face: Reconstruction) -> np.ndarray:
    """(S, S) mm: the nearest triangle that the crop's camera sees at each pixel's centre; NaN where there is none."""
    points = vertices_mm * [1, -1, -1] + face.origin_mm
    corners = face.intrinsics.project(points)[faces]
    level, seen = nearest(corners, (1 / points[:, 2])[faces], face.depth_mm.shape[0])
    return np.where(seen >= 0, 1 / level, np.nan)


def print_distances(found: np.ndarray, names: Sequence[str], strengths: Sequence[float], *, stl: bool) -> None:
    """found : (n, 1 + k, 128), of each face's photo and its k plasters."""
    columns = [f"{strength:g}" for strength in strengths] + ["triangles"] * stl
    apart = np.linalg.norm(found[:, None, 1:] - found[None, :, :1], axis=-1)  # plaster's face, photo's face, plaster
    own = np.diagonal(apart).T
    is_own = np.eye(len(names), dtype=bool)
    print(f"{'to its own photo':32}" + "".join(f"{name:>10}" for name in columns) + "   nearest at the last strength")
    best = apart[:, :, len(strengths) - 1].argmin(1)
    for index, name in enumerate(names):
        print(f"{name[:30]:32}" + "".join(f"{value:10.3f}" for value in own[index]) + f"   {names[best[index]]}")
    print(f"{'strength':12}" + "".join(f"{name:>10}" for name in ("own", "others", "gap", "nearest")))
    for index, name in enumerate(columns):
        others = float(apart[~is_own, index].mean()) if len(names) > 1 else np.nan
        mean, nearest = float(own[:, index].mean()), (apart[..., index].argmin(1) == np.arange(len(names))).mean()
        print(f"{name:12}{mean:10.3f}{others:10.3f}{others - mean:10.3f}{100 * nearest:9.0f}%")
    if stl:
        between = own[:, -1].mean() - own[:, -2].mean()
        print(f"triangles beside map: {between:+.3f}, limit {MOST_BETWEEN}: {met(abs(between) <= MOST_BETWEEN)}")


def spoilt(rgb: Picture) -> list[Picture]:
    """A photo as it is, blurred, with noise, and much compressed."""
    noise = np.random.default_rng(0).normal(0, NOISE * 255, rgb.shape)
    _, packed = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return [
        rgb,
        np.asarray(cv2.GaussianBlur(rgb, (0, 0), BLUR_PX), np.uint8),
        np.clip(np.round(rgb + noise), 0, 255).astype(np.uint8),
        np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1]),
    ]


def bumps_mm(face: Reconstruction, rgb: Picture) -> float:
    """RMS in mm of the fine relief on plain skin, at strength 1, drawn from a photo that may be spoilt.

    The broad shape and the landmarks stay those of the photo as it is. NaN where no skin is plain.
    """
    assert face.landmarks_px is not None
    assert face.fine_relief is not None
    side, fine = face.depth_mm.shape[0], face.fine_relief.shape[0]
    to_photo, ratio = face.facts.crop.to_photo, side / fine
    finer = np.c_[to_photo[:, :2] * ratio, to_photo[:, 2] + to_photo[:, :2].sum(1) * (ratio / 2 - 0.5)]
    pixel_mm = float(face.intrinsics.pixel_mm(face.facts.distance_mm))
    relief = draw(cut(rgb, finer, fine), face.depth_mm, face.head, face.landmarks_px, pixel_mm)
    head = cv2.resize(face.head.astype(np.float32), (fine, fine), interpolation=cv2.INTER_LINEAR) > 0.5
    of = zones((face.landmarks_px + 0.5) / ratio - 0.5, head, pixel_mm * ratio)
    plain = of.face & (of.carved < PLAIN)
    return float(np.sqrt((relief[plain] ** 2).mean())) if plain.any() else float("nan")


def print_bumps(bumps: np.ndarray, names: Sequence[str]) -> None:
    """bumps : (n, 4) mm."""
    for name, column in zip(("as it is", "blurred", "noise", "JPEG"), bumps.T, strict=True):
        worst = int(np.nanargmax(column))
        print(
            f"skin, {name:9}: median {np.nanmedian(column):.4f} mm, largest {column[worst]:.4f} ({names[worst]}), "
            f"over {MOST_BUMPS_MM} mm: {(column > MOST_BUMPS_MM).sum()} of {len(column)}"
        )


def sizes_mb(face: Reconstruction) -> list[float]:
    """Of the files of `SIZED`, written with default options."""
    with tempfile.TemporaryDirectory() as folder:
        write_face(face, Path(folder) / "face", Options())
        return [(Path(folder) / "face" / name).stat().st_size / 1e6 for name in SIZED]


def print_normals(folder: Path, strengths: Sequence[float], networks: Networks) -> None:
    """Mean angles to the normals of known heads, by strength."""
    print(f"\n{'normals, degrees':24}" + "".join(f"{strength:10g}" for strength in strengths))
    table = []
    for path in sorted(folder.glob("*.npz")):
        known = read_truth(path)
        face = known_face(known, "builtin", networks)
        table.append([])
        for strength in strengths:
            carved = face.depth_mm - at_strength(face, strength).drawn_mm(face.depth_mm.shape[0])
            depth, truth, inner, _ = seen_in_photo(known, face, carved)
            mm_per_px = float(np.median(truth[inner])) / float(known.K[0, 0])
            table[-1].append(angle_deg(*both_normals(depth, truth, inner, mm_per_px)))
        print(f"{path.stem:24}" + "".join(f"{value:10.2f}" for value in table[-1]), flush=True)
    print(f"{'mean':24}" + "".join(f"{value:10.2f}" for value in np.mean(table, axis=0)))


def before_and_after(before: Reconstruction, after: Reconstruction) -> Picture:
    """One row of the sheet: photo; before, after, from the front and from either side."""
    cells = [np.asarray(cv2.resize(after.crop_rgb, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA), np.uint8)]
    made = [make_surface(one) for one in (before, after)]
    for turn in (0.0, TURN_DEG, -TURN_DEG):
        cells += [view(one.vertices_mm, one.faces, turn, CELL_PX) for one in made]
    return np.hstack(cells)


def as_printed(face: Reconstruction) -> Picture:
    """One row: photo; relief, mask and bust from the front and from one side, drawn from their STL."""
    cells = [np.asarray(cv2.resize(face.crop_rgb, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA), np.uint8)]
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            write_solid_files(
                make_solid(face, SolidOptions(kind=kind)), Path(folder), kind, formats=("stl",), stands=kind == "bust"
            )
            mesh = trimesh.load_mesh(Path(folder) / "solid.stl")
        points = mesh.vertices @ UPRIGHT.T if kind == "bust" else np.asarray(mesh.vertices)
        cells += [view(points, np.asarray(mesh.faces), turn, CELL_PX) for turn in (0.0, TURN_DEG)]
    return np.hstack(cells)


def met(holds: bool) -> str:
    """In words."""
    return "met" if holds else "NOT MET"


if __name__ == "__main__":
    main()
