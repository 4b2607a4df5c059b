"""Deletions can be undone for a while; a face has a title, a person and tags (see `dashboard.library.deletion`)."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    """Make the tables of deletions and of tags; add the columns of a face."""
    op.create_table(
        "deletions",
        sa.Column("id", sa.String(), _of("workspaces"), nullable=False, primary_key=True),
        sa.Column("workspace_id", sa.String(), _of("workspaces"), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
    )
    op.create_index("ix_deletions_workspace_id", "deletions", ["workspace_id"])
    op.create_table(
        "tags",
        sa.Column("face_id", sa.String(), _of("faces"), nullable=False, primary_key=True),
        sa.Column("tag", sa.String(), nullable=False, primary_key=True),
    )
    op.add_column("faces", sa.Column("title", sa.String()))
    op.add_column("faces", sa.Column("person", sa.String()))


def _of(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
