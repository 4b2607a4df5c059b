"""`python -m core.depth.builtin.train.finder POOL... --out FOLDER --minutes 20`: trains what finds faces."""

import argparse
import logging
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from core.depth.builtin.architecture import FINDER_CELL_PX, FINDER_IPD_PX, FaceFinder
from core.depth.builtin.render.pool import FACTS, IMAGE_SIDE, Pool
from core.depth.builtin.train.batches import DEVIATION, MEAN, has_face
from core.face.landmarks import NOSE, fit_pose

log = logging.getLogger(__name__)
CANVAS_PX = 128
FOUND_PX = (4.0, 13.0)  # IPD of the faces that it must find; a little beyond, either answer is right
IGNORED_PX = (2.8, 17.0)
MOST_TILES = 5
PROFILE_SHARE, PROFILE_DEG, PROFILE_TRIES = 0.25, 55.0, 12  # heads seen from the side are rare and hard
SPREAD = 0.3  # of the IPD: how far from a face's middle a find is nearly as good
GRAY = np.array([0.3, 0.59, 0.11], np.float32)
BATCH = 48
RATE = 3e-3
WARM_UP_STEPS = 200
AVERAGE = 0.995
LOG_EVERY = 100


@dataclass(frozen=True)
class Spot:
    """A face in a picture: its middle (between nose landmarks) and its IPD as seen from the front, in pixels."""

    x: float
    y: float
    ipd: float


