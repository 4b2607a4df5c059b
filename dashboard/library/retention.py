"""What is deleted by itself: photos past their time, workspaces that stay empty, what a killed process left."""

from sqlalchemy import delete, select

from dashboard.library import deletion, schema
from dashboard.library.library import Library

DAY_S = 86400.0
EMPTY_DAYS = 30.0


def sweep(library: Library) -> None:
    """Delete photos after `retention_days` (a setting), empty workspaces after `EMPTY_DAYS`; clear up."""
    now, days = library.clock(), library.settings.retention_days
    if days:
        deletion.delete_photos(library, select(schema.Photo.id).where(schema.Photo.created < now - days * DAY_S))
    with library.session.begin() as session:
        old = schema.Workspace.created < now - EMPTY_DAYS * DAY_S
        used = select(schema.Photo.workspace_id).union(
            select(schema.Run.workspace_id), select(schema.Deletion.workspace_id), select(schema.Deletion.id)
        )
        session.execute(delete(schema.Workspace).where(old, schema.Workspace.id.not_in(used)))
    library.journal.sweep()
