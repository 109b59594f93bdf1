"""The outbox: what is to be told, written with what it tells of, and taken out one message of a queue at a time.

A message is claimed before it is sent and marked afterwards; a claim ends by itself, so that those of a dead worker
come back. Who lost a claim changes nothing. Between sending and marking a worker may die: then the message is
sent again, under the same id. Numbers order a queue; they are given under the lock of `head`.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, literal, or_, select, update
from sqlalchemy.engine import Row

from statuspage.core.retrying import BEGINNINGS, FOLLOWERS, TRIGGERS, overtaken, pointless
from statuspage.core.telling import Destination, Message, MessageState
from statuspage.store import components
from statuspage.store.database import Database, upsert
from statuspage.store.schema import Moment, incidents, outbox, silenced

WAITING, DELIVERED, DEAD, DROPPED = (state.value for state in MessageState)
_FREE: Final[Mapping[str, Any]] = {"claim": None, "claimed_until": None}


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one message, until `until`. `token` proves it when the end is marked."""

    message: Message
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """A destination that is left alone, since when and why."""

    at: datetime
    reason: str


def write(connection: Connection, messages: Sequence[Message], revision: int) -> None:
    """Append messages inside a deciding transaction. Each has its number already (`next_number`)."""
    if messages:
        connection.execute(outbox.insert(), [_as_row(message, revision) for message in messages])


def supersede(connection: Connection, newer: Message, now: datetime) -> int:
    """Drop what waits to have an actuator act on an older epoch of the same route, and is not under way; how many."""
    same = and_(outbox.c.destination == newer.destination, outbox.c.queue == newer.queue, outbox.c.kind == newer.kind)
    wanted = and_(same, outbox.c.number < newer.number, outbox.c.state == WAITING, _unclaimed(now))
    return _drop(connection, wanted, SUPERSEDED, now)


def next_number(connection: Connection) -> int:
    """The number after the highest one there is. The caller holds the lock of `head`."""
    return (connection.scalar(select(func.max(outbox.c.number))) or 0) + 1


def is_out(connection: Connection, update_ids: Collection[str]) -> bool:
    """Whether anybody was told of these updates, or is being told just now."""
    if not update_ids:
        return False
    begun = and_(outbox.c.update.in_(update_ids), or_(outbox.c.attempts > 0, outbox.c.state == DELIVERED))
    return connection.scalar(select(exists().where(begun))) is True


def drop_updates(connection: Connection, update_ids: Collection[str], now: datetime) -> int:
    """Drop what waits to tell of these updates and nobody is sending just now; how many."""
    if not update_ids:
        return 0
    wanted = and_(outbox.c.update.in_(update_ids), outbox.c.state == WAITING, _unclaimed(now))
    return _drop(connection, wanted, "undone", now)


def bury(connection: Connection, message: str, token: str, error: str, now: datetime) -> bool:
    """Mark a message as refused for good; False when the claim was lost."""
    values = {"state": DEAD, "settled_at": now, "last_error": _storable(error), **_FREE}
    return connection.execute(update(outbox).where(_held(message, token)).values(values)).rowcount == 1


def settle(connection: Connection, message: str, token: str, now: datetime) -> bool:
    """Mark a message as taken; False when the claim was lost."""
    values = {"state": DELIVERED, "settled_at": now, "last_error": None, **_FREE}
    return connection.execute(update(outbox).where(_held(message, token)).values(values)).rowcount == 1


def silence(connection: Connection, destination: str, reason: str, now: datetime) -> None:
    """Leave a destination alone. The first reason stays."""
    row = {"destination": destination, "at": now, "reason": _storable(reason)}
    upsert(connection, silenced, [row], keep=True)


SUPERSEDED = "the route has moved on: only its newest epoch is acted on"


