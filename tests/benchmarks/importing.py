"""`python -m tests.benchmarks.importing [--before COMMIT]`: how long a fresh Python takes to what was asked for.

Seconds of a whole process, the start of Python included: on the wall, and of the processor, which hold on a busy
machine too. Medians of several rounds, in which all lines take turns. With `--before` an earlier commit is timed beside
it in the same rounds: 9c6e60a is the last one in which README's example had to name its modules, and importing any of
them imported all that it might ever need.
"""

import argparse
import io
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED_THEN = (
    "from core.depth.estimator import Networks; from core.files.face_folder import write; from core.options import "
    "Options; from core.photo import read_photo; from core.pipeline import reconstruct"
)
LINES = {  # what was asked for: now, and what one wrote for it before
    "python": ("", ""),
    "import core; core.read_photo": ("import core; core.read_photo", NAMED_THEN),
    "import core.options": ("import core.options; core.options.Options",) * 2,
    "lifemask --help": ("import sys; sys.argv[1:] = ['--help']; from dashboard.cli.main import main; main()",) * 2,
}


def seconds(code: str, tree: Path) -> tuple[float, float]:
    """Seconds on the wall and of the processor, of a Python that runs `code` with the modules in `tree`."""
    begun, spent = time.perf_counter(), _processor_s()
    environ = {**os.environ, "PYTHONPATH": str(tree)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tree, env=environ, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun, _processor_s() - spent


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def unpack(commit: str, folder: Path) -> Path:
    """Put the modules of an earlier commit into `folder`."""
    packed = subprocess.run(["git", "archive", commit, "core", "dashboard"], check=True, cwd=ROOT, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder)
    return folder


def _medians(found: list[tuple[float, float]]) -> str:
    wall, processor = (statistics.median(column) for column in zip(*found, strict=True))
    return f"{wall:.2f} s ({processor:.2f} s of a processor)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--before", metavar="COMMIT", help="an earlier commit to time beside this one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trees = [ROOT, *([unpack(arguments.before, Path(folder))] if arguments.before else [])]
        took: dict[tuple[str, Path], list[tuple[float, float]]] = {(name, tree): [] for name in LINES for tree in trees}
        for round_ in range(arguments.rounds + 1):  # the first one fills the caches and is not counted
            for (name, tree), found in took.items():
                one = seconds(LINES[name][trees.index(tree)], tree)
                if round_:
                    found.append(one)
        for name in LINES:
            now, *before = (_medians(took[name, tree]) for tree in trees)
            print(f"{name}: {now}" + "".join(f"; before: {other}" for other in before))


if __name__ == "__main__":
    main()
