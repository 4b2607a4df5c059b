"""`lifemask serve | worker | run | solid | head | recompute | compare | models | doctor`."""

import argparse
import io
import logging
import os
import secrets
import sys
from collections.abc import Sequence

from core.environment import path
from core.errors import LifemaskError
from core.version import __version__
from dashboard import jobs, logs, web
from dashboard.cli import compare, doctor, flags, head, models, move_library, recompute, run, solid
from dashboard.settings import LANES, Settings

OF_SCALE = {"celery", "kombu", "psycopg", "redis"}  # what several machines need, and one does without


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0 only if all went well."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: a name that it cannot show ends nothing
    try:
        args = parser().parse_args(arguments)
        if args.command not in LOGGING:
            logging.basicConfig(
                level=logging.DEBUG if args.verbose else logging.WARNING,
                format="%(asctime)s %(name)s %(levelname)s %(message)s",
            )
        return int(args.command(args))
    except LifemaskError as error:
        print(f"lifemask: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in OF_SCALE:
            raise
        print(f"lifemask: {error.name} is not installed. Do: pip install 'lifemask[scale]'", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    main_parser = argparse.ArgumentParser(
        prog="lifemask", description="Turns photos of faces into depth, point clouds and meshes that print."
    )
    main_parser.add_argument("--version", action="version", version=f"lifemask {__version__}")
    main_parser.add_argument("--verbose", action="store_true", help="log what happens, with tracebacks")
    commands = main_parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the pages and work on photos")
    serve.add_argument("--host", help="address to serve on (LIFEMASK_HOST, 127.0.0.1)")
    serve.add_argument(
        "--lan",
        action="store_true",
        default=None,
        help="let a phone in this network in; prints a QR code (LIFEMASK_LAN)",
    )
    serve.add_argument("--port", type=int, help="port, 0 for any free one (LIFEMASK_PORT, 8050)")
    serve.add_argument("--data", metavar="DIR", help="folder of the library (LIFEMASK_DATA)")
    serve.add_argument("--processes", type=int, help="processes that serve pages (LIFEMASK_PROCESSES, 1)")
    serve.add_argument("--no-worker", action="store_true", help="serve pages only; 'lifemask worker' does the work")
    _add_verbose(serve)
    serve.add_argument("--debug", action="store_true", help="the development server of Dash")
    serve.set_defaults(command=_serve)

    worker = commands.add_parser("worker", help="work on the photos of a library that another process serves")
    worker.add_argument("--data", metavar="DIR", help="folder of the library (LIFEMASK_DATA)")
    worker.add_argument("--lanes", metavar="NAMES", help=f"of {', '.join(LANES)} (LIFEMASK_LANES, all)")
    _add_verbose(worker)
    worker.set_defaults(command=_worker)

    moving = commands.add_parser(
        "move-library",
        help="bring the library from SQLite to the database of LIFEMASK_DATABASE_URL; end its server first",
    )
    moving.add_argument("--data", metavar="DIR", help="folder of the library (LIFEMASK_DATA)")
    moving.set_defaults(command=_move_library)

    _add_run(commands)
    _add_solid(commands)
    _add_head(commands)
    _add_recompute(commands)
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

    doctor = commands.add_parser("doctor", help="check the installation, with a real photo, or a deployment")
    doctor.add_argument(
        "--deployment", action="store_true", help="check database, broker, storage, worker and clocks instead"
    )
    doctor.add_argument(
        "--url", metavar="URL", help="the same, and what a proxy makes of requests to this address of the pages"
    )
    doctor.add_argument("--data", metavar="DIR", help="folder of the library (LIFEMASK_DATA)")
    doctor.set_defaults(command=_doctor)
    return main_parser


def _add_verbose(parser: argparse.ArgumentParser) -> None:
    """Let it be said after the command, too."""
    parser.add_argument(
        "--verbose", action="store_true", default=argparse.SUPPRESS, help="log what happens (LIFEMASK_VERBOSE)"
    )


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="photos and scans to files, without the pages")
    run.add_argument(
        "photos", nargs="+", type=path, metavar="PHOTO",
        help="a picture, a scan (OBJ, PLY, STL or GLB), or a folder of such",
    )  # fmt: skip
    run.add_argument("--out", required=True, type=path, metavar="DIR", help="writes DIR/STEM, or DIR/STEM-N per face")
    run.add_argument("--json", action="store_true", help="print one JSON object per photo")
    flags.add_preset(run)
    flags.add(run, "run")
    run.set_defaults(command=_run)


def _add_solid(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    solid = commands.add_parser("solid", help="make the solids of faces again")
    solid.add_argument("faces", nargs="+", type=path, metavar="FACE", help="a folder that 'run' wrote")
    solid.add_argument("--json", action="store_true", help="print one JSON object per face")
    flags.add_preset(solid)
    flags.add(solid, "solid")
    solid.set_defaults(command=_solid)


def _add_head(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    head = commands.add_parser("head", help="make the whole heads of faces, closed all round")
    head.add_argument("faces", nargs="+", type=path, metavar="FACE", help="a folder that 'run' wrote")
    head.add_argument("--json", action="store_true", help="print one JSON object per face")
    flags.add(head, "head")
    head.set_defaults(command=_head)


def _add_recompute(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    recompute = commands.add_parser(
        "recompute", help="compute a face again under other assumptions, without its network; what is not given stays"
    )
    recompute.add_argument("face", type=path, metavar="FACE", help="a folder that 'run' wrote")
    recompute.add_argument(
        "--photo",
        type=path,
        help="its photo or scan, for the texture; needed where the photo is finer than the face's crop",
    )
    recompute.add_argument("--json", action="store_true", help="print a JSON object")
    flags.add(recompute, "recompute", defaults=False)
    recompute.set_defaults(command=_recompute)


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compare = commands.add_parser("compare", help="faces laid onto the first: differences, tables, a report to print")
    compare.add_argument(
        "faces", nargs="+", type=path, metavar="FACE", help="a folder that 'run' wrote, a photo or a scan"
    )
    compare.add_argument("--out", required=True, type=path, metavar="DIR", help="writes report.html and its numbers")
    compare.add_argument("--with-scale", action="store_true", help="fit the size too, so that shapes alone compare")
    compare.add_argument("--heads", action="store_true", help="compare heads point by point, too; mean face and morphs")
    compare.add_argument("--neutral", action="store_true", help="the same, with expression taken out of the heads")
    compare.add_argument("--json", action="store_true", help="print comparison.json, with heads.json in it")
    flags.add(compare, "compare")
    compare.set_defaults(command=_compare)


def _serve(args: argparse.Namespace) -> int:
    settings = Settings.from_env(
        host=args.host, lan=args.lan, port=args.port, data=args.data, processes=args.processes,
        verbose=args.verbose or None,
    )  # fmt: skip
    logs.begin(settings.log, verbose=settings.verbose)
    web.serve(settings, with_worker=not args.no_worker, debug=args.debug)
    return 0


def _worker(args: argparse.Namespace) -> int:
    settings = Settings.from_env(data=args.data, lanes=args.lanes, verbose=args.verbose or None)
    if settings.broker_url:
        jobs.broker.work(settings, jobs.tasks.make_works)
        return 0
    try:
        jobs.worker.main(settings, secrets.token_hex(8), jobs.tasks.make_works)
    except SystemExit:  # it was told to end; its threads are in libraries over which Python's own end trips (code 120)
        logging.shutdown()
        os._exit(0)
    return 0


def _move_library(args: argparse.Namespace) -> int:
    return move_library.command(args)


def _run(args: argparse.Namespace) -> int:
    return run.command(args)


def _solid(args: argparse.Namespace) -> int:
    return solid.command(args)


def _head(args: argparse.Namespace) -> int:
    return head.command(args)


def _recompute(args: argparse.Namespace) -> int:
    return recompute.command(args)


def _compare(args: argparse.Namespace) -> int:
    return compare.command(args)


def _models(args: argparse.Namespace) -> int:
    return models.command(args)


def _doctor(args: argparse.Namespace) -> int:
    return doctor.command(args)


LOGGING = (_serve, _worker)  # log by their settings: see `dashboard.logs`
