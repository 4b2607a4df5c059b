"""`lifemask models`: the networks, and their weights."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from core import depth
from dashboard.settings import Settings


def command(args: argparse.Namespace) -> int:
    """List the networks; fetch, add, choose or delete the weights of one."""
    folder = Settings.from_env().weights_folder
    action = getattr(args, "action", None)
    if action == "download":
        with tqdm(desc=args.name, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:

            def progress(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            print(f"{args.name} is at {depth.weights.download(args.name, progress, folder=folder).path}")
    elif action == "add":
        added = depth.weights.add(Path(args.file), folder=folder)
        print(f"{added.name} is at {added.path}")
    elif action == "delete":
        depth.weights.delete(args.name, folder)
        print(f"The weights of {args.name} are deleted.")
    elif action == "default":
        depth.weights.set_default(args.name, folder)
        print(f"Used when none is named: {depth.weights.default_model(folder)}")
    else:
        here, chosen = depth.weights.installed(folder), depth.weights.default_model(folder)
        print(f"{'NETWORK':24} {'MB':>6}  HERE  GOOD FOR")
        for model in depth.catalog.MODELS.values():
            size = f"{model.download_bytes / 1e6:.0f}" if model.download_bytes else ""
            mark = "yes" if model.name in here or model.name == depth.catalog.BUILTIN else ""
            print(f"{model.name:24} {size:>6}  {mark + ('*' if model.name == chosen else ''):4}  {model.good_for}")
        print(f"* used when none is named. Weights are kept in {folder}")
    return 0
