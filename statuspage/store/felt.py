"""What users felt of providers: slots as workers of the web counted them, and hours as pages show them.

Slots are kept for a week and hours for a quarter of a year. Pages are made from hours only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from statuspage.core.felt import HOUR, Counts, Stretch, begun
from statuspage.core.load import BASELINE, FRESH
from statuspage.store.database import upsert
from statuspage.store.documents import Document
from statuspage.store.schema import felt, felt_hours

KEEP_SLOTS, KEEP_HOURS = timedelta(days=7), timedelta(days=90)
SHOWN = timedelta(hours=24)
LATE = timedelta(minutes=10)
"""A worker whose database was away brings slots this late at most: until then an hour is summed up anew."""

_COUNTS = Document(Counts)


def add(connection: Connection, worker: str, counted: Iterable[tuple[str, Stretch]]) -> None:
    """Keep finished slots, each with its provider. What the same worker says of the same slot again replaces it."""
    rows = [
        {"provider": provider, "at": slot.at, "worker": worker, "counts": _COUNTS.write(slot.counts)}
        for provider, slot in counted
    ]
    upsert(connection, felt, rows)


def read(connection: Connection, now: datetime) -> dict[str, tuple[Stretch, ...]]:
    """The slots of the last quarter of an hour by provider, all workers together, the oldest first."""
    return _by_provider(_slots(connection, now - BASELINE - FRESH))


def roll_up(connection: Connection, now: datetime) -> int:
    """Sum up the slots of the hours that may have new ones; how many hours were written."""
    oldest, newest = (
        connection.scalar(select(func.min(felt.c.at))),
        connection.scalar(select(func.max(felt_hours.c.at))),
    )
    if oldest is None:
        return 0
    begin = begun(max(oldest, min(newest or oldest, now - LATE)), HOUR)
    summed: dict[tuple[str, datetime], Counts] = {}
    for (provider, at), counts in _slots(connection, begin).items():
        hour = (provider, begun(at, HOUR))
        summed[hour] = summed.get(hour, Counts()) + counts
    rows = [
        {"provider": provider, "at": at, "counts": _COUNTS.write(counts)} for (provider, at), counts in summed.items()
    ]
    upsert(connection, felt_hours, rows)
    return len(rows)


def read_hours(connection: Connection, now: datetime) -> dict[str, tuple[Stretch, ...]]:
    """The hours of the last day by provider, the present one among them, the oldest first."""
    lately = select(felt_hours).where(felt_hours.c.at > begun(now, HOUR) - SHOWN)
    return _by_provider({(row.provider, row.at): _COUNTS.read(row.counts) for row in connection.execute(lately)})


def prune(connection: Connection, now: datetime) -> int:
    """Remove what is too old; how many rows that were."""
    slots = connection.execute(delete(felt).where(felt.c.at < now - KEEP_SLOTS)).rowcount
    return slots + connection.execute(delete(felt_hours).where(felt_hours.c.at < now - KEEP_HOURS)).rowcount


def _slots(connection: Connection, begin: datetime) -> dict[tuple[str, datetime], Counts]:
    found: dict[tuple[str, datetime], Counts] = {}
    for row in connection.execute(select(felt).where(felt.c.at >= begin)):
        slot = (row.provider, row.at)
        found[slot] = found.get(slot, Counts()) + _COUNTS.read(row.counts)
    return found


def _by_provider(counted: Mapping[tuple[str, datetime], Counts]) -> dict[str, tuple[Stretch, ...]]:
    found: dict[str, tuple[Stretch, ...]] = {}
    for (provider, at), counts in sorted(counted.items(), key=lambda each: each[0]):
        found[provider] = (*found.get(provider, ()), Stretch(at, counts))
    return found
