"""The one table of settings: name, default, unit, help. Command line, README and tests all read it."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

import core
from core import depth, environment
from core.errors import OptionError

LANES = ("photos", "solids", "comparisons", "heads", "downloads")  # what `jobs.lanes` says they are
MB = 10**6  # as disks and downloads count: bytes of a megabyte, wherever 'MB' is said


@dataclass(frozen=True)
class Setting:
    """One row of the table; `env` is the variable that sets it. Numbers are `low` to `high`, texts of `choices`."""

    name: str
    default: Any
    unit: str
    help: str
    low: float = 0
    high: float = math.inf
    choices: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        """LIFEMASK_ and the name in capitals."""
        return f"LIFEMASK_{self.name.upper()}"

    @property
    def shown_default(self) -> str:
        """The default as the README's table shows it."""
        return "" if self.default is None else str(self.default)


def _row(default: Any, unit: str, text: str, **limits: Any) -> Any:
    return field(default=default, metadata={"unit": unit, "help": text, **limits})


@dataclass(frozen=True)
class Settings:
    """All settings, immutable and picklable: the web process hands them to the worker as they are."""

    data: str | None = _row(None, "folder", "Where the library and its files are kept; empty: the user's data folder")
    database_url: str = _row(
        "",
        "address",
        "PostgreSQL database of the library: postgresql+psycopg://USER:PASSWORD@HOST/NAME; empty: SQLite, in the data "
        "folder",
    )
    broker_url: str = _row(
        "", "address", "Redis that hands runs to workers by Celery: redis://HOST/0; empty: workers read the database"
    )
    weights: str | None = _row(
        None, "folder", "Where the weights of MiDaS networks are kept; empty: the user's data folder"
    )
    weights_mirror: str = _row(
        "", "address", "Server that has the published weights under the same paths; empty: their publisher"
    )
    offline: bool = _row(False, "0 or 1", "1: never fetch weights from the network")
    host: str = _row("127.0.0.1", "address", "Address to serve on; 0.0.0.0 lets other machines in")
    lan: bool = _row(
        False, "0 or 1", "1: serve on the local network, print the address and its QR code, and show both in the Studio"
    )
    port: int = _row(8050, "", "Port to serve on; 0 picks a free one", high=65535)
    hosts: str = _row(
        "", "names, comma", "Host names that a request may carry, beside this machine's own; needed behind a proxy"
    )
    prefix: str = _row("", "path", "Path below which the app stands, behind a proxy, such as /mask")
    trusted_proxies: str = _row(
        "", "addresses, comma", "Proxies, or networks of them, whose X-Forwarded-For, -Proto and -Host are believed"
    )
    password: str | None = _row(
        None, "text", "Needed to use the server, itself or as a hash of Argon2; empty: everybody who reaches it may"
    )
    user_header: str = _row(
        "", "name", "Header by which a trusted proxy names the user, such as X-Remote-User; each has a library"
    )
    operators: str = _row(
        "", "names, comma", "Users of that header who may fetch and delete networks and choose the one in use"
    )
    secret: str | None = _row(
        None, "text", "Signs the workspace cookie; empty: made at the first start and kept beside the library"
    )
    retention_days: float = _row(0.0, "days", "Photos and all made from them are deleted after so long; 0 keeps them")
    max_upload_mb: int = _row(50, "MB", "Largest photo file", low=1)
    max_scan_mb: int = _row(200, "MB", "Largest scan file", low=1)
    max_megapixels: int = _row(200, "megapixels", "Largest photo; of more than 100 half of each side is kept", low=1)
    decode_s: float = _row(60.0, "s", "A photo that takes longer to decode is refused", low=1)
    decode_mb: int = _row(
        1500, "MB", "Memory that decoding a photo may take; a process that serves pages decodes one at a time", low=100
    )
    max_queue: int = _row(200, "runs", "Runs of one workspace that may wait at a time")
    max_queue_total: int = _row(2000, "runs", "Runs of all workspaces that may wait at a time")
    quota_mb: int = _row(0, "MB", "Files of one workspace, beyond which it gets nothing new; 0: no limit")
    changes_per_minute: int = _row(
        600, "requests", "Requests of one address of another machine that change something, a minute; 0: no limit"
    )
    runs_per_hour: int = _row(1000, "runs", "Runs that one address of another machine starts, an hour; 0: no limit")
    min_free_mb: int = _row(200, "MB", "Free disk below which nothing new is stored")
    workers: int = _row(2, "processes", "Processes that work on photos while several wait; at most one per core", low=1)
    processes: int = _row(1, "processes", "Processes that serve pages", low=1)
    lanes: str = _row("", "names, comma", f"Lanes that a worker takes, of {', '.join(LANES)}; empty: all")
    run_minutes: float = _row(30.0, "minutes", "A run that takes longer is ended, and has failed; 0: no limit")
    log: str = _row(
        "text", "text, json", "Form of the lines that servers and workers write to stderr", choices=("text", "json")
    )
    verbose: bool = _row(False, "0 or 1", "1: they write every request and every stage of a run, too")
    metrics: str = _row(
        "loopback",
        "off, loopback, on",
        "Who may read /metrics: nobody; this machine, but nobody through a proxy; whoever reaches the server",
        choices=("off", "loopback", "on"),
    )
    device: str = _row("auto", "auto, cpu, cuda, mps", "Where the networks run")
    precision: str = _row("auto", "auto, float32, bfloat16", "Precision of the encoder of MiDaS networks")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> "Settings":
        """Read the settings from the environment; `overrides`, of the command line, win where they are not None.

        Raises
        ------
        OptionError
            A value that cannot be used, with the name of its variable or its flag.
        """
        values = {s.name: _from_text(s, environ) for s in SETTINGS if environment.text(s.env, environ)}
        for setting in SETTINGS:
            given = overrides.get(setting.name)
            if given is not None:
                values[setting.name] = _within_limits(setting, given, f"--{setting.name.replace('_', '-')}")
        return cls(**values)

    @property
    def data_folder(self) -> Path:
        """The folder of the library."""
        return environment.path(self.data) if self.data else platformdirs.user_data_path("lifemask", appauthor=False)

    @property
    def weights_folder(self) -> Path:
        """The folder of weights."""
        return environment.path(self.weights) if self.weights else depth.weights.weights_dir()

    @property
    def worker_count(self) -> int:
        """How many processes work on photos while several wait."""
        return min(self.workers, environment.cores())

    @property
    def photo_limits(self) -> "core.photo.Limits":
        """What is accepted as a photo."""
        return core.photo.Limits(max_bytes=self.max_upload_mb * MB, max_pixels=self.max_megapixels * 10**6)

    @property
    def scan_limits(self) -> "core.scan.ScanLimits":
        """What is accepted as a scan."""
        return core.scan.ScanLimits(max_bytes=self.max_scan_mb * MB)


