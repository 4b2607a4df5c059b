"""The tables of version 0.1."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables as version 0.1 had them."""
    # runs and faces refer to each other, of which SQLite alone takes note before both are there, and not after
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        sa.Column("created", sa.Double(), nullable=False),
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        _belongs_to("workspaces", nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("focal_35mm", sa.Double()),
        sa.Column("created", sa.Double(), nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        _belongs_to("workspaces", nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _belongs_to("photos", nullable=True),
        _belongs_to("faces", nullable=True) if is_sqlite else sa.Column("face_id", sa.String()),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("equal_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("error", sa.String()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.Column("lease_until", sa.Double()),
        sa.Column("created", sa.Double(), nullable=False),
        sa.Column("started", sa.Double()),
        sa.Column("ended", sa.Double()),
    )
    op.create_table(
        "faces",
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        _belongs_to("workspaces", nullable=False),
        _belongs_to("runs", nullable=False),
        _belongs_to("photos", nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
    )
    op.create_table(
        "compared",
        _belongs_to("runs", nullable=False, primary_key=True),
        _belongs_to("faces", nullable=False, primary_key=True),
    )
    if not is_sqlite:
        op.create_foreign_key(None, "runs", "faces", ["face_id"], ["id"], ondelete="CASCADE")
    for table, column in (
        ("photos", "workspace_id"),
        ("runs", "workspace_id"),
        ("faces", "workspace_id"),
        ("faces", "run_id"),
        ("faces", "photo_id"),
        ("compared", "face_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_index("runs_queue", "runs", ["state", "created"])
    op.create_index("runs_equal", "runs", ["workspace_id", "equal_key"])


def _belongs_to(table: str, *, nullable: bool, primary_key: bool = False) -> "sa.Column[str]":
    column = f"{table.removesuffix('s')}_id"
    owner = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(column, sa.String(), owner, nullable=nullable, primary_key=primary_key)
