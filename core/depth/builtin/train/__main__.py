"""`python -m core.depth.builtin.train POOL... --out FOLDER --minutes 60`: trains, keeps a log, resumes."""

import argparse
import logging
import sys
import time
from pathlib import Path

from core.depth.builtin.network import WEIGHTS
from core.depth.builtin.train.loop import Plan, train


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m core.depth.builtin.train", description=__doc__)
    parser.add_argument("pools", nargs="+", type=Path, help="folders written by core.depth.builtin.render")
    parser.add_argument("--out", type=Path, required=True, help="folder for log, checkpoint and weights.safetensors")
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the whole run, resumed parts included")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--side", type=int, default=256, help="side of the windows in pixels")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--warm-start", nargs="?", type=Path, const=WEIGHTS, help="begin with these weights")
    parser.add_argument("--shares", nargs="*", type=float, help="how often each pool is drawn from, beside its size")
    parser.add_argument("--truth", nargs="*", type=Path, default=[], help="ground-truth .npz files to measure on")
    parser.add_argument("--held-out", type=int, default=256, help="samples at each pool's end kept out")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        handlers=[logging.FileHandler(arguments.out / "train.log"), logging.StreamHandler(sys.stdout)],
    )
    train(Plan(**vars(arguments)), clock=time.monotonic)


if __name__ == "__main__":
    main()
