"""`python -m core.depth.builtin.render FACEKIT.npz --out FOLDER --count 10000 --seed 1`: fills a pool of samples."""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.builtin.render.facekit import load_facekit
from core.depth.builtin.render.pool import PoolWriter, Sample
from core.depth.builtin.render.scene import Renderer

FLUSH_EVERY = 100
SHEET_COLUMNS, SHEET_ROWS, CELL = 10, 4, 192


def main() -> None:
    """Read the command line; fill a pool, or draw a sheet of samples to look at."""
    parser = argparse.ArgumentParser(prog="python -m core.depth.builtin.render", description=__doc__)
    parser.add_argument("facekit", type=Path, help="the packed ICT-FaceKit model")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pool; with --sheet, a PNG file")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="give each process of a larger pool another one")
    parser.add_argument(
        "--turned", nargs=2, type=float, metavar=("LEAST", "MOST"), help="degrees; only heads so turned"
    )
    parser.add_argument("--bearded", action="store_true", help="only men with full beards")
    parser.add_argument("--sheet", action="store_true", help="draw 40 samples with depth and landmarks instead")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    renderer = Renderer(load_facekit(arguments.facekit), arguments.seed, arguments.turned, bearded=arguments.bearded)
    if arguments.sheet:
        drawn = sheet([renderer.sample() for _ in range(SHEET_COLUMNS * SHEET_ROWS)])
        cv2.imwrite(str(arguments.out), drawn[..., ::-1])
        return
    writer = PoolWriter(arguments.out, arguments.count, arguments.seed)
    start = time.monotonic()
    while writer.count < arguments.count:
        writer.add(renderer.sample())
        if writer.count % FLUSH_EVERY == 0 or writer.count == arguments.count:
            writer.flush()
            rate = writer.count / (time.monotonic() - start)
            sys.stdout.write(f"{writer.count} of {arguments.count}, {rate:.1f}/s\n")
            sys.stdout.flush()


def sheet(samples: list[Sample]) -> NDArray[np.uint8]:
    """Draw picture above depth (head bright, clothes dim) with landmarks, in a grid; RGB."""
    cells = [np.vstack([cv2.resize(s.image, (CELL, CELL), interpolation=cv2.INTER_AREA), _answer(s)]) for s in samples]
    rows = [np.hstack(cells[i : i + SHEET_COLUMNS]) for i in range(0, len(cells), SHEET_COLUMNS)]
    return np.vstack(rows)


def _answer(sample: Sample) -> NDArray[np.uint8]:
    head, there = sample.masks[..., 0] > 127, sample.masks[..., 1] > 127
    relief = sample.relief.astype(np.float32)
    low, high = np.percentile(relief[head], [2, 99.5]) if head.any() else (0.0, 1.0)
    level = (np.clip((relief - low) / (high - low + 1e-6), 0, 1) * 220 + 35).astype(np.uint8)
    colour = cv2.applyColorMap(level, cv2.COLORMAP_INFERNO)[..., ::-1] * there[..., None]
    colour = np.where(head[..., None], colour, colour // 2)
    picture = np.ascontiguousarray(cv2.resize(colour.astype(np.uint8), (CELL, CELL), interpolation=cv2.INTER_NEAREST))
    for x, y in sample.landmarks * CELL:
        cv2.circle(picture, (int(x), int(y)), 1, (0, 255, 0), -1)
    return picture.astype(np.uint8)


if __name__ == "__main__":
    main()
