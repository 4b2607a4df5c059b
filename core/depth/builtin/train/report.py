"""`python -m core.depth.builtin.train.report WEIGHTS --pool POOL --truth NPZ...`: errors by turn, tone and more."""

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from core.depth.builtin.architecture import FaceUNet
from core.depth.builtin.network import WEIGHTS
from core.depth.builtin.render.hair import STYLES
from core.depth.builtin.render.pool import Pool
from core.depth.builtin.train.batches import has_face
from core.depth.builtin.train.validate import Figures, on_samples, truth_figures

YAW_DEG = (0, 15, 30, 45, 60, 75, 96)
PITCH_DEG = (-39, -25, -15, -5, 5, 15, 25, 39)
SKIN_TONES = ((0, 2, "light"), (2, 4, "middle"), (4, 5.5, "brown"), (5.5, 8, "dark"))
LONG = ("long", "bob", "big")
YES_OR_NO = ("occluder", "glasses", "headgear", "child", "eyes_closed", "dark")


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m core.depth.builtin.train.report", description=__doc__)
    parser.add_argument("weights", nargs="?", type=Path, default=WEIGHTS)
    parser.add_argument("--pool", type=Path, help="a pool that took no part in the training")
    parser.add_argument("--truth", nargs="*", type=Path, default=[], help="ground-truth .npz files")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    network = load(arguments.weights)
    figures = [truth_figures(network, path) for path in arguments.truth]
    rows = [(path.stem, one) for path, one in zip(arguments.truth, figures, strict=True)]
    if figures:
        rows.append(("mean of the files", Figures.mean(figures)))
    if arguments.pool is not None:
        rows += by_bucket(network, Pool(arguments.pool))
    for name, row in rows:
        sys.stdout.write(f"{name:32s} {row}\n")


def load(weights: Path) -> nn.Module:
    """Build the network with these weights, ready to measure."""
    network = FaceUNet()
    network.load_state_dict(network.state_dict() | {key: value.float() for key, value in load_file(weights).items()})
    return network.eval().to(memory_format=torch.channels_last)


def by_bucket(network: nn.Module, pool: Pool) -> list[tuple[str, Figures]]:
    """Return rows of a table: name with the number of samples, mean errors."""
    faces = np.array([i for i in range(len(pool)) if has_face(pool.arrays["landmarks"][i])])
    figures = np.array(on_samples(network, [pool[int(i)] for i in faces]), dtype=object)
    buckets: list[tuple[str, NDArray[np.bool_]]] = [("all", np.ones(len(faces), bool))]
    turn, tone = np.abs(pool.fact("yaw_deg")[faces]), pool.fact("skin_tone")[faces]
    buckets += [(f"yaw {a} to {min(b, 95)} deg", (turn >= a) & (turn < b)) for a, b in itertools.pairwise(YAW_DEG)]
    pitch = pool.fact("pitch_deg")[faces]
    buckets += [
        (f"pitch {a} to {b} deg, yaw < 30", (turn < 30) & (pitch >= a) & (pitch < b))
        for a, b in itertools.pairwise(PITCH_DEG)
    ]
    upright = turn < 45  # so that tones and things are not compared across turns
    buckets += [(f"{name} skin, yaw < 45", upright & (tone >= a) & (tone < b)) for a, b, name in SKIN_TONES]
    buckets += [(f"{fact}, yaw < 45", upright & (pool.fact(fact)[faces] > 0.5)) for fact in YES_OR_NO]
    style = np.array([STYLES[int(number)] for number in pool.fact("hair")[faces]])
    buckets.append(("hair below the chin, yaw < 45", upright & np.isin(style, LONG)))
    buckets.append(("beard, yaw < 45", upright & (pool.fact("beard")[faces] > 0.45)))
    buckets.append(("none of these, yaw < 45", upright & ~_any(pool, faces)))
    return [(f"{name} (n={where.sum()})", Figures.mean(list(figures[where]))) for name, where in buckets if where.any()]


def _any(pool: Pool, faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    marked = [pool.fact(fact)[faces] > 0.5 for fact in YES_OR_NO] + [pool.fact("beard")[faces] > 0.45]
    return np.logical_or.reduce(marked)


if __name__ == "__main__":
    main()
