"""The tables, as they are at `REVISION`. Migrations write them; a test compares the two.

Moments are stored in UTC and come back aware on both engines, microseconds kept. Documents are JSON whose
shape is a core value's; what a query filters or sorts by is a column of its own.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

REVISION = "0004"
"""The newest migration. A program works with a database of exactly this revision."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. A naive one is refused with a ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone cannot be stored: {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()


def _moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=nullable)


head = Table(
    "head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="head_is_one_row"), primary_key=True, autoincrement=False),
    Column("generation", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("lease_epoch", BigInteger, nullable=False),
    _moment("created_at"),
)

site = Table(
    "site",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="site_is_one_row"), primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("document", JSON, nullable=False),
)

components = Table(
    "components",
    metadata,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    _moment("since"),
    Column("confirmed", Text, nullable=False),
    _moment("created_at"),
    _moment("updated_at", nullable=True),
    _moment("archived_at", nullable=True),
)

spans = Table(
    "spans",
    metadata,
    Column("component", Text, ForeignKey("components.id"), primary_key=True),
    Column("started", Moment, primary_key=True),
    _moment("ended", nullable=True),
    Column("status", Text, nullable=False),
    Index("spans_by_start", "started"),
)

days = Table(
    "days",
    metadata,
    Column("component", Text, ForeignKey("components.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    _moment("through"),
    Column("seconds", JSON, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    _moment("at"),
    _moment("written_at"),
    Column("data", JSON, nullable=False),
)

beliefs = Table(
    "beliefs",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("check", Text, primary_key=True),
    Column("folded", BigInteger, nullable=False),
    Column("document", JSON, nullable=False),
)

observations = Table(
    "observations",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("check", Text, nullable=False),
    _moment("at"),
    Column("outcome", Text, nullable=False),
    Column("took_ms", Float, nullable=False),
    Column("reason", Text),
    Column("stage", Text),
    Column("detail", Text, nullable=False),
    Column("stages", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Index("observations_by_check", "check", "agent", "seq"),
    # Rows are looked up by this key only: a second tree of row ids would double what a batch writes.
    sqlite_with_rowid=False,
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("agent", Text, primary_key=True),
    _moment("at"),
    _moment("started_at"),
    _moment("last_run_at", nullable=True),
    _moment("blind_since", nullable=True),
    Column("blind_reason", Text),
    _moment("frozen_until", nullable=True),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    # In use: it goes on, or a draft of it waits. Everything else is asked for by id only.
    Column("live", Integer, nullable=False),
    Column("public", Integer, nullable=False),
    _moment("started_at"),
    _moment("updated_at"),
    Column("document", JSON, nullable=False),
    Index("incidents_by_start", "public", "started_at"),
    Index("incidents_live", "live", "updated_at"),
)

# One open incident a cause, held by the key itself.
open_causes = Table(
    "open_causes",
    metadata,
    Column("cause", Text, primary_key=True),
    Column("incident", Text, ForeignKey("incidents.id"), nullable=False),
)

maintenances = Table(
    "maintenances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("live", Integer, nullable=False),
    _moment("starts"),
    _moment("updated_at"),
    Column("document", JSON, nullable=False),
    Index("maintenances_by_start", "starts"),
)

overrides = Table(
    "overrides",
    metadata,
    Column("component", Text, ForeignKey("components.id"), primary_key=True),
    Column("document", JSON, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    Column("destination", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("update", Text),
    _moment("at"),
    _moment("due"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claim", Text),
    _moment("claimed_until", nullable=True),
    _moment("first_tried_at", nullable=True),
    _moment("settled_at", nullable=True),
    Column("last_error", Text),
    Column("data", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index("outbox_waiting", "state", "due"),
    Index("outbox_queues", "destination", "queue", "number"),
    Index("outbox_updates", "update"),
)

routes = Table(
    "routes",
    metadata,
    Column("route", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("document", JSON, nullable=False),
)

# What applications say of users and of new connections; of routes and providers, the newest of the last day.
signals = Table(
    "signals",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("users", BigInteger),
    Column("connects_per_s", Float),
)

# What users felt of providers: by slots of ten seconds as each worker of the web counted them, and by hours.
felt = Table(
    "felt",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("counts", JSON, nullable=False),
    Index("felt_by_time", "at"),
)

felt_hours = Table(
    "felt_hours",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("counts", JSON, nullable=False),
)

# The providers whose room was told to run low.
low_rooms = Table("low_rooms", metadata, Column("provider", Text, primary_key=True))

# A destination that answered 410, or was refused for good, until somebody looks.
silenced = Table(
    "silenced",
    metadata,
    Column("destination", Text, primary_key=True),
    _moment("at"),
    Column("reason", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password", Text),
    # The seed of its codes, encrypted with the site's secret key.
    Column("totp", LargeBinary),
    # The newest step of a code that was used: none is taken twice.
    Column("totp_step", BigInteger, nullable=False),
    _moment("created_at"),
    _moment("disabled_at", nullable=True),
    _moment("last_login_at", nullable=True),
)

# Sessions, tokens and invitations are found by the hash of what the holder shows; the thing itself is not kept.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    _moment("created_at"),
    _moment("seen_at"),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Index("sessions_by_user", "user"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("by", Text, nullable=False),
    _moment("created_at"),
    _moment("used_at", nullable=True),
    _moment("expires_at", nullable=True),
    _moment("revoked_at", nullable=True),
)

invitations = Table(
    "invitations",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("by", Text, nullable=False),
    # Set: it lets this user choose a new password and new codes; None: it makes a new user.
    Column("user", Text, ForeignKey("users.name")),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("used_at", nullable=True),
)

# Failed attempts, shared by every worker: one row an address, and one a hash of an account, for people type passwords
# into that field.
attempts = Table(
    "attempts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    _moment("since"),
    _moment("until"),
)
