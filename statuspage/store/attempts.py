"""Failed tries, one row a key, the same for every worker and after every restart."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from statuspage.core.throttle import Limit, Tries, charge, give_back, wait
from statuspage.store.database import upsert
from statuspage.store.schema import attempts

KEPT = timedelta(days=1)
Limits = Mapping[str, Limit]


def reserve(connection: Connection, limits: Limits, now: datetime) -> timedelta:
    """Charge a try to every key; or, where one of them has to wait, charge nothing and say how long."""
    connection.execute(delete(attempts).where(attempts.c.until < now - KEPT))
    fresh = [{"key": key, "count": 0, "since": now, "until": now} for key in sorted(limits)]
    upsert(connection, attempts, fresh, keep=True)
    held = _locked(connection, limits)
    longest = max(wait(held[key], limit, now) for key, limit in limits.items())
    if not longest:
        _write(connection, {key: charge(held[key], limit, now) for key, limit in limits.items()})
    return longest


def forgive(connection: Connection, limits: Limits, now: datetime) -> None:
    """Take back the charge of a try that was good."""
    held = _locked(connection, limits)
    _write(connection, {key: give_back(tries, limits[key], now) for key, tries in held.items()})


def _locked(connection: Connection, limits: Limits) -> dict[str, Tries]:
    """The rows, locked in one order, so that two tries cannot wait for each other."""
    wanted = select(attempts).where(attempts.c.key.in_(limits)).order_by(attempts.c.key).with_for_update()
    found = (row._mapping for row in connection.execute(wanted))
    return {row["key"]: Tries(row["count"], row["since"], row["until"]) for row in found}


def _write(connection: Connection, changed: Mapping[str, Tries]) -> None:
    for key, tries in changed.items():
        values = {"count": tries.count, "since": tries.since, "until": tries.until}
        connection.execute(update(attempts).where(attempts.c.key == key).values(**values))
