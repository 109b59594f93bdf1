"""Routes as they stand, what applications say of their load, and the providers whose room runs low."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from statuspage.core.load import BASELINE, FRESH, Signal
from statuspage.core.route import RouteState
from statuspage.store.database import upsert
from statuspage.store.documents import Document
from statuspage.store.schema import low_rooms, routes, signals

KEEP_SIGNALS = timedelta(days=1)

_ROUTE = Document(RouteState)


def read_routes(connection: Connection) -> dict[str, RouteState]:
    """Every route by id, those that left the configuration among them."""
    found = connection.execute(select(routes.c.document).order_by(routes.c.route))
    return {each.route: each for each in (_ROUTE.read(row.document) for row in found)}


def write_routes(connection: Connection, written: Sequence[RouteState]) -> None:
    """Write them whole."""
    rows = [{"route": each.route, "epoch": each.epoch, "document": _ROUTE.write(each)} for each in written]
    upsert(connection, routes, rows)


def read_signals(connection: Connection, now: datetime) -> dict[str, tuple[Signal, ...]]:
    """What was said lately, by subject, the oldest first."""
    lately = select(signals).where(signals.c.at > now - BASELINE - FRESH).order_by(signals.c.subject, signals.c.at)
    found: dict[str, list[Signal]] = {}
    for row in connection.execute(lately):
        found.setdefault(row.subject, []).append(Signal(row.subject, row.at, row.users, row.connects_per_s))
    return {subject: tuple(each) for subject, each in found.items()}


def add_signals(connection: Connection, said: Iterable[Signal], now: datetime) -> None:
    """Keep what was said, by seconds; the same second said again replaces it. What is a day old goes.

    Every decision reads a quarter of an hour of them, however often somebody says something.
    """
    by_second = {(each.subject, each.at.replace(microsecond=0)): each for each in said}
    rows = [
        {"subject": subject, "at": at, "users": each.users, "connects_per_s": each.connects_per_s}
        for (subject, at), each in by_second.items()
    ]
    upsert(connection, signals, rows)
    connection.execute(delete(signals).where(signals.c.at < now - KEEP_SIGNALS))


def read_low(connection: Connection) -> frozenset[str]:
    """The providers whose room was told to run low."""
    return frozenset(connection.scalars(select(low_rooms.c.provider)))


def write_low(connection: Connection, low: frozenset[str]) -> None:
    """Replace them."""
    connection.execute(delete(low_rooms))
    upsert(connection, low_rooms, [{"provider": each} for each in sorted(low)], keep=True)
