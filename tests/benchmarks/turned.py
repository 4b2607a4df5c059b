"""`python -m tests.benchmarks.turned PHOTO...`: are faces found in the right pose in photos that do not stand upright?

Each photo is turned by 0, 90, 180 and 270 degrees. Truth is what is found when it is said that the photo is upright.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from core.depth.estimator import Networks
from core.face.detect import Face, find_faces
from core.face.landmarks import NOSE
from core.photo import read_photo

SAME_DEG = 25.0


def apart(face: Face, truth: Face, turn_deg: int, width: int, height: int) -> tuple[float, float]:
    """Distance in IPD and difference of roll in degrees, of a face in the photo turned anticlockwise by turn_deg."""
    x, y = truth.landmarks_px[NOSE].mean(0)
    for _ in range(turn_deg // 90):
        x, y, width, height = y, width - 1 - x, height, width
    distance = np.linalg.norm(face.landmarks_px[NOSE].mean(0) - [x, y]) / truth.pose.ipd_px
    return float(distance), abs((face.roll_deg + turn_deg - truth.roll_deg + 180) % 360 - 180)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.turned", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    network = Networks().face()
    total: Counter[str] = Counter()
    for path in parser.parse_args().photos:
        rgb = read_photo(path).rgb
        truths = find_faces(rgb, network, 0)
        for turn in (0, 90, 180, 270):
            found = find_faces(np.ascontiguousarray(np.rot90(rgb, turn // 90)), network)
            count: Counter[str] = Counter()
            for truth in truths:
                near = [roll for distance, roll in (apart(one, truth, turn, *rgb.shape[1::-1]) for one in found)
                        if distance < 1]  # fmt: skip
                right = any(roll < SAME_DEG for roll in near)
                count["right" if right else "in a wrong pose" if near else "missed"] += 1
            count["others"] = len(found) - count["right"] - count["in a wrong pose"]
            total += count
            if count["in a wrong pose"] or count["missed"] or count["others"]:
                sys.stdout.write(f"{path.name}, turned by {turn}: {dict(+count)}\n")
    sys.stdout.write(f"in all: {dict(total)}\n")


if __name__ == "__main__":
    main()
