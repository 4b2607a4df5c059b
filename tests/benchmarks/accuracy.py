"""`python -m tests.benchmarks.accuracy FOLDER [--model builtin]`: the chain's depth against known heads, in mm.

Each `*.npz` holds `rgb` (H, W, 3), `depth` (H, W) z in mm with NaN background, `mask`, `K` (3, 3), `landmarks_2d` and
`meta` (JSON with `eye_centre_dist_mm`, given to the chain as the IPD, as `K` is as the field of view). Errors are taken
over the inner face (hull of the landmarks): median of their amount, and RMS of the best 98 % of pixels.

`own`: the chain's own millimetres as they are, from the camera on. `shift`: the same but for one shift, so the face's
shape in the chain's own millimetres; the limits of 1.8 and 2.6 mm are for this. A distance is the assumed IPD over the
IPD in pixels: a lid landmark a third of a pixel off, or eyes wider than their lids say, is already 2 mm of 630, so that
`own` tells how well landmarks are placed and `shift` how well a face is shaped. `distance`: its error in percent.
`aligned`: after scale and shift of 1 / depth. `mean face`: the mean head's landmarks, triangulated and aligned
likewise; `plane`: a plane at the face's mean depth. Both are RMS. `normal deg`: mean angle between normals; `lids`,
`nose`, `lips`: the same near the lids, the lower nose and the lips once a turn of the whole face is taken out, which
tells how crisp they are. `IoU over chin`: of what is above the chin's landmark, because the files' masks go down to the
shoulders, while a head ends at its neck.

A photo in FOLDER with absolute depth in its file is a row of the same first columns: the network, told the IPD that the
camera measured, beside what the camera measured.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator

from core.comparison.difference import compare
from core.depth.estimator import Networks
from core.errors import LifemaskError
from core.face.detect import find_faces
from core.face.landmarks import MEAN_MM, NOSE, eye_line_deg, fit_pose
from core.geometry.reconstruction import Reconstruction
from core.measure.regions import face_area
from core.options import Options
from core.photo import Photo, read_photo
from core.photo.formats import is_picture
from core.pipeline import reconstruct
from tests.truth import Truth, read_truth

COLUMNS = ("median own", "rms own", "median shift", "rms shift", "median aligned", "rms aligned", "correlation")
MORE = (
    "normal deg",
    "lids deg",
    "nose deg",
    "lips deg",
    "mask IoU",
    "IoU over chin",
    "landmark IPD",
    "distance %",
    "mean face",
    "plane",
)
LIDS = (slice(36, 42), slice(42, 48))
LOWER_NOSE = (slice(30, 36),)
LIPS = (slice(48, 60),)
LIMITS = {"median shift": 1.8, "rms shift": 2.6, "median aligned": 1.5, "rms aligned": 2.2}  # mm, of the means


def rms98(error: np.ndarray) -> float:
    """Root mean square of the best 98 %."""
    return float(np.sqrt(np.mean(np.sort(error**2)[: int(0.98 * len(error))])))


def aligned(value: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Depth error after least-squares scale and shift of an inverse depth."""
    design = np.c_[value, np.ones_like(value)]
    return 1 / (design @ np.linalg.lstsq(design, 1 / truth, rcond=None)[0]) - truth


def normals(depth: np.ndarray, mm_per_px: float) -> np.ndarray:
    """(H, W, 3) unit normals of a depth map, smoothed a little."""
    down, right = np.gradient(cv2.GaussianBlur(depth, (0, 0), 1.5) / mm_per_px)
    n = np.stack([right, down, np.ones_like(down)], -1)
    return n / np.linalg.norm(n, axis=-1, keepdims=True)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((one & other).sum() / (one | other).sum())


def near(landmarks: list[np.ndarray], inner: np.ndarray, mm_per_px: float) -> np.ndarray:
    """Pixels of the inner face in or within 3 mm of the outlines."""
    marked = np.zeros(inner.shape, np.uint8)
    for outline in landmarks:
        cv2.fillConvexPoly(marked, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    away = cv2.distanceTransform(1 - marked, cv2.DIST_L2, 5) * mm_per_px
    return (away <= 3) & inner


def local_angle(ours: np.ndarray, true: np.ndarray, part: np.ndarray, core: np.ndarray) -> float:
    """Mean angle in degrees between normals (H, W, 3) in a part, less what all of the face is tilted by."""
    u, _, vt = np.linalg.svd(ours[core].T @ true[core])
    turned = ours[part & core] @ (u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt)
    return float(np.degrees(np.arccos(np.clip((turned * true[part & core]).sum(-1), -1, 1))).mean())


def seen_in_photo(known: Truth, face: Reconstruction, depth_mm: np.ndarray) -> tuple[np.ndarray, ...]:
    """(H, W) each: a depth of the face's crop, the known one along the same line of sight, inner face, the head."""
    height, width = known.depth_mm.shape
    to_photo = face.facts.crop.to_photo
    filled = np.where(face.mask, depth_mm, 0).astype(np.float32)
    depth = cv2.warpAffine(filled, to_photo, (width, height), flags=cv2.INTER_LINEAR)
    seen = cv2.warpAffine(face.mask.astype(np.float32), to_photo, (width, height), flags=cv2.INTER_LINEAR)
    per_axial = face.intrinsics.depth_per_axial(face.depth_mm.shape)  # the chain counts depth along the line of sight
    truth = known.depth_mm * cv2.warpAffine(per_axial, to_photo, (width, height), flags=cv2.INTER_LINEAR)
    hull = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(np.array(face.facts.landmarks_px)).astype(np.int32)), 1)
    return depth, truth, (hull > 0) & np.isfinite(truth) & (seen > 0.999), seen


