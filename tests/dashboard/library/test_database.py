"""The database of every version opens: made, upgraded with a copy beside it, or refused in a sentence."""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from core.errors import StorageError
from dashboard.library import database, migrations
from dashboard.library.database import FIRST, LATEST, STEPS, open_database
from dashboard.library.library import Library
from dashboard.library.retention import sweep
from dashboard.library.schema import Base
from dashboard.settings import Settings
from tests.dashboard.library.test_library import jpeg


def sql(file: Path, *statements: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        rows = [connection.execute(statement).fetchall() for statement in statements][-1]
        connection.commit()
    return rows


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A database with the tables of version 0.1 and no stamp, as that version left it."""
    file = tmp_path / "data" / "library.sqlite"
    file.parent.mkdir()
    engine = database.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = migrations.upgrade.Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        migrations.upgrade.command.upgrade(config, FIRST)
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    sql(file, "INSERT INTO workspaces VALUES ('w', 1.0)")
    return file


@pytest.fixture
def opened() -> Iterator[list[Engine]]:
    engines: list[Engine] = []
    yield engines
    for engine in engines:
        engine.dispose()


def photo(photo_id: str, created: float, name: str = "a.jpg") -> str:
    return f"INSERT INTO photos VALUES ('{photo_id}', 'w', '{name}', 'hash', 9, 9, NULL, {created})"


def run(run_id: str, photo_id: str, created: float, state: str = "done", error: str = "") -> str:
    return (
        "INSERT INTO runs (id, workspace_id, kind, photo_id, options, equal_key, state, stage, progress, attempts, "
        f"created, error) VALUES ('{run_id}', 'w', 'reconstruct', '{photo_id}', '{{}}', 'key', '{state}', '', 1.0, 1, "
        f"{created}, '{error}')"
    )


def face(face_id: str, run_id: str, photo_id: str) -> str:
    return f"INSERT INTO faces VALUES ('{face_id}', 'w', '{run_id}', '{photo_id}', 1, 'a', 0.9, 'builtin', 1.0)"


def test_an_upgraded_database_has_the_tables_of_a_new_one(first: Path, tmp_path: Path, opened: list[Engine]) -> None:
    opened.extend(open_database(file) for file in (first, tmp_path / "new.sqlite"))
    assert [sql(file, "SELECT version_num FROM alembic_version") for file in (first, tmp_path / "new.sqlite")] == [
        [(LATEST,)],
        [(LATEST,)],
    ]
    upgraded, new = ([described(engine, table) for table in Base.metadata.tables] for engine in opened)
    assert upgraded == new


def described(engine: Engine, table: str) -> dict[str, Any]:
    found = inspect(engine)
    indexes = {str(index["name"]): index for index in found.get_indexes(table)}
    return {
        "columns": {
            c["name"]: (str(c["type"]), c["nullable"], c.get("primary_key", 0)) for c in found.get_columns(table)
        },
        "foreign": sorted(
            (*k["constrained_columns"], k["referred_table"], str(k["options"])) for k in found.get_foreign_keys(table)
        ),
        "indexes": {
            name: (i["column_names"], bool(i["unique"]), {k: str(v) for k, v in i["dialect_options"].items()})
            for name, i in indexes.items()
        },
    }


def test_each_step_follows_the_one_before() -> None:
    assert tuple(f"{number:04}" for number in range(1, len(STEPS) + 1)) == STEPS


def test_an_earlier_library_is_upgraded_and_a_copy_stays(first: Path, opened: list[Engine]) -> None:
    sql(first, photo("p1", 1.0), photo("p2", 2.0), photo("p3", 3.0, "b.jpg"))
    sql(first, run("r1", "p1", 1.0), run("r2", "p2", 2.0), run("r3", "p2", 3.0, "failed", "No face found in a.jpg."))
    sql(first, face("f1", "r1", "p1"), face("f2", "r2", "p2"))
    opened.append(open_database(first))
    assert sql(first, "SELECT id FROM photos ORDER BY id") == [("p1",), ("p3",)]  # p2 was p1 again
    assert sql(first, "SELECT id, photo_id FROM faces ORDER BY id") == [("f1", "p1"), ("f2", "p1")]
    runs = sql(first, "SELECT id, photo_id, equal_key, error_kind FROM runs ORDER BY id")
    assert runs == [("r1", "p1", "r1", None), ("r2", "p1", "key", None), ("r3", "p1", "key", "NoFaceError")]
    assert sql(first, "SELECT name, doomed FROM unsettled_folders") == [("photos/p2", 1)]
    (backup,) = first.parent.glob("library-before-*.sqlite")
    assert sql(backup, "SELECT count(*) FROM photos") == [(3,)]
    for again in (photo("p4", 4.0), run("r4", "p1", 4.0)):
        with pytest.raises(sqlite3.IntegrityError):
            sql(first, again)
    open_database(first).dispose()
    assert len(list(first.parent.glob("library-before-*.sqlite"))) == 1


def test_an_upgrade_that_fails_changes_nothing(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql(first, photo("p1", 1.0))
    before = sql(first, "SELECT sql FROM sqlite_master ORDER BY name")

    def fails(connection: Any, step: str) -> None:
        connection.exec_driver_sql("DROP TABLE compared")
        connection.exec_driver_sql("DELETE FROM photos")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migrations.upgrade, "run", fails)
    with pytest.raises(StorageError, match="the disk is full"):
        open_database(first)
    assert sql(first, "SELECT sql FROM sqlite_master ORDER BY name") == before
    assert sql(first, "SELECT id FROM photos") == [("p1",)]


def test_a_later_version_is_refused(settings: Settings) -> None:
    library = Library(settings)
    library.close()
    sql(library.folders.database, "UPDATE alembic_version SET version_num = '0999'")
    before = library.folders.database.read_bytes()
    with pytest.raises(StorageError, match=r"later version of Lifemask .*step 0999"):
        Library(settings)
    assert library.folders.database.read_bytes() == before


def test_many_that_open_a_new_folder_at_once_all_can(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        libraries = list(pool.map(lambda _: Library(settings), range(8)))
    workspace = libraries[0].new_workspace()
    photo = libraries[0].add_photo(workspace, "a.jpg", jpeg())
    assert all(library.photos(workspace) == [photo] for library in libraries)
    for library in libraries:
        library.close()


@pytest.mark.parametrize("name", ["what?", "50%", "a#b", "mode=ro&x"])
def test_the_database_stands_in_the_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    library = Library(Settings(data=str(tmp_path / name)))
    library.add_photo(library.new_workspace(), "a.jpg", jpeg())
    library.close()
    assert (tmp_path / name / "library.sqlite").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


START = "from dashboard.library.library import Library; from dashboard.settings import Settings; import sys, time\n"


def test_many_processes_that_start_on_a_new_folder_at_once_all_can(tmp_path: Path) -> None:
    code = (
        f"{START}time.sleep(max(0.0, float(sys.argv[2]) - time.time()))\n"
        "library = Library(Settings(data=sys.argv[1]))\n"
        "print(library.folders.secret())\n"
    )
    together = str(time.time() + 4.0)  # when all have loaded what they need
    command = [sys.executable, "-c", code, str(tmp_path / "data"), together]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in started]
    assert [(said, code) for _, said, code in ends] == [("", 0)] * 4
    assert len({secret for secret, _, _ in ends}) == 1


def serve(data: Path) -> tuple[int, str]:
    """The exit code of `lifemask serve` that cannot start, and what it says."""
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0", "--no-worker", "--data", str(data)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3]
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("how", ["garbage", "beginning", "truncated", "a folder"])
def test_a_start_with_a_damaged_database_is_one_sentence(settings: Settings, how: str) -> None:
    library = Library(settings)
    library.add_photo(library.new_workspace(), "a.jpg", jpeg())
    library.close()
    file = library.folders.database
    data = file.read_bytes()
    changed = {
        "garbage": b"no database " * 1000,
        "beginning": bytes(50) + data[50:],
        "truncated": data[: 3 * 4096 + 100],
    }
    if how == "a folder":
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(changed[how])
    before = files(library.folders.root)
    code, said = serve(library.folders.root)
    assert (code, said.count("\n")) == (2, 1)
    reason = "cannot be written: its rights do not allow it." if how == "a folder" else "is damaged ("
    assert re.fullmatch(rf"lifemask: .*{re.escape(str(file))} {re.escape(reason)}.*\.\n", said), said
    assert files(library.folders.root) == before


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_start_with_a_database_that_cannot_be_written_is_one_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library(settings).close()
    make = database.create_engine

    def read_only(_: Any, **__: Any) -> Engine:  # as its rights make it for everybody but root
        return make(f"sqlite:///file:{settings.data_folder}/library.sqlite?mode=ro&uri=true")

    monkeypatch.setattr(database, "create_engine", read_only)
    with pytest.raises(StorageError) as said:
        Library(settings)
    assert str(said.value) == (
        f"{settings.data_folder}/library.sqlite cannot be written: its rights do not allow it. "
        "Change its rights, or choose another place."
    )


def test_a_start_while_another_program_writes_is_one_sentence(settings: Settings) -> None:
    Library(settings).close()
    file = settings.data_folder / "library.sqlite"
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as said:
            Library(settings, patience_s=0.1)
    assert str(said.value) == f"Another program writes to {file}. Wait for its end, and start again."
    Library(settings).close()


@pytest.mark.parametrize("left", ["", "\n", "  \n"])
def test_an_empty_key_is_no_key(library: Library, left: str) -> None:
    file = library.folders.root / "secret"
    file.write_text(left)
    made = library.folders.secret()
    assert re.fullmatch("[0-9a-f]{64}", made)
    assert file.read_text() == made == library.folders.secret()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", ["empty", "missing"])
def test_a_library_that_begins_beside_photos_of_another_keeps_them_and_says_so(
    settings: Settings, left: str, caplog: pytest.LogCaptureFixture
) -> None:
    library = Library(settings)
    workspace = library.new_workspace()
    kept = [library.add_photo(workspace, f"{n}.jpg", jpeg((n, 2, 3))) for n in range(3)]
    library.folders.face("f" * 32).mkdir()
    library.close()
    assert "does not know" not in caplog.text
    file = library.folders.database
    backup = file.read_bytes()
    file.write_bytes(b"") if left == "empty" else file.unlink()
    before = files(library.folders.photos)
    long_after = Library(settings, clock=lambda: time.time() + 30 * 86400.0)
    assert f"holds {len(kept)} photos that it does not know. They stay where they are" in caplog.text
    sweep(long_after)
    long_after.close()
    assert files(library.folders.photos) == before
    assert library.folders.face("f" * 32).is_dir()
    assert not library.folders.quarantine.exists()
    file.write_bytes(backup)
    again = Library(settings)
    assert {photo.id for photo in again.photos(workspace)} == {photo.id for photo in kept}
    again.close()