class Outbox:
    """Safe to use from several threads and processes. Every method may raise StoreError; then nothing was changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # sending

    def claim(self, now: datetime, room: Mapping[str, int], lease: timedelta, worker: str) -> tuple[Claim, ...]:
        """Take due messages, at most `room[destination]` of each, oldest first; none of a silenced destination.

        Only the oldest waiting message of a (destination, queue) can be taken. One whose sending has no point any
        more (core.retrying.pointless) is dropped instead.
        """
        wanted = self._database.read(lambda connection: _candidates(connection, now, room))
        if not wanted:
            return ()  # a poll that finds nothing takes no lock
        token = f"{worker}/{secrets.token_hex(6)}"

        def take(connection: Connection) -> tuple[Claim, ...]:
            claims = (_take(connection, each, now, lease, token) for each in wanted)
            return tuple(claim for claim in claims if claim is not None)

        return self._database.write_once(take)

    def delivered(self, message: str, token: str, now: datetime) -> bool:
        """Mark it as taken. False, and nothing changed, when the claim was lost; so with all marks."""
        return self._mark(message, token, {"state": DELIVERED, "settled_at": now, "last_error": None})

    def retry(self, message: str, token: str, due: datetime, error: str) -> bool:
        """Give it back, to be tried again at `due`."""
        return self._mark(message, token, {"due": due, "last_error": error})

    def dead(self, message: str, token: str, error: str, now: datetime) -> bool:
        """Mark it as refused for good."""
        return self._database.write_once(lambda connection: bury(connection, message, token, error, now))

    def dropped(self, message: str, token: str, reason: str, now: datetime) -> bool:
        """Mark it as not worth sending."""
        return self._mark(message, token, {"state": DROPPED, "settled_at": now, "last_error": reason})

    def release(self, worker: str) -> int:
        """Give back what this worker claimed in an earlier life, so that nothing waits for the claim to run out."""
        mine = and_(outbox.c.state == WAITING, outbox.c.claim.startswith(f"{worker}/", autoescape=True))
        return self._database.write_once(
            lambda connection: connection.execute(update(outbox).where(mine).values(_FREE)).rowcount
        )

    def hasten(self, destination: str, now: datetime) -> int:
        """A destination takes messages again: what waits for its next try is due now; how many."""
        tried = and_(outbox.c.destination == destination, outbox.c.state == WAITING, outbox.c.attempts > 0)
        wanted = and_(tried, outbox.c.due > now, _unclaimed(now))
        change = update(outbox).where(wanted).values(due=now)
        return self._database.write_once(lambda connection: connection.execute(change).rowcount)

    # destinations

    def silence(self, destination: str, reason: str, now: datetime) -> None:
        """Leave a destination alone until `unsilence`. The first reason stays."""
        self._database.write(lambda connection: silence(connection, destination, reason, now))

    def unsilence(self, destination: str) -> bool:
        """Send to it again; whether it was silenced."""
        gone = delete(silenced).where(silenced.c.destination == destination)
        return self._database.write_once(lambda connection: connection.execute(gone).rowcount > 0)

    def silenced(self) -> dict[str, Silence]:
        """The destinations that are left alone."""
        rows = self._read(lambda connection: connection.execute(select(silenced)).all())
        return {row.destination: Silence(row.at, row.reason) for row in rows}

    def drop_strangers(self, known: Collection[str], before: datetime, now: datetime) -> int:
        """Drop what was written before that moment for destinations that are not in the configuration; how many."""
        away = and_(outbox.c.state == WAITING, outbox.c.destination.not_in(known), outbox.c.at < before)
        wanted = and_(away, _unclaimed(now))
        if not self._read(lambda connection: connection.scalar(select(exists().where(wanted)))):
            return 0
        reason = "the destination left the configuration"
        return self._database.write_once(lambda connection: _drop(connection, wanted, reason, now))

    def bury_silenced(self, before: datetime, now: datetime) -> int:
        """Mark as dead what was written before that moment for silenced destinations; how many."""
        quiet = outbox.c.destination.in_(select(silenced.c.destination))
        wanted = and_(outbox.c.state == WAITING, quiet, outbox.c.at < before, _unclaimed(now))
        if not self._read(lambda connection: connection.scalar(select(exists().where(wanted)))):
            return 0
        values = {"state": DEAD, "settled_at": now, "last_error": "the destination was silenced", **_FREE}
        change = update(outbox).where(wanted).values(values)
        return self._database.write_once(lambda connection: connection.execute(change).rowcount)

    # looking

    def waiting(self, limit: int = 100) -> tuple[Message, ...]:
        """What waits, oldest first."""
        return self._list(outbox.c.state == WAITING, outbox.c.number, limit)

    def dead_letters(self, limit: int = 100) -> tuple[Message, ...]:
        """What died, newest first."""
        return self._list(outbox.c.state == DEAD, outbox.c.number.desc(), limit)

    def about(self, queue: str, limit: int = 100) -> tuple[Message, ...]:
        """What was, is and will not be told of an incident or planned work, in whatever state, newest first."""
        return self._list(outbox.c.queue == queue, outbox.c.number.desc(), limit)

    def waits(self, update_id: str) -> bool:
        """Whether anybody is still going to be told of this update."""
        ask = select(exists().where(outbox.c.update == update_id, outbox.c.state == WAITING))
        return self._read(lambda connection: connection.scalar(ask)) is True

    def troubles(self) -> int:
        """How many things of it need a person: dead messages, and destinations that are left alone."""
        dead = select(func.count()).select_from(outbox).where(outbox.c.state == DEAD)
        quiet = select(func.count()).select_from(silenced)
        return int(self._read(lambda connection: (connection.scalar(dead) or 0) + (connection.scalar(quiet) or 0)))

    def message(self, message: str) -> Message | None:
        """The message of that id."""
        found = self._list(outbox.c.id == message, outbox.c.number, 1)
        return found[0] if found else None

    def counts_by_destination(self) -> dict[str, dict[MessageState, int]]:
        """How many messages of each destination are in each state; states without any are left out."""
        ask = select(outbox.c.destination, outbox.c.state, func.count()).group_by(outbox.c.destination, outbox.c.state)
        counts: dict[str, dict[MessageState, int]] = {}
        for destination, state, count in self._read(lambda connection: connection.execute(ask).all()):
            counts.setdefault(destination, {})[MessageState(state)] = count
        return counts

    def last_taken(self) -> dict[str, datetime]:
        """When each destination last took a message; those that never did are left out. Older ones were pruned."""
        ask = select(outbox.c.destination, func.max(outbox.c.settled_at)).where(outbox.c.state == DELIVERED)
        found = self._read(lambda connection: connection.execute(ask.group_by(outbox.c.destination)).all())
        return {row[0]: row[1] for row in found}

    # keeping

    def retry_dead(self, message: str, now: datetime) -> bool:
        """Let a dead message begin anew, under its own id; False when it is not dead."""
        anew = {"state": WAITING, "due": now, "attempts": 0, "first_tried_at": None, "settled_at": None}
        return self._change(and_(outbox.c.id == message, outbox.c.state == DEAD), anew)

    def drop_dead(self, message: str, now: datetime) -> bool:
        """Put a dead message aside; False when it is not dead."""
        return self._change(and_(outbox.c.id == message, outbox.c.state == DEAD), {"state": DROPPED, "settled_at": now})

    def prune(self, before: datetime, batch: int = 500) -> int:
        """Remove what was settled before that moment, `batch` at most, but of no queue that goes on; how many.

        A queue goes on while its incident does, or something of it waits or was settled since: what was told is
        asked for by `claim` until the end.
        """
        wanted = and_(outbox.c.state != WAITING, outbox.c.settled_at < before, ~_goes_on(before))
        ask = select(outbox.c.id).where(wanted).limit(batch)
        found = self._read(lambda connection: connection.scalars(ask).all())
        if not found:
            return 0
        gone = delete(outbox).where(outbox.c.id.in_(found), outbox.c.state != WAITING)
        return self._database.write_once(lambda connection: connection.execute(gone).rowcount)

    def _mark(self, message: str, token: str, values: Mapping[str, Any]) -> bool:
        return self._change(_held(message, token), {**values, **_FREE})

    def _change(self, wanted: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
        change = update(outbox).where(wanted).values({name: _storable(value) for name, value in values.items()})
        return self._database.write_once(lambda connection: connection.execute(change).rowcount == 1)

    def _read(self, work: Callable[[Connection], Any]) -> Any:
        return self._database.read(work)

    def _list(self, wanted: ColumnElement[bool], order: ColumnElement[Any], limit: int) -> tuple[Message, ...]:
        ask = select(outbox).where(wanted).order_by(order).limit(limit)
        return tuple(map(_as_message, self._read(lambda connection: connection.execute(ask).all())))


_earlier, _other = outbox.alias("earlier"), outbox.alias("other")


def _is_head() -> ColumnElement[bool]:
    """No older message of the same destination and queue waits."""
    same = and_(_earlier.c.destination == outbox.c.destination, _earlier.c.queue == outbox.c.queue)
    older = and_(_earlier.c.number < outbox.c.number, _earlier.c.state == WAITING)
    return ~exists().where(same, older)


def _held(message: str, token: str) -> ColumnElement[bool]:
    return and_(outbox.c.id == message, outbox.c.claim == token, outbox.c.state == WAITING)


def _goes_on(since: datetime) -> ColumnElement[bool]:
    same = and_(_other.c.destination == outbox.c.destination, _other.c.queue == outbox.c.queue)
    young = exists().where(same, or_(_other.c.state == WAITING, _other.c.settled_at >= since))
    return or_(young, exists().where(incidents.c.id == outbox.c.queue, incidents.c.live == 1))


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(outbox.c.claim.is_(None), outbox.c.claimed_until <= now)


def _claimable(now: datetime) -> ColumnElement[bool]:
    return and_(outbox.c.state == WAITING, outbox.c.due <= now, _unclaimed(now), _is_head())


def _candidates(connection: Connection, now: datetime, room: Mapping[str, int]) -> list[str]:
    due = select(outbox.c.destination).where(outbox.c.state == WAITING, outbox.c.due <= now).distinct()
    quiet = set(connection.scalars(select(silenced.c.destination)))
    found: list[str] = []
    for destination in sorted(set(connection.scalars(due)) - quiet):
        if room.get(destination, 0) > 0:
            ask = select(outbox.c.id).where(outbox.c.destination == destination, _claimable(now))
            found += connection.scalars(ask.order_by(outbox.c.number).limit(room[destination]))
    return found


def _take(connection: Connection, message: str, now: datetime, lease: timedelta, token: str) -> Claim | None:
    until = now + lease
    values = {
        "claim": token,
        "claimed_until": until,
        "attempts": outbox.c.attempts + 1,
        "first_tried_at": func.coalesce(outbox.c.first_tried_at, literal(now, Moment())),
    }
    taken = update(outbox).where(outbox.c.id == message, _claimable(now)).values(values).returning(outbox)
    row = connection.execute(taken).first()
    if row is None:
        return None
    reason, gone = _pointless(connection, row), [message]
    if reason is None and _is_superseded(connection, row):
        reason = SUPERSEDED
    if reason is None and (found := _overtaken(connection, row, now)):
        reason, gone = "it was over before anybody was told", found
    if reason is not None:
        _drop(connection, outbox.c.id.in_(gone), reason, now)
        return None
    return Claim(_as_message(row), token, until)


def _pointless(connection: Connection, row: Row[Any]) -> str | None:
    if row.kind not in FOLLOWERS:
        return None
    heard = _before(connection, row)
    return pointless(row.kind, heard, hears_beginnings=_hears_beginnings(connection, row.destination))


def _is_superseded(connection: Connection, row: Row[Any]) -> bool:
    """Whether a newer move of the same route waits for the same actuator."""
    found = _destination(connection, row.destination) if row.kind == "route.moved" else None
    if found is None or not found.acts:
        return False
    same = and_(outbox.c.destination == row.destination, outbox.c.queue == row.queue, outbox.c.number > row.number)
    newer = and_(same, outbox.c.kind == row.kind, outbox.c.state == WAITING)
    return bool(connection.scalar(select(exists().where(newer))))


def _overtaken(connection: Connection, row: Row[Any], now: datetime) -> list[str]:
    """The messages that are not worth sending, this one first, because a due one behind it says that it is over.

    A try of which nobody knows the end (no error was written) may have opened the alert: then all are sent.
    """
    if row.kind not in TRIGGERS or row.last_error is None or not _pages(connection, row.destination):
        return []
    same = and_(outbox.c.destination == row.destination, outbox.c.queue == row.queue, outbox.c.number >= row.number)
    # What is not due yet may still be undone.
    due = and_(same, outbox.c.state == WAITING, outbox.c.due <= now)
    waiting = connection.execute(select(outbox.c.id, outbox.c.kind).where(due).order_by(outbox.c.number)).all()
    most = overtaken([each.kind for each in waiting], _before(connection, row))
    return [each.id for each in waiting[:most]]


def _before(connection: Connection, row: Row[Any]) -> list[tuple[str, MessageState]]:
    """What its queue held before it, oldest first."""
    same = and_(outbox.c.destination == row.destination, outbox.c.queue == row.queue, outbox.c.number < row.number)
    found = connection.execute(select(outbox.c.kind, outbox.c.state).where(same).order_by(outbox.c.number))
    return [(kind, MessageState(state)) for kind, state in found]


def _hears_beginnings(connection: Connection, destination: str) -> bool:
    found = _destination(connection, destination)
    return found is None or any(found.wants(kind, found.components) for kind in BEGINNINGS)


def _pages(connection: Connection, destination: str) -> bool:
    found = _destination(connection, destination)
    return found is not None and found.pages


def _destination(connection: Connection, destination: str) -> Destination | None:
    site = components.read_site(connection)
    return next((each for each in site.destinations if each.id == destination), None) if site is not None else None


def _drop(connection: Connection, wanted: ColumnElement[bool], reason: str, now: datetime) -> int:
    values = {"state": DROPPED, "settled_at": now, "last_error": reason, **_FREE}
    return connection.execute(update(outbox).where(wanted).values(values)).rowcount


def _storable(value: Any) -> Any:
    """PostgreSQL refuses NUL and half a surrogate pair in a text."""
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


_SAME = ("id", "destination", "queue", "number", "kind", "subject", "at", "due", "update", "attempts")
_LATER = ("first_tried_at", "last_error", "settled_at")


def _as_row(message: Message, revision: int) -> dict[str, Any]:
    row = {name: getattr(message, name) for name in (*_SAME, *_LATER)}
    documents = {"data": dict(message.data), "evidence": dict(message.evidence)}
    return {**row, **documents, **_FREE, "state": message.state.value, "revision": revision}


def _as_message(row: Row[Any]) -> Message:
    fields: Iterable[str] = (*_SAME, *_LATER, "data", "evidence")
    return Message(state=MessageState(row.state), **{name: getattr(row, name) for name in fields})
