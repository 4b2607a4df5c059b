"""`lifemask doctor`: whether everything is there, and whether a photo goes through."""

import argparse
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import core
from core import environment
from core.version import __version__
from dashboard import library, web
from dashboard.library.sentences import sentence
from dashboard.settings import Settings

MARKS = {True: "ok  ", False: "FAIL", None: "skip"}
# What is examined is loaded by its check: one that is missing does not stop the others.
PACKAGES = (
    "numpy", "scipy", "opencv-python-headless", "torch", "timm", "trimesh", "dash", "plotly", "sqlalchemy",
)  # fmt: skip


def examine(settings: Settings) -> Iterator[tuple[str, bool | None, str]]:
    """Yield, for each check, its name, whether it is well, and what was found."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("versions", _versions),
        ("data folder", _data_folder),
        ("free disk", _free_disk),
        ("weights", _weights),
        ("device", _device),
        ("a real photo", _real_photo),
    )
    for name, check in checks:
        try:
            yield name, True, check(settings)
        except Exception as error:
            yield name, False, sentence(error, settings.data_folder)


def _versions(_: Settings) -> str:
    found = [f"lifemask {__version__}", f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} missing")
    return ", ".join(found)


def _data_folder(settings: Settings) -> str:
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.data_folder) as file:
        file.write(b"\0" * 2**16)
    return f"{settings.data_folder} can be written"


def _free_disk(settings: Settings) -> str:
    library.Folders(settings).check_free()
    return f"{shutil.disk_usage(settings.data_folder).free / 1e9:.1f} GB free on the disk of the data folder"


def _weights(settings: Settings) -> str:
    folder = settings.weights_folder
    here = core.depth.weights.installed(folder)
    names = ", ".join(f"{name} ({entry.size_bytes / 1e6:.0f} MB)" for name, entry in here.items()) or "no MiDaS network"
    return f"{names} in {folder}; used when none is named: {core.depth.weights.default_model(folder)}"


def _device(settings: Settings) -> str:
    networks = core.Networks(settings.device, settings.precision, settings.weights_folder)
    return f"{networks.device} (asked for: {settings.device}), {environment.cores()} processors"


def _real_photo(settings: Settings) -> str:
    photo = core.read_photo(web.assets_folder() / "samples" / "eileen-collins.jpg", limits=settings.photo_limits)
    networks = core.Networks(settings.device, settings.precision, settings.weights_folder)
    began = time.monotonic()
    options = core.Options(model="builtin", max_triangles=10_000)
    found = core.reconstruct(photo, options, networks)
    with tempfile.TemporaryDirectory() as folder:
        core.write_face(found[0], Path(folder) / "face", options)
        count = sum(1 for _ in (Path(folder) / "face").iterdir())
    seconds = time.monotonic() - began
    return f"{photo.name}: {len(found)} face, {count} files in {seconds:.1f} s, the loading of the network included"


def command(args: argparse.Namespace) -> int:
    """Say of each check whether it is well; the exit code is 0 only if all are."""
    failed, settings = 0, Settings.from_env(data=args.data)
    of_deployment = args.deployment or args.url is not None
    for name, well, found in web.deployment.examine(settings, args.url) if of_deployment else examine(settings):
        failed += well is False
        print(f"{MARKS[well]}  {name}: {found}", flush=True)
    return 1 if failed else 0
