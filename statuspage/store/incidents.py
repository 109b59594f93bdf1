"""Incidents, maintenances and overrides: rows that hold a value each. Texts are rendered when they are written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, func, or_, select

from statuspage.core.incident import Incident, Postmortem, Update
from statuspage.core.maintenance import Maintenance
from statuspage.core.state import Override
from statuspage.markup import render
from statuspage.store.database import upsert
from statuspage.store.documents import Document
from statuspage.store.schema import incidents, maintenances, open_causes, overrides

STILL_WARM = timedelta(days=2)
"""How long after its last change an incident is part of what a decision reads."""

_INCIDENT, _MAINTENANCE, _OVERRIDE = Document(Incident), Document(Maintenance), Document(Override)


def read_incidents(connection: Connection, also: Sequence[str], now: datetime | None) -> dict[str, Incident]:
    """Those that go on or wait, those changed lately (with `now`), and those asked for by id."""
    warm = or_(incidents.c.live == 1, incidents.c.id.in_(list(also)))
    if now is not None:
        warm = or_(warm, incidents.c.updated_at > now - STILL_WARM)
    found = connection.execute(select(incidents.c.document).where(warm).order_by(incidents.c.number))
    return {each.id: each for each in (_INCIDENT.read(row.document) for row in found)}


def read_maintenances(connection: Connection, also: Sequence[str]) -> dict[str, Maintenance]:
    """Those that are not over, and those asked for by id."""
    wanted = or_(maintenances.c.live == 1, maintenances.c.id.in_(list(also)))
    found = connection.execute(select(maintenances.c.document).where(wanted).order_by(maintenances.c.number))
    return {each.id: each for each in (_MAINTENANCE.read(row.document) for row in found)}


def read_overrides(connection: Connection) -> dict[str, Override]:
    """Every override, by component."""
    found = connection.execute(select(overrides.c.document).order_by(overrides.c.component))
    return {each.component: each for each in (_OVERRIDE.read(row.document) for row in found)}


def public_incidents(connection: Connection) -> list[tuple[str, int]]:
    """(id, version) of every incident that the public sees, newest first by its start."""
    wanted = select(incidents.c.id, incidents.c.version).where(incidents.c.public == 1)
    found = connection.execute(wanted.order_by(incidents.c.started_at.desc(), incidents.c.number.desc()))
    return [(row.id, row.version) for row in found]


def all_maintenances(connection: Connection) -> list[tuple[str, int]]:
    """(id, version) of every maintenance, newest first by its start."""
    wanted = select(maintenances.c.id, maintenances.c.version)
    found = connection.execute(wanted.order_by(maintenances.c.starts.desc(), maintenances.c.number.desc()))
    return [(row.id, row.version) for row in found]


def incidents_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Incident]:
    """The incidents of these ids."""
    return {each.id: each for each in (_INCIDENT.read(document) for document in _documents(connection, incidents, ids))}


def maintenances_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Maintenance]:
    """The maintenances of these ids."""
    found = (_MAINTENANCE.read(document) for document in _documents(connection, maintenances, ids))
    return {each.id: each for each in found}


def listed_incidents(connection: Connection, limit: int, before: int | None) -> list[Incident]:
    """The newest incidents by number, drafts among them; `before` is the number to go on from."""
    wanted = select(incidents.c.document).order_by(incidents.c.number.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(incidents.c.number < before)
    return [_INCIDENT.read(row.document) for row in connection.execute(wanted)]


def _documents(connection: Connection, table: Table, ids: Iterable[str]) -> list[Any]:
    wanted = list(ids)
    found: list[Any] = []
    for begin in range(0, len(wanted), 500):
        some = select(table.c.document).where(table.c.id.in_(wanted[begin : begin + 500]))
        found.extend(connection.scalars(some))
    return found


def write_incidents(connection: Connection, written: Sequence[Incident]) -> tuple[Incident, ...]:
    """Write them whole, each with its number and its next version; as they are stored."""
    stored = tuple(_write_incident(connection, each) for each in written)
    # A cause may move from one of them to another: all are given up before any is taken.
    connection.execute(delete(open_causes).where(open_causes.c.incident.in_([each.id for each in stored])))
    causes = [{"cause": cause, "incident": each.id} for each in stored if each.is_open for cause in each.causes]
    # Whoever has a cause keeps it: no slip of the rules may stop the monitor in the middle of an outage.
    upsert(connection, open_causes, causes, keep=True)
    return stored


def _write_incident(connection: Connection, incident: Incident) -> Incident:
    stored = replace(
        incident,
        number=incident.number or _next_number(connection, incidents),
        version=incident.version + 1,
        updates=tuple(_rendered(update) for update in incident.updates),
        postmortem=_rendered_postmortem(incident.postmortem),
    )
    row = {
        "id": stored.id,
        "number": stored.number,
        "version": stored.version,
        "live": int(is_live(stored)),
        "public": int(stored.is_public),
        "started_at": stored.started_at,
        "updated_at": stored.updated_at,
        "document": _INCIDENT.write(stored),
    }
    _put(connection, incidents, row, is_new=incident.version == 0)
    return stored


def is_live(incident: Incident) -> bool:
    """Whether every decision must know it: it goes on, waits, or was dismissed and its trouble lasts."""
    if incident.dismissed_at is not None:
        return bool(incident.causes) and incident.over_at is None
    return incident.is_open or bool(incident.drafts)


def _put(connection: Connection, table: Table, row: Mapping[str, Any], *, is_new: bool) -> None:
    """Write a row. What is new never takes the place of another one of its id."""
    if is_new:
        connection.execute(table.insert(), [row])
    else:
        upsert(connection, table, [row])


def write_maintenances(connection: Connection, written: Sequence[Maintenance]) -> tuple[Maintenance, ...]:
    """Write them whole, each with its number and its next version; as they are stored."""
    return tuple(_write_maintenance(connection, each) for each in written)


def _write_maintenance(connection: Connection, maintenance: Maintenance) -> Maintenance:
    stored = replace(
        maintenance,
        number=maintenance.number or _next_number(connection, maintenances),
        version=maintenance.version + 1,
        updates=tuple(_rendered(update) for update in maintenance.updates),
    )
    row = {
        "id": stored.id,
        "number": stored.number,
        "version": stored.version,
        "live": int(not stored.state.is_over),
        "starts": stored.starts,
        "updated_at": stored.updated_at,
        "document": _MAINTENANCE.write(stored),
    }
    _put(connection, maintenances, row, is_new=maintenance.version == 0)
    return stored


def write_overrides(connection: Connection, made: Iterable[Override], cleared: Iterable[str]) -> None:
    """Put new overrides in the place of their component's, after ending the cleared ones."""
    gone = list(cleared)
    if gone:
        connection.execute(delete(overrides).where(overrides.c.component.in_(gone)))
    upsert(connection, overrides, [{"component": each.component, "document": _OVERRIDE.write(each)} for each in made])


