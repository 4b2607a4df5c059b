"""How fast the MiDaS networks compute, against what this machine can do at all, and what bfloat16 costs in depth.

    python -m tests.benchmarks.inference [--networks NAME ... | all] [--rounds 5] [--threads 2] [--clock wall]

Every round times each variant of a network once and a large matrix product in both number formats, so that all figures
of a network come from the same minutes; medians are printed. The weights are filled by rule (see
`tests.core.published`), or the published ones with `--weights FOLDER`. On a busy machine, `--threads 1 --clock cpu`
counts the processor time of the one thread that computes.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

from core.depth import catalog, device, midas, weights
from core.depth.midas.network import build
from core.depth.midas.preprocess import network_input
from tests.core import published

MATRIX_SIDE = 2048
CLOCKS = {"wall": time.perf_counter, "cpu": time.thread_time}
FORMATS = (torch.float32, torch.bfloat16)


def operations(model):
    """Floating-point operations of one square picture: in the trunk, in all."""
    with torch.device("meta"):
        network = build(model.name)
        picture = torch.zeros(1, 3, model.side_px, model.side_px)
    with FlopCounterMode(display=False, depth=3) as counter, torch.inference_mode():
        network(picture)
    counts = {name: sum(each.values()) for name, each in counter.get_flop_counts().items()}
    trunk = f"encoder.{network.encoder.TRUNK}"
    inside = [name for name in counts if name.split(".", 1)[-1].startswith(trunk)]
    depth = min((name.count(".") for name in inside), default=0)
    return sum(counts[name] for name in inside if name.count(".") == depth), counts["Global"]


def variants(name, file):
    """The network in float32, with its trunk in bfloat16, and in bfloat16 throughout."""
    trunk, everything = midas.load(name, file), midas.load(name, file)
    trunk.encoder.trunk.to(torch.bfloat16)
    return {
        "float32": midas.load(name, file),
        "trunk bfloat16": trunk,
        "all bfloat16": everything.to(torch.bfloat16),
    }


def measure(model, file, rounds, clock):
    """Seconds of each variant and operations per second of the matrix product, a list each; the inverse depths."""
    networks = variants(model.name, file)
    picture = torch.from_numpy(network_input(published.photo(model.side_px, model.side_px), model))[None]
    squares = {dtype: torch.randn(MATRIX_SIDE, MATRIX_SIDE).to(dtype) for dtype in FORMATS}
    seconds = {name: [] for name in networks}
    rates = {dtype: [] for dtype in FORMATS}
    depths = {}
    with torch.inference_mode():
        for number in range(rounds + 1):  # the first warms up
            for name, network in networks.items():
                x = picture.bfloat16() if name == "all bfloat16" else picture
                begun = clock()
                depths[name] = network(x)
                seconds[name].append(clock() - begun)
            for dtype, square in squares.items():
                begun = clock()
                torch.mm(square, square)
                rates[dtype].append(2 * MATRIX_SIDE**3 / (clock() - begun))
            if number == 0:
                for each in (*seconds.values(), *rates.values()):
                    each.clear()
    return seconds, rates, {name: depth.float()[0].numpy() for name, depth in depths.items()}


def report(model, file, rounds, clock):
    in_trunk, in_all = operations(model)
    seconds, rates, depths = measure(model, file, rounds, clock)
    rate = {dtype: statistics.median(each) for dtype, each in rates.items()}
    exact = depths["float32"]
    at_best = {  # the time at the matrix product's rate
        "float32": in_all / rate[torch.float32],
        "trunk bfloat16": in_trunk / rate[torch.bfloat16] + (in_all - in_trunk) / rate[torch.float32],
        "all bfloat16": in_all / rate[torch.bfloat16],
    }
    print(
        f"\n{model.name}, {model.side_px} x {model.side_px}: {in_all / 1e9:.0f} GFLOP, "
        f"{in_trunk / 1e9:.0f} in the trunk; matrix product {rate[torch.float32] / 1e9:.0f} GFLOP/s in float32, "
        f"{rate[torch.bfloat16] / 1e9:.0f} in bfloat16"
    )
    print(f"{'':16}{'s':>8}{'of float32':>12}{'GFLOP/s':>9}{'of matrix':>11}{'RMS of range':>14}{'levels':>9}")
    for name, each in seconds.items():
        median = statistics.median(each)
        rms = np.sqrt(np.mean((depths[name] - exact) ** 2)) / np.ptp(exact)
        print(
            f"{name:16}{median:8.2f}{median / statistics.median(seconds['float32']):12.2f}"
            f"{in_all / median / 1e9:9.0f}{at_best[name] / median:11.0%}{rms:14.3%}{len(np.unique(depths[name])):9}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["dpt_large_384", "dpt_hybrid_384", "midas_v21_small_256"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--weights", type=Path, help="folder of published weights")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    chosen = device.choose_trunk_dtype("auto", torch.device("cpu"))
    print(f"torch {torch.__version__}, {options.threads} threads, {options.clock} clock, {options.rounds} rounds")
    print(
        f"A matrix product in bfloat16 takes {device.bfloat16_time_share():.2f} of its float32 time: auto is {chosen}."
    )
    names = [model.name for model in catalog.MIDAS_MODELS] if options.networks == ["all"] else options.networks
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{name}.safetensors"
            if options.weights:
                file = weights.ready(name, options.weights)
            else:
                save_file(published.checkpoint(name), file)
                published.checkpoint.cache_clear()
            report(catalog.entry(name), file, options.rounds, CLOCKS[options.clock])


if __name__ == "__main__":
    main()
