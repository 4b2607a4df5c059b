"""A folder that is being written is noted with its run, so that what a killed worker left goes when its run does."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011", "0010"


def upgrade() -> None:
    """Add the column; of what is being written now nobody knows for which run."""
    op.add_column("unsettled_folders", sa.Column("run_id", sa.String(), nullable=True))
    op.create_index("ix_unsettled_folders_run_id", "unsettled_folders", ["run_id"])
