"""Who watches a server sees which processes live, and what became of runs, also of those that are deleted since."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    """Make the tables of processes and of tallies."""
    op.create_table(
        "processes",
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("began", sa.Double(), nullable=False),
        sa.Column("seen", sa.Double(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "tallies",
        sa.Column("what", sa.String(), nullable=False, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False, primary_key=True),
        sa.Column("label", sa.String(), nullable=False, primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
    )
