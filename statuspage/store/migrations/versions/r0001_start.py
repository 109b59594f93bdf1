"""The first tables: head, site, components and their history, journal, beliefs, observations, heartbeats."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Create everything in an empty database."""
    _state()
    _history()
    _seeing()


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _state() -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("generation", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("lease_epoch", sa.BigInteger, nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id = 1", name="head_is_one_row"),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id = 1", name="site_is_one_row"),
    )
    op.create_table(
        "components",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        _moment("since"),
        sa.Column("confirmed", sa.Text, nullable=False),
        _moment("created_at"),
        _moment("updated_at", nullable=True),
        _moment("archived_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _history() -> None:
    op.create_table(
        "spans",
        sa.Column("component", sa.Text, sa.ForeignKey("components.id"), nullable=False),
        _moment("started"),
        _moment("ended", nullable=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("component", "started"),
    )
    op.create_index("spans_by_start", "spans", ["started"])
    op.create_table(
        "days",
        sa.Column("component", sa.Text, sa.ForeignKey("components.id"), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        _moment("through"),
        sa.Column("seconds", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("component", "day"),
    )
    op.create_table(
        "journal",
        sa.Column("revision", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        _moment("at"),
        _moment("written_at"),
        sa.Column("data", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("revision", "position"),
    )


def _seeing() -> None:
    op.create_table(
        "beliefs",
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("check", sa.Text, nullable=False),
        sa.Column("folded", sa.BigInteger, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("agent", "check"),
    )
    op.create_table(
        "observations",
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("check", sa.Text, nullable=False),
        _moment("at"),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("took_ms", sa.Float, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("stage", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("stages", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("agent", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("observations_by_check", "observations", ["check", "agent", "seq"])
    op.create_table(
        "heartbeats",
        sa.Column("agent", sa.Text, nullable=False),
        _moment("at"),
        _moment("started_at"),
        _moment("last_run_at", nullable=True),
        _moment("blind_since", nullable=True),
        sa.Column("blind_reason", sa.Text),
        _moment("frozen_until", nullable=True),
        sa.PrimaryKeyConstraint("agent"),
    )
