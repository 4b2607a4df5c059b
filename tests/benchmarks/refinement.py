"""What mirror averaging and the merge of two scales gain, in millimetres on faces whose depth is known.

    python -m tests.benchmarks.refinement FOLDER [--network builtin]

FOLDER holds .npz files with `rgb`, `depth` (mm, NaN in the background) and `landmarks_2d`. Each answer is brought to
the known inverse depth by scale and shift over the inner face; printed is the RMS of the best 98 % there, and the
median. The `whole` sees the picture, `close` a square round the face alone.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from core.depth.estimator import Networks
from core.depth.refine import Mirrored, two_scales

INNER = slice(17, 68)  # brows, eyes, nose, mouth of the 68 Multi-PIE landmarks
CLOSE = 1.5  # of the landmarks' larger extent


def face_box(landmarks, shape):
    centre, side = landmarks.mean(0), CLOSE * np.ptp(landmarks, axis=0).max()
    low = np.maximum(centre - side / 2, 0).astype(int)
    high = np.minimum(centre + side / 2, (shape[1], shape[0])).astype(int)
    return (*low.tolist(), *high.tolist())


def inner_face(landmarks, depth):
    mask = np.zeros(depth.shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(landmarks[INNER].round().astype(np.int32)), 1)
    return (mask == 1) & np.isfinite(depth)


def error_mm(inverse_depth, depth, mask):
    """RMS of the best 98 % and the median distance, after the best scale and shift."""
    value, target = inverse_depth[mask].astype(float), 1 / depth[mask].astype(float)
    keep = np.ones(len(value), bool)
    for _ in range(3):
        a, b = np.polyfit(value[keep], target[keep], 1)
        off = np.abs(1 / (a * value + b) - depth[mask])
        keep = off <= np.quantile(off, 0.98)
    return np.sqrt(np.mean(off[keep] ** 2)), np.median(off)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", default="builtin")
    options = parser.parse_args()
    network = Networks().depth(options.network)
    mirrored = Mirrored(network)

    def close(predictor, picture, box):
        answer = np.zeros(picture.shape[:2], np.float32)
        left, top, right, bottom = box
        (answer[top:bottom, left:right],) = predictor.predict([np.ascontiguousarray(picture[top:bottom, left:right])])
        return answer

    ways = {
        "whole": lambda picture, box: network.predict([picture])[0],
        "whole, mirrored": lambda picture, box: mirrored.predict([picture])[0],
        "close": lambda picture, box: close(network, picture, box),
        "close, mirrored": lambda picture, box: close(mirrored, picture, box),
        "two scales": lambda picture, box: two_scales(network, picture, box),
        "two scales, mirrored": lambda picture, box: two_scales(mirrored, picture, box),
    }
    errors = {way: [] for way in ways}
    for file in sorted(options.folder.glob("*.npz")):
        sample = np.load(file)
        picture, depth, landmarks = sample["rgb"], sample["depth"], sample["landmarks_2d"]
        box, mask = face_box(landmarks, picture.shape), inner_face(landmarks, depth)
        for way, ask in ways.items():
            errors[way].append(error_mm(ask(picture, box), depth, mask))
    print(f"{options.network}, {len(errors['whole'])} faces, inner face")
    print(f"{'':22}{'RMS mm':>8}{'median mm':>11}")
    for way, found in errors.items():
        rms, median = np.mean(found, axis=0)
        print(f"{way:22}{rms:8.2f}{median:11.2f}")


if __name__ == "__main__":
    main()
