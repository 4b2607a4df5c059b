"""A face that may be none keeps what a person has said of it."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0007", "0006"


def upgrade() -> None:
    """Add the column; of faces that are there nobody has said anything."""
    op.add_column("faces", sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false()))
