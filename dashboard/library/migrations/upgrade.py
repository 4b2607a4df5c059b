"""Runs the steps from the tables of an earlier version to the present ones."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect

from dashboard.library.schema import Step


def run(connection: Connection, step: str) -> None:
    """Bring the tables from `step` to the latest, in the transaction that the caller has begun."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    if not inspect(connection).has_table(Step.__tablename__):  # version 0.1 had none
        command.stamp(config, step)
    command.upgrade(config, "head")