SETTINGS: tuple[Setting, ...] = tuple(Setting(f.name, f.default, **f.metadata) for f in fields(Settings))


def _from_text(setting: Setting, environ: Mapping[str, str]) -> Any:
    text, kind = environment.text(setting.env, environ), type(setting.default)
    if kind is bool:
        return environment.switch(setting.env, environ)
    if kind not in (int, float):
        return _within_limits(setting, text, setting.env)
    try:
        number = kind(text)
    except ValueError:
        number = math.nan  # within no limits
    return _within_limits(setting, number, setting.env, text)


def _within_limits(setting: Setting, value: Any, source: str, text: str | None = None) -> Any:
    """Return the value; OptionError if it is beyond the setting's limits. `text`: what the person wrote."""
    kind = type(setting.default)
    if setting.choices and value not in setting.choices:
        raise OptionError(f"{source} is '{value}'; it must be one of {', '.join(setting.choices)}.")
    if kind not in (int, float) or (setting.low <= value <= setting.high and math.isfinite(value)):
        return value
    noun = "a whole number" if kind is int else "a number"
    limits = f"{setting.low:g} or more" if setting.high == math.inf else f"{setting.low:g} to {setting.high:g}"
    raise OptionError(f"{source} is '{text or value}'; it must be {noun}, {limits}.")
