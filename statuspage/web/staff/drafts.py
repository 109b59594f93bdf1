"""The inbox: what the robot and people wrote and nobody has published, with the evidence under the words."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, request

from statuspage.core.incident import ROBOT, Incident, Update
from statuspage.core.role import Role
from statuspage.core.site import Site
from statuspage.web.entries import Line
from statuspage.web.present_incident import Moved, said
from statuspage.web.staff.audience import audience, incident_kinds
from statuspage.web.staff.doing import desk_blueprint, desk_page, look
from statuspage.web.staff.evidence import Table, Why, checks_of, reasons, seen_of, tables
from statuspage.web.staff.forms import Text, query
from statuspage.web.staff.gate import needs
from statuspage.web.times import Stamp, minute_clock, stamp
from statuspage.web.words import STATE_WORDS

blueprint = desk_blueprint("drafts")
DRAFTS = "/staff/drafts"


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft of the inbox. `until` is set where it publishes itself, `seconds` from now."""

    id: str
    incident: str
    version: int
    title: str
    word: str
    html: str
    by: str
    at: Stamp
    since: Stamp
    until: Stamp | None
    seconds: int
    is_first: bool
    over: Stamp | None
    moved: tuple[Moved, ...]
    next_by: Stamp | None
    tables: tuple[Table, ...]
    reasons: tuple[Why, ...]
    told: str


@blueprint.get(DRAFTS)
@needs(Role.VIEWER)
def drafts() -> Response:
    query(did=Text(20, optional=True), said=Text(80, optional=True), done=Text(20, optional=True))
    return inbox()


@blueprint.get(f"{DRAFTS}/waiting")
@needs(Role.VIEWER, by_itself=True)
def waiting() -> Response:
    """The ids of the drafts that wait, for a page that is open: it asks again and again, and mostly gets a 304."""
    state, _, _, _ = look()
    going = (each for each in state.incidents.values() if each.dismissed_at is None and each.over_at is None)
    found = json.dumps({"drafts": [draft.id for incident in going for draft in incident.drafts]})
    response = Response(found, content_type="application/json")
    response.set_etag(hashlib.sha256(found.encode()).hexdigest()[:32])
    response.make_conditional(request)
    return response


def inbox(code: int = 200, alert: str = "") -> Response:
    """The page, after an act that was refused too."""
    state, site, zone, now = look()
    waiting = [each for each in state.incidents.values() if each.drafts and each.dismissed_at is None]
    listed = [each for incident in sorted(waiting, key=_urgency) for each in _drafts(incident, site, zone, now)]
    return desk_page(
        "drafts.html",
        code,
        alert=alert,
        waiting=[each for each in listed if each.over is None],
        over=[each for each in listed if each.over is not None],
    )


def _urgency(incident: Incident) -> tuple[float, int]:
    """What publishes itself soonest stands first, then the newest."""
    times = [each.publish_at.timestamp() for each in incident.drafts if each.publish_at is not None]
    return (min(times, default=float("inf")), -incident.number)


def _drafts(incident: Incident, site: Site, zone: ZoneInfo, now: datetime) -> list[Draft]:
    seen = seen_of(checks_of(incident, site)) if any(each.by == ROBOT for each in incident.drafts) else {}
    evidence = (tables(incident, seen, zone), reasons(seen, site, incident))
    return [_draft(incident, each, site, zone, now, evidence) for each in incident.drafts]


def _draft(
    incident: Incident,
    draft: Update,
    site: Site,
    zone: ZoneInfo,
    now: datetime,
    evidence: tuple[tuple[Table, ...], tuple[Why, ...]],
) -> Draft:
    mine = draft.by == ROBOT
    touched = (*incident.components, *(change.component for change in draft.changes))
    heard = audience(incident_kinds(incident, stays_open=draft.state not in ("resolved",)), touched, site)
    until, public = draft.publish_at, replace(draft, published_at=draft.written_at)
    return Draft(
        id=draft.id,
        incident=incident.id,
        version=incident.version,
        title=incident.title,
        word=STATE_WORDS[draft.state],
        html=draft.html,
        by="detected automatically" if mine else draft.by,
        at=stamp(draft.written_at, zone),
        since=stamp(incident.started_at, zone),
        until=stamp(until, zone) if until is not None else None,
        seconds=max(0, int((until - now).total_seconds())) if until is not None else 0,
        is_first=not incident.is_public,
        over=stamp(incident.over_at, zone) if incident.over_at is not None else None,
        moved=said(incident.with_update(public), Line("", public), site, zone).moved,
        next_by=minute_clock(draft.next_by, zone) if draft.next_by is not None else None,
        tables=evidence[0] if mine else (),
        reasons=evidence[1] if mine else (),
        told=heard.text if draft.tell else "",
    )
