"""A run that failed keeps the kind of its error, so that no page reads it out of the sentence."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Add the column; earlier versions wrote 'No face …' for a photo in which none was found, and nothing else so."""
    op.add_column("runs", sa.Column("error_kind", sa.String()))
    op.execute(sa.text("UPDATE runs SET error_kind = 'NoFaceError' WHERE error LIKE 'No face%'"))
