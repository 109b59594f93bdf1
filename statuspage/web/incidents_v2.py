"""Incidents and planned work in API v2: shapes and key order as recorded, newest update first, text with CRLF.

A published postmortem is an update with the status `postmortem`. The API knows no cancelled work: it is completed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from statuspage.core.incident import ComponentChange, Incident, Update
from statuspage.core.maintenance import Maintenance, MaintenanceState
from statuspage.core.site import Site, public_id
from statuspage.core.status import Status
from statuspage.web import statuspage_v2
from statuspage.web.entries import Entry, is_over, is_under_way, lines, postmortem, text_of, told_at
from statuspage.web.scene import Scene
from statuspage.web.statuspage_v2 import Document, word_of
from statuspage.web.times import iso_ms

MOST = 50
_PAGE_ID = public_id("page", "page")


class Listed:
    """The documents of one rendering: every incident is put into words once, however many lists have it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.page = statuspage_v2.page(scene)
        self.components = statuspage_v2.components(scene)
        self._by_id = {each["id"]: each for each in self.components}
        self._incidents = [each for each in scene.entries if isinstance(each, Incident)]
        self._planned = [each for each in scene.entries if isinstance(each, Maintenance)]
        self._made: dict[str, Document] = {}

    def documents(self) -> dict[str, Document]:
        """Every list, by its path."""
        planned, unresolved = self._planned, [each for each in self._incidents if not is_over(each)]
        soonest = planned[::-1]
        return {
            "/api/v2/summary.json": self._summary(unresolved, [each for each in soonest if not is_over(each)]),
            "/api/v2/incidents.json": self._incidents_document(self._incidents[:MOST]),
            "/api/v2/incidents/unresolved.json": self._incidents_document(unresolved),
            "/api/v2/scheduled-maintenances.json": self._planned_document(planned[:MOST]),
            "/api/v2/scheduled-maintenances/active.json": self._planned_document(
                [each for each in soonest if is_under_way(each)]
            ),
            "/api/v2/scheduled-maintenances/upcoming.json": self._planned_document(
                [each for each in soonest if each.state is MaintenanceState.SCHEDULED]
            ),
        }

    def single(self, entry: Entry) -> Document:
        """`/api/v2/incidents/<id>.json`."""
        return {"page": self.page, "incident": self._document(entry)}

    def settled(self, entry: Entry) -> Document:
        """The same of one that is long over, told as of its last change, so that it never changes again."""
        at = told_at(entry)
        last = {change.component: change.new for update in entry.published for change in update.changes}
        components = {
            public_id("component", each): self._by_id[public_id("component", each)]
            | {"status": word_of(last.get(each, Status.OPERATIONAL)), "updated_at": iso_ms(at)}
            for each in entry.components
            if public_id("component", each) in self._by_id
        }
        page = statuspage_v2.page(self._scene, at)
        return {"page": page, "incident": document(self._scene.snapshot.site, entry, components)}

    def _summary(self, incidents: Sequence[Entry], planned: Sequence[Entry]) -> Document:
        return {
            "page": self.page,
            "components": self.components,
            "incidents": [self._document(each) for each in incidents],
            "scheduled_maintenances": [self._document(each) for each in planned],
            "status": statuspage_v2.status(self._scene),
        }

    def _incidents_document(self, incidents: Sequence[Entry]) -> Document:
        return {"page": self.page, "incidents": [self._document(each) for each in incidents]}

    def _planned_document(self, planned: Sequence[Entry]) -> Document:
        return {"page": self.page, "scheduled_maintenances": [self._document(each) for each in planned]}

    def _document(self, entry: Entry) -> Document:
        found = self._made.get(entry.id)
        if found is None:
            found = self._made[entry.id] = document(self._scene.snapshot.site, entry, self._by_id)
        return found


