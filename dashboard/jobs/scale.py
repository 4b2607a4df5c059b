"""Celery, which `pip install 'lifemask[scale]'` brings: loaded where the setting `broker_url` asks for it alone."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from core.errors import OptionError
from dashboard.library.library import Library

if TYPE_CHECKING:
    from dashboard.jobs.broker import Announcer


def announcer(library: Library) -> "Announcer | None":
    """Return what tells the broker of runs that wait; None where there is no broker.

    Raises
    ------
    OptionError
        Celery is not installed.
    """
    return broker().Announcer(library) if library.settings.broker_url else None


def broker() -> ModuleType:
    """Return `jobs.broker`.

    Raises
    ------
    OptionError
        Celery is not installed.
    """
    try:
        return importlib.import_module("dashboard.jobs.broker")
    except ModuleNotFoundError as error:
        raise OptionError(
            f"LIFEMASK_BROKER_URL needs {error.name}, which is not installed: pip install 'lifemask[scale]'."
        ) from error
