"""The library in a database of PostgreSQL: opened, upgraded, gone for a while, and brought there from SQLite."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from core.errors import OptionError, StorageError
from dashboard.library import deletion, migrations, moving, postgres
from dashboard.library.database import FIRST, LATEST
from dashboard.library.library import Library
from dashboard.library.records import BusyError
from dashboard.library.schema import Base
from dashboard.library.sentences import AWAY, BUSY, known
from dashboard.settings import Settings
from tests import servers
from tests.dashboard.library.test_database import described
from tests.dashboard.library.test_library import Wanted, finished_face, jpeg
from tests.servers import Server


@pytest.fixture
def url(postgresql: Server) -> str:
    return servers.new_database(postgresql)


def test_an_upgraded_database_has_the_tables_of_a_new_one(postgresql: Server, url: str) -> None:
    first = create_engine(url)
    with first.begin() as connection:
        config = migrations.upgrade.Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        migrations.upgrade.command.upgrade(config, FIRST)
        connection.execute(text("INSERT INTO workspaces VALUES ('w', 1.0)"))
    opened = [first, postgres.open_database(url), postgres.open_database(servers.new_database(postgresql))]
    upgraded, new = ([described(engine, table) for table in Base.metadata.tables] for engine in opened[1:])
    assert upgraded == new
    with opened[1].connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == LATEST
        assert connection.scalar(text("SELECT count(*) FROM workspaces")) == 1
    for engine in opened:
        engine.dispose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("+psycopg", ""), r"no address of a PostgreSQL database"),
        (lambda url: "nonsense", r"no address of a PostgreSQL database"),
        (lambda url: f"{url}-not", r"^The database test_\w+-not on 127.0.0.1 cannot be used: .*does not exist"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence(url: str, change: Any, said: str) -> None:
    with pytest.raises((OptionError, StorageError), match=said) as error:
        postgres.open_database(change(url))
    assert "\n" not in str(error.value)


def test_the_database_of_another_program_is_left_alone(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id int)"))
    with pytest.raises(StorageError, match="of another program"):
        postgres.open_database(url)
    assert inspect(engine).get_table_names() == ["theirs"]
    engine.dispose()


def test_one_writes_at_a_time_and_readers_do_not_wait(url: str) -> None:
    engine = postgres.open_database(url, patience_s=0.2)
    sessions = postgres.OneWriter(engine)
    with sessions.begin() as first:
        first.execute(text("INSERT INTO workspaces VALUES ('w', 1.0)"))
        with sessions() as reader:
            assert reader.scalar(text("SELECT count(*) FROM workspaces")) == 0
        with pytest.raises(OperationalError) as error, sessions.begin():
            pass
    said = known(error.value, Path("/nowhere"))
    assert (type(said), str(said)) == (BusyError, BUSY)
    with sessions.begin():
        pass
    engine.dispose()


def test_a_server_that_is_away_is_a_sentence_and_works_again_after(settings: Settings, tmp_path: Path) -> None:
    with servers.postgresql() as server:
        library = Library(Settings(data=str(tmp_path / "data"), database_url=servers.new_database(server)))
        workspace = library.new_workspace()
        photo = library.add_photo(workspace, "a.jpg", jpeg())
        server.stop()
        with pytest.raises(OperationalError) as error:
            library.photos(workspace)
        assert str(known(error.value, library.folders.root)) == AWAY
        with pytest.raises(OperationalError) as error:
            library.start_run(workspace, photo.id, Wanted())
        assert str(known(error.value, library.folders.root)) == AWAY
        server.start()
        assert library.photos(workspace) == [photo]
        assert library.start_run(workspace, photo.id, Wanted()).state == "queued"
        library.close()


def test_a_library_is_moved_with_all_that_is_in_it(settings: Settings, url: str, tmp_path: Path) -> None:
    library = Library(settings)
    workspace = library.new_workspace()
    faces = [finished_face(library, workspace, f"{name}.jpg") for name in "ab"]
    library.label(workspace, faces[0], name="Anna", tags=["one", "two"])
    library.start_comparison(workspace, faces, faces[0])
    before = library.faces(workspace), library.runs(workspace), library.photos(workspace)
    library.close()
    there = Settings(data=settings.data, database_url=url)
    with pytest.raises(StorageError, match="lifemask move-library"):
        Library(there)
    moved, kept = moving.move(there)
    assert moved > 6
    assert [path.name for path in library.folders.root.glob("library*.sqlite")] == [kept.name]
    now = Library(there)
    assert (now.faces(workspace), now.runs(workspace), now.photos(workspace)) == before
    assert all(face.folder.is_dir() for face in now.faces(workspace))
    now.close()
    with pytest.raises(StorageError, match="nothing to move"):
        moving.move(there)


def test_nothing_is_moved_into_a_database_that_is_not_empty(settings: Settings, url: str, tmp_path: Path) -> None:
    other = Library(Settings(data=str(tmp_path / "other"), database_url=url))
    other.add_photo(other.new_workspace(), "a.jpg", jpeg())
    other.close()
    Library(settings).close()
    with pytest.raises(StorageError, match="not empty"):
        moving.move(Settings(data=settings.data, database_url=url))
    Library(settings).close()


def test_of_many_that_open_an_empty_database_at_once_one_makes_the_tables(url: str) -> None:
    engines: list[Engine] = []
    threads = [threading.Thread(target=lambda: engines.append(postgres.open_database(url))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engines) == 6
    for engine in engines:
        engine.dispose()


def test_all_is_moved_but_which_processes_live() -> None:
    left = {"processes", "alembic_version"}
    assert {table.__tablename__ for table in moving.ORDER} == set(Base.metadata.tables) - left


def test_storage_that_is_gone_is_a_sentence_and_all_is_there_when_it_is_back(url: str, tmp_path: Path) -> None:
    """As a shared folder whose server is away: the database has rows of what cannot be read."""
    root, away = tmp_path / "data", tmp_path / "away"
    library = Library(Settings(data=str(root), database_url=url, min_free_mb=1))
    workspace = library.new_workspace()
    face = finished_face(library, workspace)
    root.rename(away)
    with pytest.raises((StorageError, OSError)) as error:
        library.add_photo(workspace, "b.jpg", jpeg((1, 2, 3)))
    assert isinstance(known(error.value, root), StorageError), str(error.value)
    library.journal.sweep()
    assert [one.id for one in library.faces(workspace)] == [face]
    away.rename(root)
    (there,) = library.faces(workspace)
    assert there.folder.is_dir()
    library.add_photo(workspace, "b.jpg", jpeg((1, 2, 3)))
    root.rename(away)
    deletion.carry_out(library, deletion.delete_faces(library, workspace, [face]).id)
    away.rename(root)
    library.journal.sweep()
    assert not there.folder.exists()
    library.close()
