"""The one table of settings: name, default, unit, help. Command line, README and tests all read it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from core import depth
from core.errors import OptionError


@dataclass(frozen=True)
class Setting:
    """One row of the table; `env` is the variable that sets it."""

    name: str
    default: Any
    unit: str
    help: str

    @property
    def env(self) -> str:
        """LIFEMASK_ and the name in capitals."""
        return f"LIFEMASK_{self.name.upper()}"

    @property
    def shown_default(self) -> str:
        """The default as the README's table shows it."""
        return "" if self.default is None else str(self.default)


def _row(default: Any, unit: str, text: str) -> Any:
    return field(default=default, metadata={"unit": unit, "help": text})


@dataclass(frozen=True)
class Settings:
    """All settings, immutable and picklable: the web process hands them to the worker as they are."""

    data: str | None = _row(None, "folder", "Where the library and its files are kept; empty: the user's data folder")
    weights: str | None = _row(
        None, "folder", "Where the weights of MiDaS networks are kept; empty: the user's data folder"
    )
    weights_mirror: str = _row(
        "", "address", "Server that has the published weights under the same paths; empty: their publisher"
    )
    offline: bool = _row(False, "0 or 1", "1: never fetch weights from the network")
    host: str = _row("127.0.0.1", "address", "Address to serve on; 0.0.0.0 lets other machines in")
    port: int = _row(8050, "", "Port to serve on; 0 picks a free one")
    hosts: str = _row(
        "", "names, comma", "Host names that a request may carry, beside this machine's own; needed behind a proxy"
    )
    secret: str | None = _row(
        None, "text", "Signs the workspace cookie; empty: made at the first start and kept beside the library"
    )
    retention_days: float = _row(0.0, "days", "Photos and all made from them are deleted after so long; 0 keeps them")
    max_upload_mb: int = _row(50, "MB", "Largest photo file")
    max_megapixels: int = _row(100, "megapixels", "Largest photo")
    max_queue: int = _row(200, "runs", "Runs of one workspace that may wait at a time")
    max_queue_total: int = _row(2000, "runs", "Runs of all workspaces that may wait at a time")
    min_free_mb: int = _row(200, "MB", "Free disk below which nothing new is stored")
    device: str = _row("auto", "auto, cpu, cuda, mps", "Where the networks run")
    precision: str = _row("auto", "auto, float32, bfloat16", "Precision of the encoder of MiDaS networks")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> "Settings":
        """Read the settings from the environment; `overrides` that are not None win.

        Raises
        ------
        OptionError
            A value that cannot be used, with the name of its variable.
        """
        values = {s.name: _convert(s, environ[s.env]) for s in SETTINGS if environ.get(s.env, "") != ""}
        values.update({name: value for name, value in overrides.items() if value is not None})
        return cls(**values)

    @property
    def data_folder(self) -> Path:
        """The folder of the library."""
        return Path(self.data) if self.data else platformdirs.user_data_path("lifemask", appauthor=False)

    @property
    def weights_folder(self) -> Path:
        """The folder of weights."""
        return Path(self.weights).expanduser() if self.weights else depth.weights.weights_dir()

    @property
    def max_upload_bytes(self) -> int:
        """Largest photo file in bytes."""
        return self.max_upload_mb * 2**20


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(f.name, f.default, f.metadata["unit"], f.metadata["help"]) for f in fields(Settings)
)


def _convert(setting: Setting, text: str) -> Any:
    kind = type(setting.default)
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.strip().lower()]
        if kind in (int, float):
            number = kind(text)
            if number < 0:
                raise ValueError(text)
            return number
    except (KeyError, ValueError):
        wanted = {bool: "0 or 1", int: "a whole number, not negative", float: "a number, not negative"}[kind]
        raise OptionError(f"{setting.env} is '{text}'; it must be {wanted}.") from None
    return text
