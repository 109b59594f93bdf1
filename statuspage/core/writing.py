"""Incidents and planned work as documents for staff and their programs: drafts, edits and versions among them.

The public's documents are made elsewhere. Times are UTC with milliseconds. Evidence is there only where it is
asked for: it may name hosts.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from statuspage.core.incident import Edit, Evidence, Incident, Postmortem, Update
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import Site
from statuspage.core.state import JournalEvent, Override
from statuspage.core.telling import Json, listeners

Document = dict[str, Json]


def time_text(at: datetime) -> str:
    """`2026-12-01T22:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def incident_summary(incident: Incident, site: Site) -> Document:
    """What a list of incidents says of one."""
    return {
        "id": incident.id,
        "number": incident.number,
        "version": incident.version,
        "title": incident.title,
        "state": incident.state.value,
        "impact": incident.impact.value,
        "open": incident.is_open,
        "public": incident.is_public,
        "url": f"{site.url}/incidents/{incident.id}" if incident.is_public else None,
        "started_at": time_text(incident.started_at),
        "created_at": time_text(incident.created_at),
        "updated_at": time_text(incident.updated_at),
        "resolved_at": _time(incident.resolved_at),
        "dismissed_at": _time(incident.dismissed_at),
        "next_update_by": _time(incident.next_by),
        "by": incident.by,
        "touched_by": incident.touched_by,
        "components": _components(incident.components, site),
        "drafts": [each.id for each in incident.drafts],
    }


def incident_document(incident: Incident, site: Site, *, evidence: bool = False) -> Document:
    """Everything about one incident; `evidence` adds what the checks saw."""
    document = incident_summary(incident, site)
    document["causes"] = list(incident.causes)
    document["updates"] = [update_document(each) for each in incident.updates]
    document["postmortem"] = _postmortem(incident.postmortem)
    if evidence:
        document["evidence"] = [_evidence(each) for each in incident.evidence]
    return document


def maintenance_summary(maintenance: Maintenance, site: Site) -> Document:
    """What a list of planned work says of one."""
    return {
        "id": maintenance.id,
        "number": maintenance.number,
        "version": maintenance.version,
        "title": maintenance.title,
        "state": maintenance.state.value,
        "url": f"{site.url}/incidents/{maintenance.id}" if maintenance.is_public else None,
        "starts": time_text(maintenance.starts),
        "ends": time_text(maintenance.ends),
        "automatic": maintenance.automatic,
        "created_at": time_text(maintenance.created_at),
        "updated_at": time_text(maintenance.updated_at),
        "ended_at": _time(maintenance.ended_at),
        "by": maintenance.by,
        "components": _components(maintenance.components, site),
    }


def maintenance_document(maintenance: Maintenance, site: Site) -> Document:
    """Everything about one planned work."""
    document = maintenance_summary(maintenance, site)
    document["updates"] = [update_document(each) for each in maintenance.updates]
    return document


def update_document(update: Update) -> Document:
    """One update. `status` is `draft`, `published` or `withdrawn`."""
    changes: list[Json] = [
        {"id": each.component, "old": each.old.value, "new": each.new.value} for each in update.changes
    ]
    return {
        "id": update.id,
        "status": "published" if update.is_published else "draft" if update.is_draft else "withdrawn",
        "state": update.state,
        "body": update.body,
        "display_at": time_text(update.display_at),
        "written_at": time_text(update.written_at),
        "published_at": _time(update.published_at),
        "publish_at": _time(update.publish_at),
        "next_update_by": _time(update.next_by),
        "by": update.by,
        "published_by": update.published_by,
        "tell": update.tell,
        "components": changes,
        "edits": _edits(update.edits),
    }


def override_document(override: Override) -> Document:
    """What a person says a component is, against its checks."""
    return {
        "component": override.component,
        "status": override.status.value,
        "by": override.by,
        "at": time_text(override.at),
        "until": _time(override.until),
        "incident": override.incident,
        "reason": override.reason,
    }


def notices(events: Iterable[JournalEvent], site: Site) -> list[Json]:
    """Who will be told of what was just done, and not before when."""
    found: list[Json] = []
    for event in events:
        told = event.telling
        if told is not None:
            at = time_text(told.not_before)
            heard = listeners(event.kind, told, site.destinations)
            found.extend({"destination": each.id, "event": event.kind, "not_before": at} for each in heard)
    return found


def _components(ids: Sequence[str], site: Site) -> list[Json]:
    found: list[Json] = []
    for each in ids:
        known = site.component(each)
        found.append({"id": each, "name": known.name if known is not None else each})
    return found


def _edits(edits: Sequence[Edit]) -> list[Json]:
    return [
        {
            "at": time_text(each.at),
            "by": each.by,
            "state": each.state,
            "body": each.body,
            "display_at": time_text(each.display_at),
        }
        for each in edits
    ]


def _postmortem(postmortem: Postmortem | None) -> Document | None:
    if postmortem is None:
        return None
    return {
        "body": postmortem.body,
        "by": postmortem.by,
        "written_at": time_text(postmortem.written_at),
        "published_at": _time(postmortem.published_at),
        "edits": _edits(postmortem.edits),
    }


def _evidence(evidence: Evidence) -> Document:
    stages: list[Json] = [{"stage": name, "ms": ms} for name, ms in evidence.stages]
    return {
        "at": time_text(evidence.at),
        "check": evidence.check,
        "component": evidence.component,
        "agent": evidence.agent,
        "verdict": evidence.verdict,
        "since": time_text(evidence.since),
        "reason": evidence.reason,
        "stage": evidence.stage,
        "detail": evidence.detail,
        "stages": stages,
    }


def _time(at: datetime | None) -> str | None:
    return time_text(at) if at is not None else None
