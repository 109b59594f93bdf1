"""Routes, signals, rooms that run low."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Add what failover keeps."""
    op.create_table(
        "routes",
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("route"),
    )
    op.create_table(
        "signals",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("users", sa.BigInteger),
        sa.Column("connects_per_s", sa.Float),
        sa.PrimaryKeyConstraint("subject", "at"),
    )
    op.create_table("low_rooms", sa.Column("provider", sa.Text, nullable=False), sa.PrimaryKeyConstraint("provider"))
