"""The deciding transaction: take a revision, read the state, ask the command, write what it decided.

The revision is taken first, so that its row lock (PostgreSQL) or the write lock (SQLite) orders all
deciders: what a command reads cannot change before its decision is committed.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from statuspage.core.refusals import Refused
from statuspage.core.site import PUBLIC_ID_ALPHABET, Site
from statuspage.core.state import Decision, JournalEvent, State
from statuspage.core.status import Status
from statuspage.core.telling import Message, listeners
from statuspage.store import beliefs, components, days, felt, head, incidents, journal, outbox, routes, spans
from statuspage.store.errors import StaleLease
from statuspage.store.head import Head

Command = Callable[[State], Decision]


@dataclass(frozen=True, slots=True)
class Written:
    """The revision that a decision made, and the decision as it is stored: numbers, versions, rendered texts."""

    head: Head
    decision: Decision


def read_state(
    connection: Connection, now: datetime | None, also: Sequence[str] = (), *, agent: str | None = None
) -> State:
    """What a decision reads; `also` are ids of older incidents and maintenances that it asks for.

    With an agent its stored beliefs are read too: for those who have none in memory.
    """
    return State(
        components=components.read_all(connection),
        site=components.read_site(connection),
        incidents=incidents.read_incidents(connection, also, now),
        maintenances=incidents.read_maintenances(connection, also),
        overrides=incidents.read_overrides(connection),
        routes=routes.read_routes(connection),
        signals=routes.read_signals(connection, now) if now is not None else {},
        felt=felt.read(connection, now) if now is not None else {},
        low=routes.read_low(connection),
        beliefs=beliefs.read(connection, agent) if agent is not None else {},
    )


def transact(
    connection: Connection,
    command: Command,
    now: datetime,
    lease_epoch: int | None,
    also: Sequence[str] = (),
    *,
    agent: str | None = None,
) -> Written | None:
    """Run the command on the present state and write its decision; None for an empty decision.

    Raises StaleLease when the lease epoch is given and is not the present one, and whatever the command raises.
    """
    present = head.advance(connection)
    if lease_epoch is not None and lease_epoch != present.lease_epoch:
        raise StaleLease(f"the lease {lease_epoch} has ended: {present.lease_epoch} decides now")
    state = read_state(connection, now, also, agent=agent)
    decision = command(state)
    if decision.is_empty:
        connection.rollback()
        return None
    if decision.site is not None:
        components.publish(connection, decision.site, present.revision)
    touched = _write_components(connection, state, decision, now)
    touched |= _write_history(connection, decision, now, touched)
    beliefs.save(connection, decision.beliefs)
    routes.write_routes(connection, decision.routes)
    if decision.low is not None:
        routes.write_low(connection, decision.low)
    stored = replace(
        decision,
        incidents=incidents.write_incidents(connection, decision.incidents),
        maintenances=incidents.write_maintenances(connection, decision.maintenances),
    )
    incidents.write_overrides(connection, decision.overrides, decision.cleared)
    journal.write(connection, decision.events, present.revision, now)
    outbox.drop_updates(connection, decision.undone, now)
    # Asked last: on PostgreSQL dropping has waited for whoever was claiming the row, and their try is seen now.
    if outbox.is_out(connection, decision.undone):
        raise Refused("update", "is out: edit it, or post a correction")
    _write_messages(connection, decision.site or state.site, decision.events, present)
    if touched:
        days.refresh(connection, decision.site or state.site, now, touched)
    return Written(present, stored)


def _write_messages(connection: Connection, site: Site | None, events: Sequence[JournalEvent], present: Head) -> None:
    """One row of the outbox for each destination that wants an event. An epoch is told with its generation."""
    made = []
    for event in events:
        told = event.telling
        if told is None or site is None:
            continue
        for destination in listeners(event.kind, told, site.destinations, event.subject):
            made.append(
                Message(
                    id=f"msg_{''.join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(24))}",
                    destination=destination.id,
                    queue=told.queue,
                    number=0,
                    kind=event.kind,
                    subject=event.subject,
                    at=event.at,
                    due=told.not_before,
                    data={**told.data, "generation": present.generation} if "epoch" in told.data else told.data,
                    evidence=told.evidence,
                    update=told.update,
                )
            )
    if made:
        first = outbox.next_number(connection)
        numbered = [replace(each, number=first + at) for at, each in enumerate(made)]
        outbox.write(connection, numbered, present.revision)
        acting = {each.id for each in (site.destinations if site is not None else ()) if each.acts}
        for each in numbered:
            if each.kind == "route.moved" and each.destination in acting:
                outbox.supersede(connection, each, each.at)


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
    for stretch in decision.repaints:
        spans.paint(connection, stretch.component, stretch.status, stretch.started, stretch.ended)
        earliest[stretch.component] = min(earliest.get(stretch.component, stretch.started), stretch.started)
    if decision.gap is not None:
        started, ended = decision.gap
        for name, held in components.read_live(connection).items():
            begun = max(started, held.created_at or started)
            spans.paint(connection, name, Status.UNKNOWN, begun, ended)
            earliest[name] = min(earliest.get(name, begun), begun)
    return earliest
