"""`python -m tests.benchmarks.faceless`: in how many drawn pictures without a face one is found all the same.

The backdrops of the training's renders, from another seed: clutter, walls, animals, toys, clothes, round things.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from core.depth.builtin.render.noise import texture_bank
from core.depth.builtin.render.scene import faceless
from core.depth.estimator import Networks
from core.face.detect import find_faces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--side", type=int, default=384, help="pixels that each picture is enlarged to")
    parser.add_argument("--out", type=Path, help="folder for the pictures with a find, to be looked at")
    args = parser.parse_args()
    rng, bank, network = np.random.default_rng(args.seed), texture_bank(), Networks().face()
    finds = 0
    for i in range(args.count):
        rgb = cv2.resize(faceless(rng, bank), (args.side, args.side), interpolation=cv2.INTER_CUBIC)
        found = find_faces(np.asarray(rgb, np.uint8), network)
        finds += bool(found)
        if found and args.out is not None:
            args.out.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(args.out / f"{i}-{found[0].score:.2f}.png"), rgb[..., ::-1])
    print(f"a face found in {finds} of {args.count} pictures without one")


if __name__ == "__main__":
    main()
