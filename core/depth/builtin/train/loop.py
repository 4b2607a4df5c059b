"""The training loop: AdamW, warm-up and cosine, averaged weights, a checkpoint that a later run goes on from."""

import copy
import logging
import math
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.atomic import replacing_file
from core.depth.builtin.architecture import FaceUNet
from core.depth.builtin.train.batches import Batches
from core.depth.builtin.train.losses import Targets, losses, total
from core.depth.builtin.train.validate import on_held_out, on_truth

log = logging.getLogger(__name__)
WARM_UP_STEPS = 150
WEIGHT_DECAY = 0.02
LAST_RATE = 1e-5
AVERAGE = 0.997
LOG_EVERY = 50  # steps
SAVE_EVERY_S, MEASURE_EVERY_S = 120.0, 900.0
MEASURED = 48  # held-out samples of each pool looked at during a run


@dataclass(frozen=True)
class Plan:
    """What a run does; the command line's options."""

    pools: list[Path]
    out: Path
    minutes: float = 60.0
    batch: int = 24
    side: int = 256
    rate: float = 2e-3
    warm_start: Path | None = None
    shares: list[float] | None = None
    truth: list[Path] = field(default_factory=list)
    held_out: int = 256
    device: str = "auto"
    threads: int = 2
    seed: int = 0


class Run:
    """Network, averaged network and optimiser, and how far they are; saved and restored as one."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        name = plan.device if plan.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        self.device = torch.device(name)
        # A CPU without instructions for bfloat16 is slower with it than with float32, one that has them twice as fast.
        has_bfloat16 = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
        self.half = self.device.type == "cuda" or has_bfloat16
        self.network = FaceUNet().to(self.device).to(memory_format=torch.channels_last)
        if plan.warm_start is not None:
            stored = {key: value.float() for key, value in load_file(plan.warm_start).items()}
            self.network.load_state_dict(self.network.state_dict() | stored)
            # A short run on small batches would only blur the statistics that came with the weights.
            for module in self.network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        self.averaged = copy.deepcopy(self.network).eval().requires_grad_(False)
        weights = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": weights, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, plan.rate, betas=(0.9, 0.98))
        self.step, self.seen, self.elapsed_s = 0, 0, 0.0

    def save(self, folder: Path) -> None:
        """Write checkpoint.pt and weights.safetensors (the averaged network, float16), each beside its place first."""
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": [self.step, self.seen, self.elapsed_s],
        }
        with replacing_file(folder / "checkpoint.pt") as part:
            torch.save(state, part)
        halves = {
            key: value.to("cpu", torch.float16).contiguous()
            for key, value in self.averaged.state_dict().items()
            if value.is_floating_point()
        }
        with replacing_file(folder / "weights.safetensors") as part:
            save_file(halves, part)
            part.chmod(0o644)  # safetensors writes files that only their owner may read

    def restore(self, folder: Path) -> None:
        """Go on from checkpoint.pt."""
        state: dict[str, Any] = torch.load(folder / "checkpoint.pt", map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seen, self.elapsed_s = state["progress"]

    def learn(self, pictures: Tensor, targets: Targets, rate: float) -> dict[str, Tensor]:
        """Take one step; return the terms of the loss before it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            outputs = self.network(pictures.to(self.device))
        relief, masks, heatmaps = outputs
        terms = losses(relief, masks, heatmaps, targets.to(self.device))
        self.optimiser.zero_grad(set_to_none=True)
        total(terms).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.step, self.seen = self.step + 1, self.seen + len(pictures)
        self._average()
        return {name: value.detach() for name, value in terms.items()}

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(AVERAGE, (self.step + 1) / (self.step + 6))
        for mean, value in zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)


def train(plan: Plan, clock: Callable[[], float]) -> Run:
    """Train until the plan's minutes are over; go on from `plan.out/checkpoint.pt` if there is one."""
    torch.set_num_threads(plan.threads)
    cv2.setNumThreads(1)
    run = Run(plan)
    if (plan.out / "checkpoint.pt").exists():
        run.restore(plan.out)
        log.info("resumed at step %d", run.step)
    torch.set_flush_denormal(True)
    batches = Batches(plan.pools, plan.seed + run.step, plan.held_out, plan.shares)
    length_s, begun_s = plan.minutes * 60, run.elapsed_s
    start = saved = measured = clock()
    running: dict[str, float] = {}
    for pictures, targets in _Stream(batches, plan.batch, plan.side):
        run.elapsed_s = begun_s + clock() - start
        share = run.elapsed_s / length_s
        if share >= 1:
            break
        warm = min(1.0, (run.step + 1) / WARM_UP_STEPS)
        terms = run.learn(pictures, targets, plan.rate * warm * (0.5 + 0.5 * math.cos(math.pi * share)) + LAST_RATE)
        for name, value in terms.items():
            running[name] = 0.98 * running.get(name, float(value)) + 0.02 * float(value)
        if run.step % LOG_EVERY == 0:
            told = " ".join(f"{name} {value:.4f}" for name, value in running.items())
            log.info("%.0f s step %d seen %d of %s: %s", run.elapsed_s, run.step, run.seen, batches.counts(), told)
        if clock() - saved > SAVE_EVERY_S:
            run.save(plan.out)
            saved = clock()
        if clock() - measured > MEASURE_EVERY_S:
            measure(run, plan, batches)
            measured = clock()
    run.save(plan.out)
    measure(run, plan, batches)
    return run


def measure(run: Run, plan: Plan, batches: Batches) -> None:
    """Log the errors on held-out renders and on the ground-truth files."""
    if plan.held_out:
        log.info("held out: %s", on_held_out(run.averaged, batches.pools, min(MEASURED, plan.held_out)))
    if plan.truth:
        log.info("truth: %s", on_truth(run.averaged, plan.truth))


class _Stream:
    """Draws batches in a thread, a few ahead of the loop."""

    def __init__(self, batches: Batches, size: int, side: int) -> None:
        self.ready: queue.Queue[tuple[Tensor, Targets]] = queue.Queue(4)
        threading.Thread(target=self._fill, args=(batches, size, side), daemon=True).start()

    def _fill(self, batches: Batches, size: int, side: int) -> None:
        while True:
            self.ready.put(batches.draw(size, side))

    def __iter__(self) -> "_Stream":
        return self

    def __next__(self) -> tuple[Tensor, Targets]:
        return self.ready.get()
