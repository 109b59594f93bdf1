"""The deciding transaction: take a revision, read the state, ask the command, write what it decided.

The revision is taken first, so that its row lock (PostgreSQL) or the write lock (SQLite) orders all
deciders: what a command reads cannot change before its decision is committed.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from statuspage.core.state import Decision, State
from statuspage.core.status import Status
from statuspage.store import beliefs, components, days, head, journal, spans
from statuspage.store.errors import StaleLease
from statuspage.store.head import Head

Command = Callable[[State], Decision]


def transact(connection: Connection, command: Command, now: datetime, lease_epoch: int | None) -> Head | None:
    """Run the command on the present state and write its decision; the new head, None for an empty decision.

    Raises StaleLease when the lease epoch is given and is not the present one, and whatever the command raises.
    """
    present = head.advance(connection)
    if lease_epoch is not None and lease_epoch != present.lease_epoch:
        raise StaleLease(f"the lease {lease_epoch} has ended: {present.lease_epoch} decides now")
    state = components.read_state(connection)
    decision = command(state)
    if decision.is_empty:
        connection.rollback()
        return None
    if decision.site is not None:
        components.publish(connection, decision.site, present.revision)
    touched = _write_components(connection, state, decision, now)
    touched |= _write_history(connection, decision, now, touched)
    beliefs.save(connection, decision.beliefs)
    journal.write(connection, decision.events, present.revision, now)
    if touched:
        days.refresh(connection, decision.site or state.site, now, touched)
    return present


Touched = dict[str, datetime]
"""From when on the daily figures of a component are no longer right."""


def _write_components(connection: Connection, state: State, decision: Decision, now: datetime) -> Touched:
    touched: Touched = {}
    components.create(connection, decision.created, now)
    for held in decision.created:
        spans.paint(connection, held.component, held.status, held.since, None)
        touched[held.component] = held.since
    components.archive(connection, decision.archived, now)
    for name in decision.archived:
        spans.close(connection, name, now)
        touched[name] = now
    components.revive(connection, decision.revived, now)
    for name in decision.revived:
        spans.paint(connection, name, state.components[name].status, now, None)
        touched[name] = now
    return touched


def _write_history(connection: Connection, decision: Decision, now: datetime, touched: Touched) -> Touched:
    earliest = dict(touched)
    for move in decision.changes:
        components.change(connection, move, now)
        spans.paint(connection, move.component, move.new, move.since, None)
        earliest[move.component] = min(earliest.get(move.component, move.since), move.since)
    if decision.gap is not None:
        started, ended = decision.gap
        for name, held in components.read_live(connection).items():
            begun = max(started, held.created_at or started)
            spans.paint(connection, name, Status.UNKNOWN, begun, ended)
            earliest[name] = min(earliest.get(name, begun), begun)
    return earliest
