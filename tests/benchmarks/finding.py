"""`python -m tests.benchmarks.finding PHOTO...`: what finding and reading faces cost, in processor time and memory.

Processor time of one thread, so that other work on the machine counts little; medians of several rounds. A photo is
also enlarged to 12 megapixels, as a phone takes it.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from core.depth.builtin.network import BuiltinNetwork
from core.depth.device import keep_freed_memory
from core.depth.estimator import Networks
from core.face.detect import find_faces
from core.face.maps import FaceMaps, Proposals
from core.options import Options
from core.photo import read_photo
from core.pipeline import reconstruct

PHONE_PX = 12_000_000


class Counted:
    """The built-in network, counting the windows that it reads."""

    def __init__(self, network: BuiltinNetwork) -> None:
        self.network, self.windows = network, 0
        self.side_px, self.proposed_px, self.mm_per_unit = network.side_px, network.proposed_px, network.mm_per_unit

    def analyse(self, windows: NDArray[np.uint8]) -> FaceMaps:
        self.windows += len(windows)
        return self.network.analyse(windows)

    def propose(self, picture: NDArray[np.uint8], min_score: float) -> Proposals:
        return self.network.propose(picture, min_score)


def cost(work: Callable[[], object], rounds: int, clock: Callable[[], float]) -> float:
    """Median milliseconds; the first round warms up."""
    seconds = []
    for _ in range(rounds + 1):
        begun = clock()
        work()
        seconds.append(clock() - begun)
    return 1000 * statistics.median(seconds[1:])


def enlarged(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = (PHONE_PX / (rgb.shape[0] * rgb.shape[1])) ** 0.5
    return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.finding", description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="with more than one, wall time is measured")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    clock = time.thread_time if arguments.threads == 1 else time.perf_counter
    say = sys.stdout.write
    say(f"{'processor' if arguments.threads == 1 else 'wall'} time, {arguments.threads} thread(s), median of rounds\n")
    keep_freed_memory()
    network = BuiltinNetwork()
    window = np.random.default_rng(0).integers(0, 255, (1, 256, 256, 3), np.uint8)
    say(f"one window of 256 x 256 read: {cost(lambda: network.analyse(window), 5 * arguments.rounds, clock):.1f} ms\n")
    x = torch.randn(1, 3, 256, 256)
    with torch.inference_mode():
        forward = cost(lambda: network._network(x), 5 * arguments.rounds, clock)
    say(f"of it the network's forward pass: {forward:.1f} ms\n\n")
    networks = Networks()
    for path in arguments.photos:
        photo = read_photo(path)
        counted, large = Counted(network), enlarged(photo.rgb)
        found = len(find_faces(photo.rgb, counted))
        small = cost(partial(find_faces, photo.rgb, network), arguments.rounds, clock)
        phone = cost(partial(find_faces, large, network), arguments.rounds, clock)
        line = f"{path.name[:32]:34}{found} face(s), {counted.windows:3} windows read, {small:5.0f} ms"
        line += f", at 12 MP {phone:5.0f} ms"
        if found:
            whole = partial(reconstruct, photo, Options(model="builtin"), networks)
            line += f", depth and all {cost(whole, arguments.rounds, clock):5.0f} ms"
        say(line + "\n")
    say(f"\nlargest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB\n")


if __name__ == "__main__":
    main()
