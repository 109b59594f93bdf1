"""Incidents, maintenances, overrides; the outbox; users, sessions, tokens, invitations, attempts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Add what incidents, delivery and the staff area keep."""
    _incidents()
    _outbox()
    _accounts()


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False)


def _document(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)


def _incidents() -> None:
    op.create_table(
        "incidents",
        _text("id"),
        _number("number"),
        _number("version"),
        _flag("live"),
        _flag("public"),
        _moment("started_at"),
        _moment("updated_at"),
        _document("document"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("incidents_by_start", "incidents", ["public", "started_at"])
    op.create_index("incidents_live", "incidents", ["live", "updated_at"])
    op.create_table(
        "open_causes",
        _text("cause"),
        sa.Column("incident", sa.Text, sa.ForeignKey("incidents.id"), nullable=False),
        sa.PrimaryKeyConstraint("cause"),
    )
    op.create_table(
        "maintenances",
        _text("id"),
        _number("number"),
        _number("version"),
        _flag("live"),
        _moment("starts"),
        _moment("updated_at"),
        _document("document"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("maintenances_by_start", "maintenances", ["starts"])
    op.create_table(
        "overrides",
        sa.Column("component", sa.Text, sa.ForeignKey("components.id"), nullable=False),
        _document("document"),
        sa.PrimaryKeyConstraint("component"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        _text("id"),
        _number("number"),
        _number("revision"),
        _text("destination"),
        _text("queue"),
        _text("kind"),
        _text("subject"),
        _text("update", nullable=True),
        _moment("at"),
        _moment("due"),
        _text("state"),
        _flag("attempts"),
        _text("claim", nullable=True),
        _moment("claimed_until", nullable=True),
        _moment("first_tried_at", nullable=True),
        _moment("settled_at", nullable=True),
        _text("last_error", nullable=True),
        _document("data"),
        _document("evidence"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("outbox_waiting", "outbox", ["state", "due"])
    op.create_index("outbox_queues", "outbox", ["destination", "queue", "number"])
    op.create_index("outbox_updates", "outbox", ["update"])
    op.create_table(
        "silenced", _text("destination"), _moment("at"), _text("reason"), sa.PrimaryKeyConstraint("destination")
    )


def _accounts() -> None:
    op.create_table(
        "users",
        _text("name"),
        _text("role"),
        _text("password", nullable=True),
        sa.Column("totp", sa.LargeBinary, nullable=True),
        _number("totp_step"),
        _moment("created_at"),
        _moment("disabled_at", nullable=True),
        _moment("last_login_at", nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "sessions",
        _text("id"),
        sa.Column("user", sa.Text, sa.ForeignKey("users.name"), nullable=False),
        _moment("created_at"),
        _moment("seen_at"),
        _text("address"),
        _text("agent"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sessions_by_user", "sessions", ["user"])
    op.create_table(
        "tokens",
        _text("id"),
        _text("hash"),
        _text("name"),
        _text("role"),
        _text("by"),
        _moment("created_at"),
        _moment("used_at", nullable=True),
        _moment("expires_at", nullable=True),
        _moment("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "invitations",
        _text("hash"),
        _text("role"),
        _text("by"),
        sa.Column("user", sa.Text, sa.ForeignKey("users.name"), nullable=True),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "attempts", _text("key"), _flag("count"), _moment("since"), _moment("until"), sa.PrimaryKeyConstraint("key")
    )
