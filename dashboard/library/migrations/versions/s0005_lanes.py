"""Work that nobody asked for by name waits behind what somebody did; who was served last waits longest."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    """Add the columns; all that is there was asked for, and nobody has been served."""
    op.add_column("runs", sa.Column("asked", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("workspaces", sa.Column("served", sa.Double(), nullable=False, server_default="0"))
