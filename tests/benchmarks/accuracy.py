"""`python -m tests.benchmarks.accuracy FOLDER [--model builtin]`: the chain's depth against known heads, in mm.

Each `*.npz` holds `rgb` (H, W, 3), `depth` (H, W) z in mm with NaN background, `mask`, `K` (3, 3) and `meta` (JSON with
`eye_centre_dist_mm`). Errors are taken over the inner face (hull of the landmarks), RMS of the best 98 % of pixels.
`shift`: the chain's own millimetres, but for one shift. `aligned`: after scale and shift of 1 / depth. `mean face`:
the mean head's landmarks, triangulated and aligned likewise; `plane`: a plane at the face's mean depth.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator

from core.depth.estimator import Networks
from core.errors import LifemaskError
from core.face.landmarks import MEAN_MM, fit_pose
from core.options import Options
from core.photo import Photo
from core.pipeline import reconstruct

COLUMNS = ("median own", "rms own", "median shift", "rms shift", "median aligned", "rms aligned", "correlation")
MORE = ("normal deg", "mask IoU", "landmark IPD", "mean face", "plane")


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


def measure(path: Path, model: str, networks: Networks) -> list[float]:
    """One row of the table."""
    data = np.load(path)
    truth, mask, rgb = data["depth"].astype(np.float64), data["mask"] > 0, np.ascontiguousarray(data["rgb"])
    height, width = truth.shape
    fov = float(np.degrees(2 * np.arctan(np.hypot(height, width) / 2 / data["K"][0, 0])))
    ipd = float(json.loads(str(data["meta"]))["eye_centre_dist_mm"])
    found = reconstruct(Photo(path.name, rgb, None, ""), Options(model=model, fov_deg=fov, ipd_mm=ipd), networks)
    face = max(found, key=lambda f: f.facts["face"]["score"])
    to_photo = np.array(face.facts["crop"]["crop_to_photo"])
    filled = np.where(face.mask, face.depth_mm, 0).astype(np.float32)
    depth = cv2.warpAffine(filled, to_photo, (width, height), flags=cv2.INTER_LINEAR)
    seen = cv2.warpAffine(face.mask.astype(np.float32), to_photo, (width, height), flags=cv2.INTER_LINEAR)
    landmarks = np.array(face.facts["landmarks_px"])
    hull = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(landmarks).astype(np.int32)), 1)
    inner = (hull > 0) & np.isfinite(truth) & (seen > 0.999)
    z, t = depth[inner].astype(np.float64), truth[inner]
    own, fit = z - t, aligned(1 / z, t)
    mm_per_px = float(np.median(t)) / float(data["K"][0, 0])
    smooth = [normals(np.where(inner, d, np.median(t)).astype(np.float32), mm_per_px) for d in (depth, truth)]
    core = cv2.erode(inner.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    angle = np.degrees(np.arccos(np.clip((smooth[0] * smooth[1]).sum(-1)[core], -1, 1)))
    head = seen > 0.5
    pose = fit_pose(landmarks, np.ones(68))
    mean_depth = LinearNDInterpolator(landmarks, (MEAN_MM @ pose.rotation.T)[:, 2])(
        np.argwhere(inner)[:, ::-1].astype(np.float64)
    )
    known = np.isfinite(mean_depth)
    mean_fit = aligned(mean_depth[known], t[known])
    off = np.linalg.norm(landmarks - data["landmarks_2d"], axis=1).mean() / (ipd / mm_per_px)
    return [
        *(float(np.median(np.abs(own))), rms98(own)),
        *(float(np.median(np.abs(own - np.median(own)))), rms98(own - np.median(own))),
        *(float(np.median(np.abs(fit))), rms98(fit), float(np.corrcoef(z, t)[0, 1])),
        *(float(angle.mean()), float((head & mask).sum() / (head | mask).sum()), float(off)),
        *(rms98(mean_fit), rms98(t - t.mean())),
    ]


def main() -> None:
    """Print a row for each file, and the mean of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="builtin")
    args = parser.parse_args()
    networks = Networks()
    print(f"{'file':24}" + "".join(f"{name:>15}" for name in COLUMNS + MORE))
    rows = []
    for path in sorted(args.folder.glob("*.npz")):
        try:
            rows.append(measure(path, args.model, networks))
        except LifemaskError as error:
            print(f"{path.stem:24} {error}")
            continue
        print(f"{path.stem:24}" + "".join(f"{value:15.3f}" for value in rows[-1]), flush=True)
    print(f"{'mean':24}" + "".join(f"{value:15.3f}" for value in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