class Canvases:
    """Draws pictures of several samples beside and over each other, and says where faces are in them."""

    def __init__(self, pools: list[Path], seed: int) -> None:
        self.pools = [Pool(folder) for folder in pools]
        self.rng = np.random.default_rng(seed)
        self.spots: dict[tuple[int, int], Spot | None] = {}

    def draw(self) -> tuple[NDArray[np.uint8], list[Spot]]:
        """One picture (128, 128, 3) uint8 and its faces of every size."""
        rng = self.rng
        canvas = np.zeros((CANVAS_PX, CANVAS_PX, 3), np.uint8)
        spots: list[Spot] = []
        for tile in range(int(rng.integers(1, MOST_TILES + 1))):
            image, spot = self._sample()
            scale = rng.uniform(0.5, 1.0) if tile == 0 else rng.uniform(0.08, 0.4)
            if spot is not None and (tile > 0 or rng.random() < 0.3):
                scale = float(np.exp(rng.uniform(*np.log([2.5, 20.0])))) / spot.ipd
            if tile == 0:
                scale = max(scale, CANVAS_PX / IMAGE_SIDE)
            self._paste(canvas, spots, image, spot, min(scale, 2.0), covering=tile == 0)
        return self._photographed(canvas), spots

    def _sample(self) -> tuple[NDArray[np.uint8], Spot | None]:
        k = int(self.rng.integers(len(self.pools)))
        count, turned = len(self.pools[k]), self.rng.random() < PROFILE_SHARE
        index = int(self.rng.integers(count))
        for _ in range(PROFILE_TRIES if turned else 0):
            if abs(self.pools[k].arrays["facts"][index, FACTS.index("yaw_deg")]) > PROFILE_DEG:
                break
            index = int(self.rng.integers(count))
        if (k, index) not in self.spots:
            landmarks = self.pools[k].arrays["landmarks"][index]
            spot = None
            if has_face(landmarks):
                places = landmarks * IMAGE_SIDE - 0.5
                middle = places[NOSE].mean(0)
                spot = Spot(float(middle[0]), float(middle[1]), fit_pose(places, np.ones(68)).ipd_px)
            self.spots[k, index] = spot
        return self.pools[k].arrays["image"][index], self.spots[k, index]

    def _paste(
        self,
        canvas: NDArray[np.uint8],
        spots: list[Spot],
        image: NDArray[np.uint8],
        spot: Spot | None,
        scale: float,
        *,
        covering: bool,
    ) -> None:
        """Scale and turn a sample into the canvas; where it would hide the face of another, leave it out."""
        rng = self.rng
        side = max(8, round(IMAGE_SIDE * scale))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        at = rng.uniform(CANVAS_PX - side, 0, 2) if covering else rng.uniform(-0.4 * side, CANVAS_PX - 0.6 * side, 2)
        left, top = np.round(at).astype(int).tolist()
        if any(
            left - s.ipd < s.x < left + side + s.ipd and top - s.ipd < s.y < top + side + 2 * s.ipd
            for s in spots
            if not covering and IGNORED_PX[0] < s.ipd < IGNORED_PX[1]
        ):
            return
        if rng.random() < 0.5:
            small = small[:, ::-1]
            spot = None if spot is None else Spot(IMAGE_SIDE - 1 - spot.x, spot.y, spot.ipd)
        rows, columns = slice(max(0, top), min(CANVAS_PX, top + side)), slice(max(0, left), min(CANVAS_PX, left + side))
        canvas[rows, columns] = small[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        if spot is not None:
            k = side / IMAGE_SIDE
            spots.append(Spot((spot.x + 0.5) * k - 0.5 + left, (spot.y + 0.5) * k - 0.5 + top, spot.ipd * k))

    def _photographed(self, canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Tone, grayness, softness and noise that differ from picture to picture."""
        rng = self.rng
        picture: NDArray[np.floating] = canvas.astype(np.float32)
        if rng.random() < 0.25:
            picture = np.repeat(picture @ GRAY[:, None], 3, axis=2)
        if rng.random() < 0.4:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.9)), np.float32)
        picture = (picture - 128) * rng.uniform(0.6, 1.4) + 128 + rng.uniform(-30, 30)
        if rng.random() < 0.4:
            picture = picture + rng.normal(0, rng.uniform(1, 9), picture.shape)
        return np.clip(picture, 0, 255).astype(np.uint8)


def targets(spots: list[Spot]) -> NDArray[np.float32]:
    """(6, 32, 32) float32: nearness to a face's middle, weight of that, log2 IPD, x, y, weight of these three."""
    side = CANVAS_PX // FINDER_CELL_PX
    answer = np.zeros((6, side, side), np.float32)
    answer[1] = 1
    row, column = np.mgrid[0:side, 0:side].astype(np.float32)
    for spot in spots:
        x, y = ((place + 0.5) / FINDER_CELL_PX - 0.5 for place in (spot.x, spot.y))
        distance = np.hypot(column - x, row - y) * FINDER_CELL_PX / spot.ipd
        inside = -0.5 <= x < side - 0.5 and -0.5 <= y < side - 0.5
        if not (FOUND_PX[0] <= spot.ipd <= FOUND_PX[1] and inside):
            if IGNORED_PX[0] <= spot.ipd <= IGNORED_PX[1]:
                answer[1][distance < 1] = 0
            continue
        near = np.exp(-0.5 * (distance / SPREAD) ** 2)
        near[round(y), round(x)] = 1
        mine = near > answer[0]
        answer[0] = np.maximum(answer[0], near)
        close = mine & (near > 0.4)
        answer[2][close] = math.log2(spot.ipd / FINDER_IPD_PX)
        answer[3][close], answer[4][close] = x - column[close], y - row[close]
        answer[5][close] = 1
    return answer


def loss(answer: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Penalty-reduced focal loss (Zhou et al. 2019, 'Objects as Points') and absolute errors of size and place."""
    logit, near, weight = answer[:, 0], target[:, 0], target[:, 1]
    middle = near > 0.999
    count = middle.sum().clamp(min=1)
    chance = logit.sigmoid()
    hit = -((1 - chance) ** 2) * functional.logsigmoid(logit) * middle
    miss = -((1 - near) ** 4) * chance**2 * functional.logsigmoid(-logit) * ~middle * weight
    place = ((answer[:, 1:] - target[:, 2:5]).abs().sum(1) * target[:, 5]).sum() / target[:, 5].sum().clamp(min=1)
    return (hit + miss).sum() / count, place


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m core.depth.builtin.train.finder", description=__doc__)
    parser.add_argument("pools", nargs="+", type=Path, help="folders written by core.depth.builtin.render")
    parser.add_argument("--out", type=Path, required=True, help="folder for log and finder.safetensors")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--warm-start", type=Path, help="begin with these weights")
    parser.add_argument("--rate", type=float, default=RATE, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [
        logging.FileHandler(arguments.out / "finder.log"),
        logging.StreamHandler(sys.stdout),
    ]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    cv2.setNumThreads(1)
    canvases = Canvases(arguments.pools, arguments.seed)
    train(canvases, arguments.out, arguments.minutes * 60, arguments.rate, arguments.warm_start)


def train(canvases: Canvases, out: Path, seconds: float, rate: float = RATE, warm_start: Path | None = None) -> None:
    """Train until the time is over; write the averaged weights, float16."""
    network = FaceFinder()
    if warm_start is not None:
        network.load_state_dict(network.state_dict() | {k: v.float() for k, v in load_file(warm_start).items()})
    network = network.to(memory_format=torch.channels_last)
    averaged = {key: value.clone() for key, value in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    start, step, running = time.monotonic(), 0, np.zeros(2)
    while (share := (time.monotonic() - start) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARM_UP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-5
        drawn = [canvases.draw() for _ in range(BATCH)]
        pictures = torch.from_numpy(np.stack([picture for picture, _ in drawn])).permute(0, 3, 1, 2)
        answer = network(pictures.float().div(255).sub(MEAN).div(DEVIATION))
        found, place = loss(answer, torch.from_numpy(np.stack([targets(spots) for _, spots in drawn])))
        optimiser.zero_grad(set_to_none=True)
        (found + 0.5 * place).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        step += 1
        keep = min(AVERAGE, (step + 1) / (step + 10))
        with torch.no_grad():
            for key, value in network.state_dict().items():
                averaged[key] = averaged[key].lerp(value, 1 - keep) if value.is_floating_point() else value.clone()
        running = 0.98 * running + 0.02 * np.array([float(found.detach()), float(place.detach())])
        if step % LOG_EVERY == 0:
            log.info("%.0f s step %d: found %.3f place %.3f", time.monotonic() - start, step, *running)
    halves = {key: value.half().contiguous() for key, value in averaged.items() if value.is_floating_point()}
    save_file(halves, out / "finder.safetensors")
    (out / "finder.safetensors").chmod(0o644)


if __name__ == "__main__":
    main()