def _rendered(update: Update) -> Update:
    return update if update.html else replace(update, html=render(update.body))


def _rendered_postmortem(postmortem: Postmortem | None) -> Postmortem | None:
    if postmortem is None or postmortem.html:
        return postmortem
    return replace(postmortem, html=render(postmortem.body))


def _next_number(connection: Connection, table: Table) -> int:
    # The head's row is locked: nobody else is numbering.
    return int(connection.scalar(select(func.coalesce(func.max(table.c.number), 0))) or 0) + 1


class Shelf:
    """Keeps the public values that were read, so that a snapshot reads only what has changed.

    Safe to use from several threads: each replaces what is kept as a whole.
    """

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._maintenances: dict[str, Maintenance] = {}

    def incidents(self, connection: Connection) -> tuple[Incident, ...]:
        """All public incidents, newest first by their start."""
        wanted, known = public_incidents(connection), self._incidents
        stale = [id for id, version in wanted if _version(known, id) != version]
        fresh = incidents_by_id(connection, stale)
        found = {id: fresh[id] if id in fresh else known[id] for id, _ in wanted}
        self._incidents = found
        return tuple(found.values())

    def maintenances(self, connection: Connection) -> tuple[Maintenance, ...]:
        """All maintenances, newest first by their start."""
        wanted, known = all_maintenances(connection), self._maintenances
        stale = [id for id, version in wanted if _version(known, id) != version]
        fresh = maintenances_by_id(connection, stale)
        found = {id: fresh[id] if id in fresh else known[id] for id, _ in wanted}
        self._maintenances = found
        return tuple(found.values())


def _version(known: Mapping[str, Incident] | Mapping[str, Maintenance], id: str) -> int:
    found = known.get(id)
    return found.version if found is not None else 0