def both_normals(
    depth: np.ndarray, truth: np.ndarray, inner: np.ndarray, mm_per_px: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normals (H, W, 3) of a depth and of the known one, and where (H, W) no rim of the inner face bends them."""
    ours, true = (
        normals(np.where(inner, d, np.median(truth[inner])).astype(np.float32), mm_per_px) for d in (depth, truth)
    )
    return ours, true, cv2.erode(inner.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0


def angle_deg(ours: np.ndarray, true: np.ndarray, core: np.ndarray) -> float:
    """Mean angle in degrees between normals (H, W, 3)."""
    return float(np.degrees(np.arccos(np.clip((ours * true).sum(-1)[core], -1, 1))).mean())


def known_face(known: Truth, model: str, networks: Networks) -> Reconstruction:
    """The chain's face of a known head, told its field of view and the distance between its eyes."""
    options = Options(model=model, fov_deg=known.fov_deg, ipd_mm=known.ipd_mm)
    found = reconstruct(Photo(known.name, known.rgb, None, ""), options, networks)
    return max(found, key=lambda f: f.facts.face.score)


def measure(path: Path, model: str, networks: Networks) -> list[float]:
    """One row of the table."""
    known = read_truth(path)
    mask, ipd, focal_px = known.mask, known.ipd_mm, float(known.K[0, 0])
    face = known_face(known, model, networks)
    landmarks = np.array(face.facts.landmarks_px)
    depth, truth, inner, seen = seen_in_photo(known, face, face.depth_mm)
    z, t = depth[inner].astype(np.float64), truth[inner]
    own, fit = z - t, aligned(1 / z, t)
    mm_per_px = float(np.median(t)) / focal_px
    *smooth, core = both_normals(depth, truth, inner, mm_per_px)
    crisp = [
        local_angle(*smooth, near([landmarks[o] for o in part], inner, mm_per_px), core)
        for part in (LIDS, LOWER_NOSE, LIPS)
    ]
    head, chin = seen > 0.5, int(known.landmarks_px[8, 1])
    pose = fit_pose(landmarks, np.ones(68))
    mean_depth = LinearNDInterpolator(landmarks, (MEAN_MM @ pose.rotation.T)[:, 2])(
        np.argwhere(inner)[:, ::-1].astype(np.float64)
    )
    covered = np.isfinite(mean_depth)
    mean_fit = aligned(mean_depth[covered], t[covered])
    off = np.linalg.norm(landmarks - known.landmarks_px, axis=1).mean() / (ipd / mm_per_px)
    return [
        *(float(np.median(np.abs(own))), rms98(own)),
        *(float(np.median(np.abs(own - np.median(own)))), rms98(own - np.median(own))),
        *(float(np.median(np.abs(fit))), rms98(fit), float(np.corrcoef(z, t)[0, 1])),
        *(angle_deg(*smooth, core), *crisp, iou(head, mask), iou(head[:chin], mask[:chin]), float(off)),
        100 * (float(np.median(z)) / float(np.median(t)) - 1),
        *(rms98(mean_fit), rms98(t - t.mean())),
    ]


def roll_errors(path: Path, networks: Networks) -> list[float]:
    """Degrees between the roll of the face as found and as it is, in the picture turned by -40 to 40 degrees.

    infinity : no face was found.
    """
    with np.load(path) as stored:
        rgb, marks = stored["rgb"], stored["landmarks_2d"]
    middle = marks[NOSE].mean(0).tolist()
    errors = []
    for turn in range(-40, 41, 10):
        matrix = cv2.getRotationMatrix2D(middle, -turn, 1.0)
        turned = cv2.warpAffine(rgb, matrix, rgb.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        faces = find_faces(turned, networks.face())
        found = max(faces, key=lambda face: face.score).roll_deg if faces else np.inf
        errors.append(abs(found - eye_line_deg(marks) - turn))
    return errors


def beside_axis(path: Path, degrees: float, networks: Networks) -> float:
    """RMS in mm between the face as it is photographed and as a camera sees it that looks past it; rigidly aligned."""
    known = read_truth(path)
    width = known.rgb.shape[1]
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    side = 2 * int(known.K[0, 0] * np.tan(np.radians(degrees)) + width)
    wide = known.K.copy()
    wide[:2, 2] = (side - 1) / 2
    matrix = wide @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.linalg.inv(known.K)
    beside = cv2.warpPerspective(known.rgb, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    faces = []
    for rgb in (known.rgb, beside):
        fov_deg = float(np.degrees(2 * np.arctan(np.hypot(*rgb.shape[:2]) / 2 / known.K[0, 0])))
        options = Options(model="builtin", fov_deg=fov_deg, ipd_mm=known.ipd_mm)
        found = reconstruct(Photo(path.name, np.ascontiguousarray(rgb), None, ""), options, networks)
        faces.append(max(found, key=lambda f: f.facts.face.score))
    return compare(*faces).rms_mm


def measure_photo(path: Path, model: str, networks: Networks) -> list[float] | None:
    """A row of the second table, of a photo with absolute depth in its file; None for another.

    The network's millimetres, told the measured IPD, beside what the camera measured, where that is trusted.
    """
    photo = read_photo(path)
    if photo.sensor is None or not photo.sensor.is_absolute:
        return None
    faces = reconstruct(photo, Options(model=model), networks)
    measured = max(faces, key=lambda f: f.facts.face.score)
    ipd_mm = measured.facts.scale_ipd_mm
    if not measured.facts.is_measured or ipd_mm is None:
        return None
    found = reconstruct(photo, Options(model=model, depth="network", ipd_mm=round(ipd_mm, 1)), networks)
    face = max(found, key=lambda f: f.facts.face.score)
    inner = face_area(face) & np.isfinite(measured.sensor_mm) & face.head
    z, t = face.depth_mm[inner].astype(np.float64), measured.sensor_mm[inner].astype(np.float64)
    own, fit = z - t, aligned(1 / z, t)
    return [
        *(float(np.median(np.abs(own))), rms98(own)),
        *(float(np.median(np.abs(own - np.median(own)))), rms98(own - np.median(own))),
        *(float(np.median(np.abs(fit))), rms98(fit), float(np.corrcoef(z, t)[0, 1])),
    ]


def measure_photos(folder: Path, model: str, networks: Networks) -> None:
    """Print a row for each photo whose file holds absolute depth, and the mean of all."""
    rows = []
    for path in sorted(path for path in folder.iterdir() if is_picture(path)):
        try:
            row = measure_photo(path, model, networks)
        except LifemaskError as error:
            print(f"{path.stem[:23]:24} {error}")
            continue
        if row is not None:
            rows.append(row)
            print(f"{path.stem[:23]:24}" + "".join(f"{value:15.3f}" for value in row), flush=True)
    if rows:
        print(f"{'mean of photos':24}" + "".join(f"{value:15.3f}" for value in np.mean(rows, axis=0)))


def main() -> None:
    """Print a row for each file, and the mean of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="builtin")
    args = parser.parse_args()
    networks = Networks()
    print(f"{'file':24}" + "".join(f"{name:>15}" for name in COLUMNS + MORE))
    measure_photos(args.folder, args.model, networks)
    if not any(args.folder.glob("*.npz")):
        return
    rows = []
    for path in sorted(args.folder.glob("*.npz")):
        try:
            rows.append(measure(path, args.model, networks))
        except LifemaskError as error:
            print(f"{path.stem:24} {error}")
            continue
        print(f"{path.stem:24}" + "".join(f"{value:15.3f}" for value in rows[-1]), flush=True)
    mean = dict(zip(COLUMNS + MORE, np.mean(rows, axis=0), strict=True))
    print(f"{'mean':24}" + "".join(f"{value:15.3f}" for value in mean.values()))
    for name, limit in LIMITS.items():
        print(f"{name}: {mean[name]:.2f} mm, limit {limit} mm: {'met' if mean[name] <= limit else 'NOT MET'}")
    table = np.array(rows)
    ours, baseline = table[:, COLUMNS.index("rms aligned")], table[:, len(COLUMNS) + MORE.index("mean face")]
    print(f"aligned, better than the mean face: {(ours < baseline).sum()} of {len(table)} files")
    for degrees in (5, 10, 20):
        rms = [beside_axis(path, degrees, networks) for path in sorted(args.folder.glob("*.npz"))]
        print(f"{degrees} degrees beside the axis: another shape by {np.mean(rms):.2f} mm RMS, at most {max(rms):.2f}")
    rolls = np.array([error for path in sorted(args.folder.glob("*.npz")) for error in roll_errors(path, networks)])
    print(
        f"roll, turned by -40 to 40 degrees: off by {rolls.mean():.2f} degrees in the mean, "
        f"{np.percentile(rolls, 95):.2f} at the 95th percentile, of {len(rolls)} pictures"
    )


if __name__ == "__main__":
    main()
