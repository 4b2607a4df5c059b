"""`python -m tests.benchmarks.phones FOLDER`: known heads as phones would take them, with their depth in the file.

Each `*.npz` as for `tests.benchmarks.accuracy`. The true depth is blurred by 2 pixels with a wall behind, torn at the
rim, put into 8 bits (16 in the PNG) and written as each form. Printed are the medians over all heads and the worst
head: the chain's own millimetres without any shift (median of the error's amount over the head), of fused, sensor's and
network's depth; distance and IPD in percent. Of relative depth the millimetres are after one shift, given the true
IPD. IPD: by the true landmarks' lids.
"""

import argparse
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from core.depth.estimator import Networks
from core.face.landmarks import LEFT_EYE, PER_LIDS, RIGHT_EYE
from core.options import Options
from core.options.run import DepthSource
from core.photo import Photo, read_photo
from core.pipeline import reconstruct
from core.sensor import read_map
from tests.phone_photos import as_measured, jpeg, photo_with_depth
from tests.truth import Truth, read_truth

WAYS: tuple[DepthSource, ...] = ("auto", "sensor", "network")
Make = Callable[[Truth, np.ndarray], Photo]


def in_file(form: str, *, absolute: bool) -> Make:
    """A photo whose file holds the depth."""

    def make(truth: Truth, depth_mm: np.ndarray) -> Photo:
        return read_photo(photo_with_depth(truth.rgb, depth_mm, form, absolute=absolute, K=truth.K), "a.jpg")

    return make


def beside(*, absolute: bool) -> Make:
    """A photo with a PNG of 16 bits beside it, in tenths of a millimetre, or relative."""

    def make(truth: Truth, depth_mm: np.ndarray) -> Photo:
        out = io.BytesIO()
        levels = depth_mm * 10 if absolute else 30e6 / depth_mm
        Image.fromarray(np.clip(np.round(levels), 1, 65535).astype(np.uint16)).save(out, "PNG")
        photo = read_photo(jpeg(truth.rgb), "a.jpg")
        size = truth.rgb.shape[1], truth.rgb.shape[0]
        sensor = read_map(out.getvalue(), "a.png", "mm" if absolute else "1/m", 0.1 if absolute else 1.0, size, 10**8)
        return replace(photo, sensor=replace(sensor, is_absolute=absolute))

    return make


FORMS = {
    f"{form}, {'absolute' if absolute else 'relative'}": (make(absolute), absolute)
    for form, make in {
        "iPhone JPEG": lambda absolute: in_file("apple", absolute=absolute),
        "GDepth": lambda absolute: in_file("gdepth", absolute=absolute),
        "Dynamic Depth": lambda absolute: in_file("dynamic", absolute=absolute),
        "PNG, 16 bits": lambda absolute: beside(absolute=absolute),
    }.items()
    for absolute in (True, False)
}


def measure(truth: Truth, lids_mm: float, photo: Photo, networks: Networks, *, absolute: bool) -> list[float]:
    """Errors of fused, sensor's and network's millimetres; distance and IPD in percent."""
    errors, of_scale = [], [np.nan, np.nan]
    known = photo.sensor is not None and photo.sensor.calibration is not None
    for way in WAYS:
        options = Options(depth=way, ipd_mm=round(PER_LIDS * lids_mm, 1), fov_deg=None if known else truth.fov_deg)
        (face,) = reconstruct(photo, options, networks)
        true = 1 / truth.inverse_in_crop(face.facts.crop.to_photo, face.intrinsics, face.depth_mm.shape[0])
        where = face.head & (true < 2000)
        error = (face.depth_mm - true)[where]
        errors.append(float(np.median(np.abs(error if absolute else error - np.median(error)))))
        if way == "auto" and absolute:
            x, y = np.round(np.r_[face.landmarks_px[RIGHT_EYE], face.landmarks_px[LEFT_EYE]]).astype(int).T
            of_scale = [
                100 * (face.facts.distance_mm / float(np.median(true[y, x])) - 1),
                100 * ((face.facts.sensor.ipd_mm or np.nan) / (PER_LIDS * lids_mm) - 1),
            ]
    return [*errors, *of_scale]


def main() -> None:
    """Print a row for each form: medians over the heads, and the worst of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    networks = Networks()
    heads = []
    for path in sorted(args.folder.glob("*.npz")):
        truth = read_truth(path)
        with np.load(path) as data:
            right, left = (data["landmarks_3d"][eye].mean(0) for eye in (RIGHT_EYE, LEFT_EYE))
        depth = as_measured(np.where(truth.mask, truth.depth_mm, np.nan))
        heads.append((truth, float(np.linalg.norm(right - left)), depth))
    print(
        f"{'':26}" + "".join(f"{name:>20}" for name in ("fused mm", "sensor mm", "network mm", "distance %", "IPD %"))
    )
    for name, (make, absolute) in FORMS.items():
        rows = np.abs([measure(t, lids, make(t, depth), networks, absolute=absolute) for t, lids, depth in heads])
        cells = [
            f"{median:.2f} (at most {most:.2f})" for median, most in zip(np.median(rows, 0), rows.max(0), strict=True)
        ]
        print(f"{name:26}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
