"""Folders that are being written or removed are noted (see `dashboard.library.journal`)."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Make the table of notes."""
    op.create_table(
        "unsettled_folders",
        sa.Column("name", sa.String(), nullable=False, primary_key=True),
        sa.Column("doomed", sa.Boolean(), nullable=False),
        sa.Column("begun", sa.Double(), nullable=False),
    )
