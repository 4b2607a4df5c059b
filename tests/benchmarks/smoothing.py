"""`python -m tests.benchmarks.smoothing FOLDER`: what each strength of smoothing takes from noise and from detail.

Heads as `tests.benchmarks.accuracy` reads them. First the built-in network's own maps, then maps as a MiDaS network
might answer them: the true one under an unknown scale and shift, blurred (pixels of the crop) and with noise (share of
the map's spread over the face; 0.02 is about a quarter of a millimetre). Means of all files, over the inner face:
`median`: error in mm but for one shift. `normals`: mean angular error in degrees, unblurred. `detail`: what is
left of the tenth of the face with the strongest detail (lids, lips, nostrils; blobs under 8 pixels), 1 is all of it.
`rough`: RMS in mm of what is finer than 3 pixels on the calm half of the face (skin); `true` is the head's own.
`rim` and `rim 90`: median and worst tenth of the error in mm in the outer 8 pixels of the head. `given` is the
network's map with scale and shift alone, before the prior's shape and rim and before smoothing.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from core.depth.estimator import Networks
from core.face.landmarks import INNER
from core.geometry.reconstruction import Reconstruction
from core.options import Options
from core.photo import Photo
from core.pipeline import recompute, reconstruct
from tests.truth import Answers, Truth, as_midas_would, read_truth

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
CASES = ((0.0, 0.0), (1.5, 0.02), (2.0, 0.04))


def best(photo: Photo, options: Options, networks: object) -> Reconstruction:
    """The surest face."""
    return max(reconstruct(photo, options, networks), key=lambda face: face.facts.face.score)


def rim(depth: np.ndarray, truth: np.ndarray, mask: np.ndarray, is_head: np.ndarray, shift: float) -> list[float]:
    """Median and 90th percentile of the error near the rim of the mask, where that is near the rim of the true head."""
    inwards = [cv2.distanceTransform(m.astype(np.uint8), cv2.DIST_L2, 5) for m in (mask, is_head)]
    band = mask & is_head & (inwards[0] < 8) & (inwards[1] < 10)
    return np.percentile(np.abs(depth - truth - shift)[band], [50, 90]).tolist()


def row(depth: np.ndarray, truth: np.ndarray, inner: np.ndarray, mm_per_px: float) -> list[float]:
    """Median, normals, detail, rough and the true rough."""
    error = depth[inner] - truth[inner]
    flat = [np.where(inner, d - np.median(d[inner]), 0).astype(np.float32) for d in (depth, truth)]
    calm = cv2.erode(inner.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    normal = [np.stack([*np.gradient(d / mm_per_px), np.ones_like(d)], -1) for d in flat]
    cosine = (normal[0] * normal[1]).sum(-1) / np.prod([np.linalg.norm(n, axis=-1) for n in normal], axis=0)
    angle = np.degrees(np.arccos(np.clip(cosine[calm], -1, 1))).mean()
    found, known = (cv2.GaussianBlur(d, (0, 0), 1.2) - cv2.GaussianBlur(d, (0, 0), 8) for d in flat)
    strong = calm & (np.abs(known) > np.quantile(np.abs(known[calm]), 0.9))
    skin = calm & (np.abs(known) < np.quantile(np.abs(known[calm]), 0.5))
    kept = (found[strong] * known[strong]).sum() / (known[strong] ** 2).sum()
    rough = [(d - cv2.GaussianBlur(d, (0, 0), 3))[skin].std() for d in flat]
    return [float(np.median(np.abs(error - np.median(error)))), float(angle), float(kept), *map(float, rough)]


def measure(truth: Truth, networks: Networks) -> dict[tuple[str, str], list[float]]:
    """Rows of one head, by case and strength."""
    photo, given = Photo(truth.name, truth.rgb, None, ""), {"ipd_mm": truth.ipd_mm, "fov_deg": truth.fov_deg}
    own = best(photo, Options(model="builtin", **given), networks)
    to_photo, side = own.facts.crop.to_photo, own.depth_mm.shape[0]
    inverse = truth.inverse_in_crop(to_photo, own.intrinsics, side)
    hull = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(own.landmarks_px[INNER]).astype(np.int32)), 1)
    inner = (hull > 0) & own.mask & (1 / inverse < np.nanmax(truth.depth_mm) + 1)
    inner = cv2.erode(inner.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    faces = {"built-in": own}
    for blur, noise in CASES:
        answer = as_midas_would(inverse, inner, 1, blur_px=blur, noise=noise)
        faces[f"blur {blur:g}, noise {noise:g}"] = best(photo, Options(**given), Answers(networks, answer))
    mm_per_px = float(own.intrinsics.pixel_mm(np.nanmedian(own.depth_mm)))
    rows = {}
    is_head = 1 / inverse < np.nanmax(truth.depth_mm) + 1
    for case, face in faces.items():
        depths = {"given": face.plain_mm}
        for strength in STRENGTHS:
            depths[f"{strength:.2f}"] = recompute(face, truth.rgb, Options(smooth=strength, **given)).depth_mm
        for name, depth in depths.items():
            shift = float(np.median((depth - 1 / inverse)[inner]))
            rows[case, name] = [
                *row(depth, 1 / inverse, inner, mm_per_px),
                *rim(depth, 1 / inverse, face.mask, is_head, shift),
            ]
    return rows


def main() -> None:
    """Print a row for each case and strength."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    networks = Networks()
    tables = [measure(read_truth(path), networks) for path in sorted(args.folder.glob("*.npz"))]
    names = ("median", "normals", "detail", "rough", "true", "rim", "rim 90")
    print(f"{'map':22}{'strength':>9}" + "".join(f"{name:>9}" for name in names))
    for case, strength in tables[0]:
        mean = np.mean([table[case, strength] for table in tables], axis=0)
        print(f"{case:22}{strength:>9}" + "".join(f"{value:9.3f}" for value in mean))


if __name__ == "__main__":
    main()