def document(site: Site, entry: Entry, components: Mapping[str, Document]) -> Document:
    """One incident or maintenance. `components` are the component documents by public id."""
    course = _course(entry)
    return {
        "id": entry.id,
        "name": entry.title,
        "status": _state(entry.state.value),
        "created_at": iso_ms(entry.created_at),
        "updated_at": iso_ms(told_at(entry)),
        "monitoring_at": _at(course.monitoring),
        "resolved_at": _at(course.resolved),
        "impact": course.impact,
        "shortlink": f"{site.url}/i/{entry.id}",
        "started_at": iso_ms(course.started),
        "page_id": _PAGE_ID,
        "incident_updates": [*_postmortem(entry), *(_update(site, entry, line.update) for line in lines(entry))],
        "components": _components(entry, components),
        **course.last,
    }


@dataclass(frozen=True, slots=True)
class _Course:
    """Where incidents and planned work differ. `last` are the keys that only one of them has, at the end."""

    monitoring: datetime | None
    resolved: datetime | None
    impact: str
    started: datetime
    last: Document


def _course(entry: Entry) -> _Course:
    if isinstance(entry, Incident):
        last: Document = {"reminder_intervals": None}
        return _Course(entry.monitoring_at, entry.resolved_at, entry.impact.value, entry.started_at, last)
    planned: Document = {"scheduled_for": iso_ms(entry.starts), "scheduled_until": iso_ms(entry.ends)}
    announced = entry.published[0].display_at
    return _Course(_verifying_at(entry), entry.ended_at, "maintenance", announced, planned)


def _components(entry: Entry, components: Mapping[str, Document]) -> list[Document]:
    ids = [public_id("component", each) for each in entry.components]
    return [components[each] for each in ids if each in components]


def _update(site: Site, entry: Entry, update: Update) -> Document:
    said = update.published_at or update.written_at
    return {
        "id": update.id,
        "status": _state(update.state),
        "body": _body(update.body),
        "incident_id": entry.id,
        "created_at": iso_ms(said),
        "updated_at": iso_ms(max([said, *(edit.at for edit in update.edits)])),
        "display_at": iso_ms(update.display_at),
        "affected_components": _affected(site, update.changes),
        "deliver_notifications": update.tell,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _postmortem(entry: Entry) -> list[Document]:
    found = postmortem(entry)
    if found is None or found.published_at is None:
        return []
    at = iso_ms(found.published_at)
    return [
        {
            "id": public_id("postmortem", entry.id),
            "status": "postmortem",
            "body": _body(found.body),
            "incident_id": entry.id,
            "created_at": at,
            "updated_at": iso_ms(max([found.published_at, *(edit.at for edit in found.edits)])),
            "display_at": at,
            "affected_components": None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }
    ]


def _affected(site: Site, changes: Sequence[ComponentChange]) -> list[dict[str, Any]] | None:
    found = [
        {
            "code": public_id("component", change.component),
            "name": name,
            "old_status": word_of(change.old),
            "new_status": word_of(change.new),
        }
        for change in changes
        if (name := full_name(site, change.component)) is not None
    ]
    return found or None


def full_name(site: Site, component_id: str) -> str | None:
    """`Group - Component`, or the bare name outside of groups; None for what is no longer configured."""
    component = site.component(component_id)
    if component is None:
        return None
    group = next((each.name for each in site.groups if each.id == component.group), None)
    return f"{group} - {component.name}" if group else component.name


def _verifying_at(maintenance: Maintenance) -> datetime | None:
    times = [each.display_at for each in maintenance.published if each.state == MaintenanceState.VERIFYING]
    return times[-1] if times else None


def _state(state: str) -> str:
    return MaintenanceState.COMPLETED.value if state == MaintenanceState.CANCELLED else state


def _body(text: str) -> str:
    return text_of(text).replace("\r\n", "\n").replace("\n", "\r\n")


def _at(at: datetime | None) -> str | None:
    return iso_ms(at) if at is not None else None
