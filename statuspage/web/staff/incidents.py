"""Incidents: the list, and one with all about it: what was said, what the checks saw, who was told, who did what."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response

from statuspage.acting.caller import an_id
from statuspage.core import posting
from statuspage.core.incident import ROBOT, Incident, IncidentState
from statuspage.core.posting import Post
from statuspage.core.refusals import Conflict, Refused
from statuspage.core.role import Role
from statuspage.core.site import Site
from statuspage.core.state import State
from statuspage.web.present_incident import impact_look
from statuspage.web.staff.audience import audience_of
from statuspage.web.staff.context import staff
from statuspage.web.staff.doing import act, by, desk_blueprint, desk_page, look, on_to
from statuspage.web.staff.evidence import checks_of, reasons, runs, seen_of, tables
from statuspage.web.staff.forms import BadForm, Text, form, query
from statuspage.web.staff.gate import needs
from statuspage.web.staff.letters import letters_about
from statuspage.web.staff.past_acts import past_acts
from statuspage.web.staff.pasted import LONG, pasted
from statuspage.web.staff.timeline import components, timeline
from statuspage.web.times import minute, minute_clock, stamp
from statuspage.web.words import STATE_WORDS

blueprint = desk_blueprint("incidents")
INCIDENTS = "/staff/incidents"
MANY = 30
RUNS = 8
RESOLVED = "This is resolved. Everything works as usual again."


@blueprint.get(INCIDENTS)
@needs(Role.VIEWER)
def listed() -> Response:
    before = query(before=Text(12, optional=True), done=Text(20, optional=True))["before"]
    if before and not (before.isascii() and before.isdecimal()):
        raise BadForm("before", "must be a number")
    _, _, zone, now = look()
    found = staff().store.incidents(MANY + 1, int(before) if before else None)
    rows = [_row(each, zone, now) for each in found[:MANY]]
    older = f"{INCIDENTS}?{urlencode({'before': found[MANY - 1].number})}" if len(found) > MANY else ""
    return desk_page("incidents.html", incidents=rows, older=older)


@blueprint.get(f"{INCIDENTS}/<id>")
@needs(Role.VIEWER)
def one(id: str) -> Response:
    query(did=Text(20, optional=True), said=Text(80, optional=True))
    return show(id)


@blueprint.post(f"{INCIDENTS}/<id>/acknowledge")
@needs(Role.RESPONDER)
def acknowledge(id: str) -> Response:
    form()
    if not _acknowledged(an_id("incident", id)):
        act(lambda state, now: posting.acknowledge(state, id, by(), now), id)
    return on_to(f"{INCIDENTS}/{id}", "acknowledged")


@blueprint.post(f"{INCIDENTS}/<id>/hand-back")
@needs(Role.PUBLISHER)
def hand_back(id: str) -> Response:
    form()
    act(lambda state, now: posting.hand_back(state, an_id("incident", id), by(), now), id)
    return on_to(f"{INCIDENTS}/{id}", "handed")


@blueprint.post(f"{INCIDENTS}/<id>/resolve")
@needs(Role.PUBLISHER)
def resolve(id: str) -> Response:
    given = pasted(
        key=Text(64),
        version=Text(9),
        body=LONG,
        reset=Text(2, optional=True),
        tell=Text(2, optional=True),
    )
    if not (given["version"].isascii() and given["version"].isdecimal()):
        raise BadForm("version", "must be a number")
    post = Post(
        body=given["body"],
        state=IncidentState.RESOLVED.value,
        tell=bool(given["tell"]),
        reset=bool(given["reset"]),
        key=given["key"],
    )
    try:
        version = int(given["version"])
        act(lambda state, now: posting.post_update(state, an_id("incident", id), post, by(), now, version), id)
    except Refused as refusal:
        return show(id, 422, refusal=refusal, resolving=given["body"])
    except Conflict:
        alert = "Somebody else wrote in this incident while you were typing. Read what they said, then resolve it."
        return show(id, 409, alert=alert, resolving=given["body"])
    update = posting.id_of("update", by(), f"{id}/{given['key']}")
    return on_to(f"{INCIDENTS}/{id}", said=f"{id}.{update}")


def show(
    id: str, code: int = 200, *, refusal: Refused | None = None, alert: str = "", resolving: str = RESOLVED
) -> Response:
    """The page of an incident, after a form of it was refused too."""
    state, site, zone, now = look(an_id("incident", id))
    incident = posting.find(state, id)
    seen = seen_of(checks_of(incident, site), RUNS)
    touched_by = incident.touched_by
    return desk_page(
        "incident.html",
        code,
        refusal=refusal,
        alert=alert,
        resolving=resolving,
        incident=incident,
        row=_row(incident, zone, now),
        look=impact_look(incident),
        said=timeline(incident, site, zone),
        affected=components(state, incident, site, now),
        tables=tables(incident, seen, zone),
        reasons=reasons(seen, site, incident),
        runs=runs(seen, zone),
        letters=letters_about(incident.id, zone),
        acts=past_acts(incident.id, zone),
        acknowledged=_acknowledged(incident.id),
        can_hand_back=touched_by is not None and bool(incident.causes),
        next_by=minute_clock(incident.next_by, zone) if incident.next_by else None,
        overdue=incident.is_overdue(now),
        told=_told_of_the_end(state, incident, site, now),
        key=posting.id_of("key", by(), f"{id}/{incident.version}/resolve"),
        learned=incident.postmortem,
    )


def _told_of_the_end(state: State, incident: Incident, site: Site, now: datetime) -> str:
    if not (incident.is_open and incident.is_public):
        return ""
    ending = Post(RESOLVED, state=IncidentState.RESOLVED.value)
    return audience_of(posting.post_update(state, incident.id, ending, by(), now).events, site).text


def _row(incident: Incident, zone: ZoneInfo, now: datetime) -> dict[str, object]:
    ended = incident.resolved_at or incident.over_at or incident.dismissed_at
    return {
        "id": incident.id,
        "title": incident.title,
        "look": impact_look(incident) if incident.is_open else replace(impact_look(incident), slug="ok"),
        "state": _state(incident),
        "is_open": incident.is_open,
        "was_due": minute_clock(incident.next_by, zone) if incident.next_by and incident.is_overdue(now) else None,
        "drafts": len(incident.drafts) if incident.dismissed_at is None else 0,
        "began": minute(incident.started_at, zone),
        "ended": minute(ended, zone) if ended is not None else None,
        "by": "detected automatically" if incident.by == ROBOT else f"opened by {incident.by}",
        "touched": f"{incident.touched_by} holds it" if incident.touched_by and incident.causes else "",
        "updates": len(incident.published),
        "since": stamp(incident.updated_at, zone),
    }


def _state(incident: Incident) -> str:
    if incident.dismissed_at is not None and not incident.is_public:
        return "Put aside"
    if not incident.is_public:
        return "Not public" if incident.over_at is None else "Over, not public"
    return STATE_WORDS[incident.state.value]


def _acknowledged(id: str) -> str:
    """Who said that they are at it, since it last began; empty for nobody."""
    for entry in staff().store.newest_events(200, kind="incident.", subject=id):
        if entry.event.kind == "incident.acknowledged":
            return str(entry.event.data.get("by", ""))
        if entry.event.kind in ("incident.reopened", "incident.created"):
            break
    return ""
