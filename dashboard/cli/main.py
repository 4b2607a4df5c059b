"""`lifemask serve | run | compare | models | worker | doctor`."""

import argparse
import logging
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import LifemaskError
from core.version import __version__
from dashboard import jobs, web
from dashboard.cli import compare, doctor, models, run
from dashboard.settings import Settings


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
    parser.add_argument("--version", action="version", version=f"lifemask {__version__}")
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
    settings = Settings.from_env(host=args.host, port=args.port, data=args.data)
    web.serve(settings, with_worker=not args.no_worker, debug=args.debug)
    return 0


def _worker(args: argparse.Namespace) -> int:
    jobs.worker.main(Settings.from_env(data=args.data), secrets.token_hex(8), jobs.tasks.make_works)
    return 0


def _run(args: argparse.Namespace) -> int:
    return run.command(args)


def _compare(args: argparse.Namespace) -> int:
    return compare.command(args)


def _models(args: argparse.Namespace) -> int:
    return models.command(args)


def _doctor(args: argparse.Namespace) -> int:
    return doctor.command(args)
