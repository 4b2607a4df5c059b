"""The lines that servers and workers write to stderr, as text or as JSON: ids of runs, and nobody's name.

What came from a person (names of photos, what a request carries) never stands in them. So the message of an error that
Python or a library raised is left out: it may quote such a name. Where it was raised stands there, and what the system
said. What other programs than ours log is kept without the texts that they put into it.
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

OURS = "lifemask"
FIELDS = (
    *("run", "kind", "stage", "outcome", "error", "seconds", "waited_s", "stages"),
    *("method", "route", "status"),
)
"""What our lines carry beside their text, by `extra=`: of a run, of a request."""


def begin(form: str, *, verbose: bool = False) -> None:
    """Write what this process logs in the form `text` or `json`; verbose : more of it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson() if form == "json" else AsText())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    usual = logging.INFO if form == "json" else logging.WARNING  # programs read every run, people what went wrong
    logging.getLogger(OURS).setLevel(logging.DEBUG if verbose else usual)
    logging.captureWarnings(capture=True)
    sys.excepthook = _unforeseen
    sys.unraisablehook = lambda args: _unforeseen(args.exc_type, args.exc_value, args.exc_traceback)
    threading.excepthook = lambda args: _unforeseen(args.exc_type, args.exc_value, args.exc_traceback)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a line carries beside its text."""
    found = {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in found.items()}


def message(record: logging.LogRecord) -> str:
    """Return the text of a line; of one by other programs without the texts that were put into it."""
    if record.name.partition(".")[0] == OURS:
        return record.getMessage()
    text, given = str(record.msg), record.args
    if not given:  # it may have been put together before: what it is about is said by who says it
        return text if record.levelno < logging.WARNING else f"{record.levelname} of {record.name}"
    try:
        if isinstance(given, Mapping):
            return text % {name: _number(value) for name, value in given.items()}
        return text % tuple(_number(value) for value in given)
    except (TypeError, ValueError):
        return text


def raised(error: BaseException) -> list[str]:
    """Return the kind of an error, what the system said of it, and where it was raised, from the inside out."""
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    said = _said(error)
    lines = [f"{type(error).__name__}: {said}" if said else type(error).__name__, *reversed(places)]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines if cause is None else [*lines, "from", *raised(cause)]


def _said(error: BaseException) -> str | None:
    """Return what may be told of an error: what the system says, which quotes nobody."""
    if isinstance(error, OSError):
        return error.strerror
    original = getattr(error, "orig", None)  # of SQLAlchemy, whose own text quotes what was to be written
    if type(error).__name__ in ("OperationalError", "DatabaseError"):
        return str(original or error).strip().split("\n")[0]
    return None


def _number(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else "…"


def _unforeseen(kind: type[BaseException], error: BaseException | None, _: Any) -> None:
    if error is not None and not issubclass(kind, (KeyboardInterrupt, SystemExit)):
        logging.getLogger(OURS).critical("Something unforeseen was raised that nobody took", exc_info=error)


class AsText(logging.Formatter):
    """A line for people: time, logger, level, text, and what it carries as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        carried = "".join(f" {name}={value}" for name, value in fields(record).items())
        line = f"{self.formatTime(record)} {record.name} {record.levelname} {message(record)}{carried}"
        error = record.exc_info[1] if record.exc_info else None
        return line if error is None else "\n    ".join([line, *raised(error)])


class AsJson(logging.Formatter):
    """A line for programs: one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        error = record.exc_info[1] if record.exc_info else None
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message(record),
            **fields(record),
        }
        return json.dumps(line if error is None else {**line, "raised": raised(error)}, ensure_ascii=False)
