"""`lifemask move-library`: a library of one machine goes to the database of a server."""

import argparse

from core.errors import OptionError
from dashboard import library
from dashboard.settings import Settings


def command(args: argparse.Namespace) -> int:
    """Move it, and say what was moved."""
    settings = Settings.from_env(data=args.data)
    if not settings.database_url:
        raise OptionError("Say where it shall go: LIFEMASK_DATABASE_URL=postgresql+psycopg://USER:PASSWORD@HOST/NAME.")
    moved, kept = library.moving.move(settings)
    print(f"{moved} rows are in the database. Files stay in {settings.data_folder}; the old database is {kept}.")
    return 0
