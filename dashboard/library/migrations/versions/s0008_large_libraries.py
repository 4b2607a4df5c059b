"""A library of thousands of faces answers at once: what has changed, and what is newest, is read from indexes."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0008", "0007"


def upgrade() -> None:
    """Add the marks of faces, which differ from the first change on, and the indexes."""
    op.add_column("faces", sa.Column("mark", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("faces_newest", "faces", ["workspace_id", "created"])
    op.create_index("faces_marks", "faces", ["workspace_id", "mark"])
    op.create_index("runs_of", "runs", ["workspace_id", "state", "ended"])
