"""`lifemask doctor --deployment`: whether what a server rests on is there, and what stands before it passes all on."""

import os
import tempfile
import time
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy import URL, Engine, create_engine, func, inspect, select, update

from dashboard import jobs
from dashboard.jobs import alive
from dashboard.library import schema
from dashboard.library.database import LATEST
from dashboard.library.folders import Folders
from dashboard.library.library import Library
from dashboard.library.sentences import sentence
from dashboard.settings import Settings
from dashboard.web.proxied import Check, Proxied, SkippedError, WrongError

APART_S = 5.0  # clocks: a lease of a run lasts 30 s


def examine(settings: Settings, url: str | None) -> Iterator[tuple[str, bool | None, str]]:
    """Yield, for each check, its name, whether it is well (None: skipped), and what was found.

    url : of the server as browsers reach it; None leaves those checks out.

    Raises
    ------
    OptionError
        The address is none.
    """
    deployment = Deployment(settings)
    checks = [*deployment.checks(), *(Proxied(settings, url).checks() if url else ())]
    try:
        for name, check in checks:
            try:
                yield name, True, check()
            except SkippedError as why:
                yield name, None, str(why)
            except Exception as error:
                yield name, False, sentence(error, settings.data_folder)
    finally:
        deployment.close()


class Deployment:
    """What the server rests on. The library is opened once its tables are known to be at this version's step."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_there = False

    def checks(self) -> Iterator[Check]:
        """Yield the name of each check, and what does it: it returns what it found, or raises."""
        yield "database", self._database
        yield "broker", self._broker
        yield "storage", self._storage
        yield "worker", self._worker
        yield "clock of the database", self._clock_of_database
        yield "clock of the storage", self._clock_of_storage
        yield "clocks of workers", self._clocks_of_workers

    def close(self) -> None:
        """Close the library."""
        if self._is_there:
            self.library.close()

    @cached_property
    def library(self) -> Library:
        """The library, once it is known to be there."""
        if not self._is_there:
            raise SkippedError("not checked: see the database")
        return Library(self.settings)

    def _database(self) -> str:
        engine, place = self._engine()
        try:
            with engine.connect() as connection:
                step_table = schema.Step.__tablename__
                has_step = inspect(connection).has_table(step_table)
                step = connection.scalar(select(schema.Step.version_num)) if has_step else None
                if step != LATEST:
                    raise WrongError(
                        f"{place} is at step {step or 'none'} of its tables, this version writes {LATEST}. Start the "
                        "server of this version once, which brings it there, or install the version that wrote it."
                    )
                table = schema.Workspace
                connection.execute(update(table).where(table.id == "").values(id=""))  # it writes, but no row
                connection.rollback()
        finally:
            engine.dispose()
        self._is_there = True
        return f"{place} answers, is at step {LATEST}, and can be written"

    def _engine(self) -> tuple[Engine, str]:
        url = getattr(self.settings, "database_url", "")
        if url:
            engine = create_engine(url)
            return engine, f"the database on {engine.url.host or 'this machine'}"
        file = Folders(self.settings).database
        if not file.is_file():
            raise WrongError(f"There is no database {file}. Start 'lifemask serve' once, or name its folder by --data.")
        return create_engine(URL.create("sqlite", database=str(file)), connect_args={"timeout": 5.0}), str(file)

    def _broker(self) -> str:
        url = getattr(self.settings, "broker_url", "")
        if not url:
            raise SkippedError("LIFEMASK_BROKER_URL is empty: workers read the database")
        where = f"{urlsplit(url).hostname or 'this machine'}:{urlsplit(url).port or 6379}"
        try:
            return f"Redis {jobs.redis_version.read(url)} on {where} answers"
        except ModuleNotFoundError as error:
            raise WrongError(f"{error.name} is not installed: pip install 'lifemask[scale]'.") from error
        except Exception as error:
            raise WrongError(
                f"Redis on {where} does not answer ({type(error).__name__}). Start it, or mend LIFEMASK_BROKER_URL."
            ) from error

    def _storage(self) -> str:
        root, data = Folders(self.settings).root, b"lifemask" * 1024
        with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-") as file:
            file.write(data)
            file.flush()
            with open(file.name, "rb") as again:
                if again.read() != data:
                    raise WrongError(f"{root} gives back other bytes than were written. Do not use this disk.")
        return f"{root}: a file was written, read and deleted"

    def _worker(self) -> str:
        found = alive.living(self.library)
        workers = [process for process in found if process.role == "worker"]
        if not workers:
            raise WrongError("No worker lives. Start 'lifemask worker', or serve without --no-worker.")
        memory = ", ".join(f"{process.memory_bytes / 1e9:.1f} GB" for process in workers)
        web = sum(process.role == "web" for process in found)
        return f"{len(workers)} alive ({memory}), and {web} web"

    def _clock_of_database(self) -> str:
        if self.library.engine.dialect.name == "sqlite":
            raise SkippedError("SQLite has none of its own")
        with self.library.session() as session:
            began = time.time()
            there = session.scalar(select(func.extract("epoch", func.clock_timestamp())))
        return _apart(float(there or 0.0) - (began + time.time()) / 2, "the database's machine")

    def _clock_of_storage(self) -> str:
        with tempfile.NamedTemporaryFile(dir=Folders(self.settings).root, prefix=".doctor-") as file:
            began = time.time()
            file.write(b"now")
            file.flush()
            there = os.fstat(file.fileno()).st_mtime
        return _apart(there - began, "the machine of the data folder")

    def _clocks_of_workers(self) -> str:
        with self.library.session() as session:
            latest = session.scalar(select(func.max(schema.Process.seen)))
        if latest is None:
            raise SkippedError("no process has said that it lives")
        ahead = latest - time.time()
        if ahead > APART_S:
            return _apart(ahead, "the machine of a worker or server")
        return "none is ahead of this machine's"


def _apart(seconds: float, machine: str) -> str:
    if abs(seconds) > APART_S:
        raise WrongError(f"The clock of {machine} is {seconds:+.0f} s off this one's. Let both be set by NTP.")
    return f"{seconds:+.1f} s beside this machine's"
