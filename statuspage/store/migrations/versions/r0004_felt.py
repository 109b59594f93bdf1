"""What users felt: by slots of ten seconds, and by hours."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Add what beacons are counted into."""
    op.create_table(
        "felt",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("provider", "at", "worker"),
    )
    op.create_index("felt_by_time", "felt", ["at"])
    op.create_table(
        "felt_hours",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("provider", "at"),
    )
