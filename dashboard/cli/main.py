"""`lifemask serve | run | compare | models | worker | doctor`."""

import argparse
import json
import logging
import secrets
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from core.errors import LifemaskError
from dashboard.settings import Settings

if TYPE_CHECKING:
    from core.depth.estimator import Networks

# Commands import what they need: the worker process imports this module too, and `--help` must answer at once.
# ruff: noqa: PLC0415


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0 only if all went well."""
    args = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    try:
        return int(args.command(args))
    except LifemaskError as error:
        print(f"lifemask: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lifemask", description="Turns photos of faces into depth, point clouds and meshes that print."
    )
    parser.add_argument("--version", action="version", version=f"lifemask {_version()}")
    parser.add_argument("--verbose", action="store_true", help="log what happens, with tracebacks")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the pages and work on photos")
    serve.add_argument("--host", help="address to serve on (LIFEMASK_HOST, 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port, 0 for any free one (LIFEMASK_PORT, 8050)")
    serve.add_argument("--data", metavar="DIR", help="folder of the library (LIFEMASK_DATA)")
    serve.add_argument("--no-worker", action="store_true", help="serve pages only; 'lifemask worker' does the work")
    serve.add_argument("--debug", action="store_true", help="the development server of Dash")
    serve.set_defaults(command=_serve)

    worker = commands.add_parser("worker", help="work on the photos of a library that another process serves")
    worker.add_argument("--data", metavar="DIR", help="folder of the library (LIFEMASK_DATA)")
    worker.set_defaults(command=_worker)

    _add_run(commands)
    _add_compare(commands)

    models = commands.add_parser("models", help="list the networks; fetch, add, choose or delete their weights")
    models.set_defaults(command=_models)
    actions = models.add_subparsers(metavar="ACTION")
    for action, argument, text in (
        ("download", "name", "fetch the weights of a network"),
        ("delete", "name", "delete the weights of a network"),
        ("default", "name", "choose the network to use when none is named; 'auto': the best that is here"),
        ("add", "file", "take in a checkpoint file that you fetched yourself"),
    ):
        one = actions.add_parser(action, help=text)
        one.add_argument(argument, metavar=argument.upper())
        one.set_defaults(command=_models, action=action)

    doctor = commands.add_parser("doctor", help="check the installation, with a real photo")
    doctor.add_argument("--data", metavar="DIR", help="folder of the library (LIFEMASK_DATA)")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="photos to files, without the pages")
    run.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    run.add_argument("--out", required=True, type=Path, metavar="DIR", help="writes DIR/STEM, or DIR/STEM-N per face")
    run.add_argument("--model", default="auto", help="network, as 'lifemask models' lists them (the default one)")
    run.add_argument("--formats", default="stl,3mf,obj,ply,glb", help="of mesh and solid (%(default)s)")
    run.add_argument("--surface", default="adaptive", help="adaptive, or grid: every pixel, decimated (%(default)s)")
    run.add_argument("--tolerance-mm", type=float, help="of an adaptive surface (0.15)")
    run.add_argument("--taubin", type=int, default=0, help="rounds of smoothing of the surface (%(default)s)")
    run.add_argument("--max-triangles", type=int, default=60_000, help="of the surface (%(default)s)")
    run.add_argument(
        "--solid", choices=("relief", "mask", "bust", "lithophane", "none"), default="relief",
        help="what to print (%(default)s)",
    )  # fmt: skip
    run.add_argument("--width-mm", type=float, default=80.0, help="of the solid (%(default)s)")
    run.add_argument("--height-mm", type=float, help="of the solid, in place of its width")
    run.add_argument("--life-size", action="store_true", help="the solid as large as the head, by the IPD")
    run.add_argument("--base-mm", type=float, default=2.0, help="thickness of a plate or foot (%(default)s)")
    run.add_argument("--wall-mm", type=float, default=2.4, help="of a mask, a hollow bust, a lithophane (%(default)s)")
    run.add_argument("--nozzle-mm", type=float, default=0.4, help="nothing is made thinner (%(default)s)")
    box_help = "middle and side, in pixels, of a face that is not found"
    run.add_argument("--box", type=float, nargs=3, metavar=("X", "Y", "SIDE"), help=box_help)
    run.add_argument("--whole-photo", action="store_true", help="also a photo in which no face is found")
    run.add_argument("--background", action="store_true", help="keep what is round the head")
    run.add_argument("--fov-deg", type=float, help="field of view over the diagonal, before what EXIF says")
    run.add_argument("--focal-mm", type=float, help="instead: focal length, as of a lens on 35 mm film")
    run.add_argument(
        "--projection", choices=("perspective", "orthographic"), default="perspective", help="camera (%(default)s)"
    )
    run.add_argument("--smooth", type=float, default=0.5, help="edge-preserving smoothing, 0 to 1 (%(default)s)")
    run.add_argument(
        "--refine", choices=("none", "mirror", "two-scale"), default="none", help="more detail of a MiDaS network"
    )
    run.add_argument("--ipd-mm", type=float, default=63.0, help="interpupillary distance (%(default)s, adult mean)")
    run.add_argument("--json", action="store_true", help="print one JSON object per photo")
    run.set_defaults(command=_run)


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compare = commands.add_parser("compare", help="faces laid onto the first: differences, tables, a report to print")
    compare.add_argument("faces", nargs="+", type=Path, metavar="FACE", help="a folder that 'run' wrote, or a photo")
    compare.add_argument("--out", required=True, type=Path, metavar="DIR", help="writes report.html and its numbers")
    compare.add_argument("--with-scale", action="store_true", help="fit the size too, so that shapes alone compare")
    compare.add_argument("--model", default="auto", help="network for photos (the default one)")
    compare.add_argument("--json", action="store_true", help="print comparison.json")
    compare.set_defaults(command=_compare)


def _serve(args: argparse.Namespace) -> int:
    from dashboard.web.server import serve

    settings = Settings.from_env(host=args.host, port=args.port, data=args.data)
    serve(settings, with_worker=not args.no_worker, debug=args.debug)
    return 0


def _worker(args: argparse.Namespace) -> int:
    from dashboard.jobs import tasks, worker

    worker.main(Settings.from_env(data=args.data), secrets.token_hex(8), tasks.make_works)
    return 0


def _run(args: argparse.Namespace) -> int:
    from core.depth.estimator import Networks
    from core.depth.weights import default_model
    from core.options import Options
    from dashboard.cli import run

    settings = Settings.from_env()
    options = Options.from_dict(
        {
            "model": default_model(settings.weights_folder) if args.model == "auto" else args.model,
            "formats": tuple(part.strip() for part in args.formats.split(",") if part.strip()),
            "surface": args.surface,
            "tolerance_mm": args.tolerance_mm,
            "taubin": args.taubin,
            "max_triangles": args.max_triangles,
            "solid": args.solid,
            "width_mm": args.width_mm,
            "height_mm": args.height_mm,
            "life_size": args.life_size,
            "base_mm": args.base_mm,
            "wall_mm": args.wall_mm,
            "nozzle_mm": args.nozzle_mm,
            "box": args.box,
            "whole_photo": args.whole_photo,
            "background": args.background,
            "fov_deg": args.fov_deg,
            "focal_mm": args.focal_mm,
            "projection": args.projection,
            "smooth": args.smooth,
            "refine": args.refine,
            "ipd_mm": args.ipd_mm,
        }
    )
    networks = Networks(settings.device, settings.precision, settings.weights_folder)
    failed = 0
    with tqdm(
        total=float(len(args.photos)), disable=not sys.stderr.isatty(), bar_format="{percentage:3.0f}% |{bar}| {desc}"
    ) as bar:

        def progress(photo: Path, stage: str, share: float) -> None:
            bar.set_description_str(f"{photo.name}: {stage}", refresh=False)
            bar.update(done + share - bar.n)

        done = 0
        for outcome in run.run(args.photos, args.out, options, networks, progress):
            done += 1
            if outcome.error is not None:
                failed += 1
                tqdm.write(f"lifemask: {outcome.photo}: {outcome.error}", file=sys.stderr)
            if args.json:
                tqdm.write(json.dumps(outcome.as_dict()))
            else:
                for folder in outcome.folders:
                    tqdm.write(f"{outcome.photo} -> {folder} ({options.model}, {outcome.seconds:.1f} s)")
        bar.update(done - bar.n)
    return 1 if failed else 0


def _compare(args: argparse.Namespace) -> int:
    from core.depth.weights import default_model
    from core.options import Options
    from dashboard.cli import compare

    settings = Settings.from_env()

    def networks() -> "Networks":
        from core.depth.estimator import Networks

        return Networks(settings.device, settings.precision, settings.weights_folder)

    model = default_model(settings.weights_folder) if args.model == "auto" else args.model
    options = Options(model=model, solid="none", formats=(), max_triangles=2000)  # no mesh is kept
    with tqdm(total=1.0, disable=not sys.stderr.isatty(), bar_format="{percentage:3.0f}% |{bar}| {desc}") as bar:

        def progress(stage: str, share: float) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.update(share - bar.n)

        values = compare.compare(
            args.faces, args.out, options, networks, with_scale=args.with_scale, progress=progress
        )  # fmt: skip
    if args.json:
        print(json.dumps(values))
        return 0
    names = [face["name"] for face in values["faces"]]
    head = f"DIFFERENCE FROM {names[values['reference'] - 1]}"
    print(f"{head:40} {'RMS':>8} {'MEDIAN':>8} {'95 %':>8} {'COVERED':>8}")
    for number, found in values["differences"].items():
        lengths = "".join(f" {found[key]:5.2f} mm" for key in ("rms_mm", "median_mm", "p95_mm"))
        print(f"{names[int(number) - 1]:40}{lengths} {found['coverage']:>8.0%}")
    print(f"To look at and to print: {args.out / 'report.html'}")
    return 0


def _models(args: argparse.Namespace) -> int:
    from core.depth import catalog, weights

    folder = Settings.from_env().weights_folder
    action = getattr(args, "action", None)
    if action == "download":
        with tqdm(desc=args.name, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:

            def progress(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            print(f"{args.name} is at {weights.download(args.name, progress, folder=folder).path}")
    elif action == "add":
        added = weights.add(Path(args.file), folder=folder)
        print(f"{added.name} is at {added.path}")
    elif action == "delete":
        weights.delete(args.name, folder)
        print(f"The weights of {args.name} are deleted.")
    elif action == "default":
        weights.set_default(args.name, folder)
        print(f"Used when none is named: {weights.default_model(folder)}")
    else:
        here, chosen = weights.installed(folder), weights.default_model(folder)
        print(f"{'NETWORK':24} {'MB':>6}  HERE  GOOD FOR")
        for model in catalog.MODELS.values():
            size = f"{model.download_bytes / 1e6:.0f}" if model.download_bytes else ""
            mark = "yes" if model.name in here or model.name == catalog.BUILTIN else ""
            print(f"{model.name:24} {size:>6}  {mark + ('*' if model.name == chosen else ''):4}  {model.good_for}")
        print(f"* used when none is named. Weights are kept in {folder}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from dashboard.cli.doctor import examine

    failed = 0
    for name, well, found in examine(Settings.from_env(data=args.data)):
        failed += not well
        print(f"{'ok  ' if well else 'FAIL'}  {name}: {found}", flush=True)
    return 1 if failed else 0


def _version() -> str:
    try:
        return version("lifemask")
    except PackageNotFoundError:
        return "(from a checkout)"
