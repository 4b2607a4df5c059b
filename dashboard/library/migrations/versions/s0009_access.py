"""Who may: guesses of a password or a code are counted, sessions end, a code opens a workspace elsewhere."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "guesses",
        sa.Column("who", sa.String(), nullable=False, primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
    )
    op.create_table(
        "ended_sessions",
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        sa.Column("due", sa.Double(), nullable=False),
    )
    op.create_table(
        "codes",
        sa.Column("hash", sa.String(), nullable=False, primary_key=True),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
    )
    op.create_index("ix_codes_workspace_id", "codes", ["workspace_id"])
