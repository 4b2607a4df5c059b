"""A photo is stored once, and equal work is queued once: the database itself sees to it. Faster look-ups beside it."""

import time

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """Make one of what there is twice, then forbid it."""
    _merge_equal_photos()
    _keep_one_key_of_equal_runs()
    op.create_index("photos_equal", "photos", ["workspace_id", "sha256", "name"], unique=True)
    op.drop_index("runs_equal", "runs")
    lasting = sa.text("state IN ('queued', 'running', 'done')")
    op.create_index(
        "runs_equal", "runs", ["workspace_id", "equal_key"], unique=True, sqlite_where=lasting, postgresql_where=lasting
    )
    for table, column in (("runs", "photo_id"), ("runs", "face_id"), ("photos", "created")):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _merge_equal_photos() -> None:
    """Hand runs and faces of a photo that was stored twice to the first of the two; the other's files go later."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, workspace_id, sha256, name FROM photos ORDER BY created, id")).all()
    first: dict[tuple[str, str, str], str] = {}
    for photo_id, *key in rows:
        kept = first.setdefault((key[0], key[1], key[2]), photo_id)
        if kept == photo_id:
            continue
        for statement in (
            "UPDATE runs SET photo_id = :kept WHERE photo_id = :twin",
            "UPDATE faces SET photo_id = :kept WHERE photo_id = :twin",
            "DELETE FROM photos WHERE id = :twin",
        ):
            connection.execute(sa.text(statement), {"kept": kept, "twin": photo_id})
        connection.execute(
            sa.text("INSERT INTO unsettled_folders (name, doomed, begun) VALUES (:name, :doomed, :begun)"),
            {"name": f"photos/{photo_id}", "doomed": True, "begun": time.time()},
        )


def _keep_one_key_of_equal_runs() -> None:
    """Leave the key to the newest of equal runs; the others keep their results and are found no more as equal."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT id, workspace_id, equal_key FROM runs WHERE state IN ('queued', 'running', 'done') "
            "ORDER BY created DESC, id"
        )
    ).all()
    seen: set[tuple[str, str]] = set()
    for run_id, workspace_id, key in rows:
        if (workspace_id, key) in seen:
            connection.execute(sa.text("UPDATE runs SET equal_key = id WHERE id = :id"), {"id": run_id})
        seen.add((workspace_id, key))
