"""What must hold whenever somebody dies. Each law gives the ways in which it is broken; none means that it holds.

`read_books` takes one consistent look at the database, `read_arrivals` at the receiver's file. What was posted
is judged by the store, what was told by the receiver.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from statuspage.core.affected import last_statuses
from statuspage.core.incident import Incident, Update
from statuspage.core.state import JournalEvent
from statuspage.core.topology import IN_TROUBLE
from statuspage.store import Store, incidents
from statuspage.store.schema import components, head, journal, outbox
from tests.faults.client import Act

TOLD = ("incident.created", "incident.updated", "incident.resolved", "incident.reopened")
"""What the destination of these rounds is told of."""

Said = tuple[int, str, str, str | None]
"""Revision, kind, incident and update of something that is to be told."""


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the outbox."""

    id: str
    number: int
    state: str
    said: Said


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that the laws read of the store, in one transaction."""

    revision: int
    incidents: dict[str, Incident]
    statuses: dict[str, str]
    events: tuple[tuple[int, JournalEvent], ...]
    messages: tuple[Told, ...]

    @property
    def updates(self) -> dict[str, tuple[Incident, Update]]:
        """What is published, by the update's id."""
        return {update.id: (each, update) for each in self.incidents.values() for update in each.published}

    @property
    def settled(self) -> bool:
        """Nothing waits to be sent."""
        return not any(each.state == "waiting" for each in self.messages)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as the receiver saw it. `trouble` says why it was none."""

    id: str
    status: int
    trouble: str
    body: str
    type: str = ""
    incident: str | None = None
    update: str | None = None

    @property
    def accepted(self) -> bool:
        return self.status < 300


def read_books(store: Store) -> Books:
    """One look at the store."""
    return store._database.read(_books)


def _books(connection: Connection) -> Books:
    held = incidents.listed_incidents(connection, 100_000, None)
    rows = connection.execute(select(journal).order_by(journal.c.revision, journal.c.position))
    events = tuple((row.revision, JournalEvent(row.kind, row.subject, row.at, row.data)) for row in rows)
    told = connection.execute(select(outbox).order_by(outbox.c.number))
    return Books(
        revision=connection.scalar(select(head.c.revision)) or 0,
        incidents={each.id: each for each in held},
        statuses={row.id: row.status for row in connection.execute(select(components))},
        events=events,
        messages=tuple(
            Told(row.id, row.number, row.state, (row.revision, row.kind, row.subject, row.update)) for row in told
        ),
    )


def read_arrivals(path: Path) -> list[Arrival]:
    """What arrived, in its order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Arrival(**json.loads(line)) for line in lines]


# --- the store -------------------------------------------------------------------------------------------------


def none_half(books: Books) -> Iterator[str]:
    """A published update, its event and its message are all there, of one revision, once; or none of them is."""
    events = [(n, e.kind, e.subject, _text(e.data.get("update"))) for n, e in books.events if e.kind in TOLD]
    messages = [each.said for each in books.messages]
    yield from (f"journal without outbox: {each}" for each in Counter(events) - Counter(messages))
    yield from (f"outbox without journal: {each}" for each in Counter(messages) - Counter(events))
    if [each for each in events if each in set(messages)] != messages:
        yield "the outbox is in another order than the journal"
    spoken = {update for *_, update in events}
    yield from (f"published without an event: {each}" for each in books.updates.keys() - spoken)
    yield from (f"an event of what is not published: {each}" for each in spoken - books.updates.keys())


def none_twice(books: Books) -> Iterator[str]:
    """No update has two events of a kind, no incident two numbers; numbers have no holes."""
    counts = Counter(each.said[1:] for each in books.messages)
    yield from (f"told {count} times of {said}" for said, count in counts.items() if count > 1)
    titles = Counter(each.title for each in books.incidents.values() if each.by != "robot")
    yield from (f'"{title}" was opened {count} times' for title, count in titles.items() if count > 1)
    for incident in books.incidents.values():
        bodies = Counter(update.id for update in incident.updates)
        yield from (f"update {each} stands {count} times" for each, count in bodies.items() if count > 1)
    yield from _dense("incidents", (each.number for each in books.incidents.values()), 1)
    yield from _dense("messages", (each.number for each in books.messages), 1)


def revisions_dense(books: Books, base: int) -> Iterator[str]:
    """Every revision after `base` is a decision of which the journal has something, up to the head's."""
    found = {revision for revision, _ in books.events if revision > base}
    yield from _dense("revisions", found, base + 1)
    if max(found, default=base) != books.revision:
        yield f"the head says {books.revision}, the journal {max(found, default=base)}"


