"""The journal events of incidents and maintenances, and what of them is told to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from statuspage.core.incident import Incident, Update
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import Site, public_id
from statuspage.core.state import Change, JournalEvent
from statuspage.core.telling import ENDS, QUIET, STAFF_PAGE, Json, Telling

MOST_EVIDENCE = 10


def incident_events(
    before: Incident | None, after: Incident, update: Update, site: Site, now: datetime, not_before: datetime
) -> tuple[JournalEvent, ...]:
    """What publishing this update means: created, reopened, updated or resolved.

    One that is over when it is first told of is created and resolved at once. `not_before` is when it may be sent.
    """
    was_public = before is not None and before.is_public
    was_open = was_public and before is not None and before.is_open
    kinds = []
    if not was_public:
        kinds = ["incident.created"] if after.is_open else ["incident.created", "incident.resolved"]
    elif was_open != after.is_open:
        kinds = ["incident.reopened" if after.is_open else "incident.resolved"]
    else:
        kinds = ["incident.updated"]
    return tuple(incident_event(kind, after, update, site, now, not_before) for kind in kinds)


def incident_event(
    kind: str,
    incident: Incident,
    update: Update | None,
    site: Site,
    now: datetime,
    not_before: datetime | None,
    *,
    quiet: bool = False,
) -> JournalEvent:
    """An event about an incident. Without `not_before` only the journal hears of it; `quiet` wakes nobody.

    Of an end pagers hear even where nobody is to be notified: their alert would stay open for ever.
    """
    data: dict[str, Json] = {"title": incident.title, "state": incident.state.value, "by": incident.by}
    if update is not None:
        data |= {"update": update.id, "by": update.by, "state": update.state, "at": update.display_at.isoformat()}
    silent = update is not None and not update.tell
    if not_before is None or (silent and kind not in ENDS):
        return JournalEvent(kind, incident.id, now, data)
    telling = _incident_telling(kind, incident, update, site, not_before, quiet=quiet)
    return JournalEvent(kind, incident.id, now, data, replace(telling, silent=silent))


def person_event(
    kind: str, subject: str, by: str, now: datetime, data: Mapping[str, Json] | None = None
) -> JournalEvent:
    """What a person did, for the journal alone."""
    return JournalEvent(kind, subject, now, {"by": by, **(data or {})})


def component_event(
    change: Change,
    now: datetime,
    not_before: datetime | None,
    *,
    by: str | None = None,
    update: str | None = None,
    root_causes: Sequence[str] = (),
) -> JournalEvent:
    """A component moved. `update` is what it follows from: it is undone with it."""
    data: dict[str, Json] = {
        "from": change.old.value,
        "to": change.new.value,
        "since": change.since.isoformat(),
    }
    if by is not None:
        data["by"] = by
    if root_causes:
        data["root_causes"] = list(root_causes)
    told: dict[str, Json] = {"component": change.component, "old_status": data["from"], "new_status": data["to"]}
    telling = Telling(change.component, (change.component,), not_before, told, update=update) if not_before else None
    return JournalEvent("component.updated", change.component, now, data, telling)


def maintenance_event(
    kind: str, maintenance: Maintenance, update: Update | None, site: Site, now: datetime, not_before: datetime
) -> JournalEvent:
    """An event about planned work."""
    data: dict[str, Json] = {
        "title": maintenance.title,
        "state": maintenance.state.value,
        "by": update.by if update else maintenance.by,
        "starts": maintenance.starts.isoformat(),
        "ends": maintenance.ends.isoformat(),
    }
    if update is not None:
        data["update"] = update.id
    told: dict[str, Json] = {"maintenance": public_maintenance(maintenance, site)}
    if update is not None:
        told["update"] = _public_update(update)
    telling = Telling(maintenance.id, maintenance.components, not_before, told, update=update.id if update else None)
    return JournalEvent(kind, maintenance.id, now, data, None if update and not update.tell else telling)


def _incident_telling(
    kind: str, incident: Incident, update: Update | None, site: Site, not_before: datetime, *, quiet: bool
) -> Telling:
    told: dict[str, Json] = {"incident": public_incident(incident, site)}
    if update is not None:
        told["update"] = _public_update(update)
    return Telling(
        queue=incident.id,
        # What began without a component was told to everybody: so is its end.
        components=() if kind in ENDS and _began_without(incident) else incident.components,
        not_before=not_before,
        data=told,
        evidence={**_evidence(incident), **_for_staff(kind, incident, site), **({QUIET: True} if quiet else {})},
        update=update.id if update else None,
    )


def _began_without(incident: Incident) -> bool:
    first = next((update for update in incident.updates if update.is_published), None)
    return first is not None and not first.changes


def _for_staff(kind: str, incident: Incident, site: Site) -> dict[str, Json]:
    """Where staff can act, of what the public page does not show or does not say."""
    if kind == "draft.waiting":
        return {STAFF_PAGE: f"{site.url}/staff/drafts"}
    if kind in ("draft.over", "incident.overdue"):
        return {STAFF_PAGE: f"{site.url}/staff/incidents/{incident.id}"}
    return {}


def public_incident(incident: Incident, site: Site) -> dict[str, Json]:
    """What anybody may know of an incident: names, states and times."""
    return {
        "id": incident.id,
        "name": incident.title,
        "status": incident.state.value,
        "impact": incident.impact.value,
        "url": f"{site.url}/incidents/{incident.id}",
        "started_at": incident.started_at.isoformat(),
        "resolved_at": _iso(incident.resolved_at),
        "components": _components(incident.components, site),
    }


def public_maintenance(maintenance: Maintenance, site: Site) -> dict[str, Json]:
    """What anybody may know of planned work."""
    return {
        "id": maintenance.id,
        "name": maintenance.title,
        "status": maintenance.state.value,
        "url": f"{site.url}/incidents/{maintenance.id}",
        "scheduled_for": maintenance.starts.isoformat(),
        "scheduled_until": maintenance.ends.isoformat(),
        "components": _components(maintenance.components, site),
    }


def _components(ids: Sequence[str], site: Site) -> list[Json]:
    found = (site.component(each) for each in ids)
    return [{"id": public_id("component", each.id), "name": each.name} for each in found if each is not None]


def _public_update(update: Update) -> dict[str, Json]:
    return {
        "id": update.id,
        "status": update.state,
        "body": update.body,
        "display_at": update.display_at.isoformat(),
        "next_update_by": _iso(update.next_by),
    }


def _evidence(incident: Incident) -> dict[str, Json]:
    newest = incident.evidence[-MOST_EVIDENCE:]
    checks: list[Json] = [
        {
            "check": each.check,
            "agent": each.agent,
            "verdict": each.verdict,
            "since": each.since.isoformat(),
            "reason": each.reason,
            "stage": each.stage,
        }
        for each in newest
    ]
    return {"checks": checks} if checks else {}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