def _called_broken(books: Books) -> set[str]:
    """The components that some open incident calls broken."""
    going = (each for each in books.incidents.values() if each.is_open and each.is_public)
    return {name for each in going for name, said in last_statuses(each).items() if said in IN_TROUBLE}


def posts_there(books: Books, there: Iterable[Act], absent: Iterable[Act]) -> Iterator[str]:
    """What was acknowledged is there, what never was committed is not, and the components say what the posts say."""
    updates, statuses = books.updates, dict[str, str]()
    for act in there:
        if act.update_id not in updates or updates[act.update_id][0].id != act.incident_id:
            yield f"lost: {act.key}"
        statuses |= {name: status.value for name, status in act.components.items()}
        if act.state == "resolved" and not act.opens:
            statuses[act.incident.rpartition("/")[2]] = "operational"
    yield from (f"not rolled back: {act.key}" for act in absent if act.update_id in updates)
    broken = _called_broken(books)
    for name, status in statuses.items():
        # The end of one incident does not set right what another one, left open by a dead client, calls broken.
        if books.statuses[name] != status and not (status == "operational" and name in broken):
            yield f"{name} is {books.statuses[name]} where the posts say {status}"


def one_end_each(books: Books) -> Iterator[str]:
    """Beginnings and ends of an incident alternate in the journal, and the last one is the incident's state."""
    for incident in books.incidents.values():
        kinds = [event.kind for _, event in books.events if event.subject == incident.id and event.kind in TOLD]
        edges = [kind == "incident.resolved" for kind in kinds if kind != "incident.updated"]
        if edges[:1] == [True] or any(one is other for one, other in pairwise(edges)):
            yield f"{incident.id} has the course {kinds}"
        if edges and edges[-1] is incident.is_open:
            yield f"{incident.id} is {incident.state.value} after {kinds}"


# --- the receiver ----------------------------------------------------------------------------------------------


def nothing_strange(books: Books, arrivals: Sequence[Arrival], torn: bool) -> Iterator[str]:
    """Everything that came is signed, whole (unless `torn`), and tells of something that is committed."""
    known = {each.id: each for each in books.messages}
    for each in arrivals:
        if each.trouble and not (torn and each.trouble == "torn"):
            yield f"{each.id}: {each.trouble}"
        if each.trouble:
            continue
        sent = known.get(each.id)
        if sent is None or sent.said[1:] != (each.type, each.incident, each.update):
            yield f"{each.id} tells of what is not committed: {each.type} {each.incident} {each.update}"


def same_on_repeat(arrivals: Iterable[Arrival]) -> Iterator[str]:
    """One event has one id and one body, however often it comes."""
    ids: dict[tuple[str, str | None], str] = {}
    bodies: dict[str, str] = {}
    for each in _whole(arrivals):
        if ids.setdefault((each.type, each.update), each.id) != each.id:
            yield f"{each.type} of {each.update} came under two ids"
        if bodies.setdefault(each.id, each.body) != each.body:
            yield f"{each.id} came with two bodies"


def in_order(books: Books, arrivals: Iterable[Arrival]) -> Iterator[str]:
    """Nothing of an incident comes before everything earlier of it was accepted."""
    queues: dict[str, list[str]] = {}
    for message in books.messages:
        queues.setdefault(message.said[2], []).append(message.id)
    accepted: set[str] = set()
    for each in _whole(arrivals):
        queue = queues.get(each.incident or "", [])
        earlier = queue[: queue.index(each.id)] if each.id in queue else []
        if not accepted.issuperset(earlier):
            yield f"{each.id} ({each.type}) came before its turn"
        if each.accepted:
            accepted.add(each.id)


def all_told(books: Books, arrivals: Iterable[Arrival]) -> Iterator[str]:
    """Everything that was to be told was accepted, and the outbox knows it. Only when nothing waits any more."""
    accepted = {each.id for each in _whole(arrivals) if each.accepted}
    for message in books.messages:
        if message.id not in accepted:
            yield f"never told: {message.said}"
        if message.state != "delivered":
            yield f"{message.id} is {message.state}"


def _whole(arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
    return (each for each in arrivals if not each.trouble)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _dense(what: str, found: Iterable[int], first: int) -> Iterator[str]:
    numbers: Collection[int] = sorted(found)
    if list(numbers) != list(range(first, first + len(numbers))):
        yield f"{what} are not dense: {numbers}"
