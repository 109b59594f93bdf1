"""The post screen: a new incident or an update of one that goes on, on one page, with a preview of both its ends."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response

from statuspage.core import posting
from statuspage.core.incident import Incident, IncidentState, Update
from statuspage.core.posting import id_of
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.role import Role
from statuspage.core.site import Site
from statuspage.core.state import Decision, State
from statuspage.core.typed import site_of
from statuspage.web.headers import NOT_KEPT
from statuspage.web.staff.audience import Audience, audience, audience_of, incident_kinds
from statuspage.web.staff.doing import act, by, desk_blueprint, desk_page, look, need, on_to
from statuspage.web.staff.forms import BadForm, Text, query
from statuspage.web.staff.gate import Denied, needs
from statuspage.web.staff.picks import picks
from statuspage.web.staff.post_form import (
    NEW,
    STATES,
    Typed,
    empty_form,
    post_of,
    promises,
    sent_form,
    with_template,
)
from statuspage.web.staff.preview import Preview, preview, tree
from statuspage.web.staff.templates import rendered
from statuspage.web.times import Stamp, length_text, minute, minute_clock
from statuspage.web.words import STATE_WORDS

blueprint = desk_blueprint("post")
POST = "/staff/post"
MOST_MEANWHILE = 2
_BUTTONS = ("publish", "draft", "preview", "switch", "template")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says beside the form: how it will look, why not, and what others said meanwhile."""

    preview: Preview | None = None
    refusal: Refused | None = None
    alert: str = ""
    meanwhile: Sequence[tuple[str, Update, Stamp]] = ()


@blueprint.get(POST)
@needs(Role.RESPONDER)
def ask() -> Response:
    given = query(
        incident=Text(40, optional=True),
        template=Text(200, optional=True),
        did=Text(20, optional=True),
        said=Text(80, optional=True),
    )
    wanted = given["incident"]
    state, site, zone, now = look(*([wanted] if wanted and wanted != NEW else []))
    incident = None if wanted == NEW else _wanted(state, wanted)
    typed = replace(empty_form(incident), template=given["template"])
    return _page(state, site, zone, now, with_template(typed, site, incident), Shown())


@blueprint.post(POST)
@needs(Role.RESPONDER)
def send() -> Response:
    typed, pressed = sent_form()
    if pressed not in _BUTTONS:
        raise BadForm("act", f"must be one of {', '.join(_BUTTONS)}")
    if pressed in ("publish", "draft"):
        return _say(typed, draft=pressed == "draft")
    state, site, zone, now = look(typed.incident)
    incident = state.incidents.get(typed.incident)
    if pressed == "switch":
        typed = _moved_over(typed, incident)
    typed = with_template(typed, site, incident)
    shown = _try(state, site, zone, now, typed) if pressed == "preview" else Shown()
    return _page(state, site, zone, now, typed, shown)


@blueprint.post("/staff/preview")
@needs(Role.RESPONDER)
def live() -> Response:
    """The panes beside the form, for the script: nothing is written."""
    typed, _ = sent_form()
    state, site, zone, now = look(typed.incident)
    shown = _try(state, site, zone, now, typed)
    panes = rendered("_preview.html", shown=shown).decode("utf-8")
    told = _told(state, site, now, typed)
    found = {"panes": tree(panes), "told": told.text, "field": shown.refusal.field if shown.refusal else None}
    return Response(json.dumps(found), content_type="application/json", headers={"Cache-Control": NOT_KEPT})


def _say(typed: Typed, *, draft: bool) -> Response:
    try:
        if not draft:
            need(Role.PUBLISHER)
        decision = act(lambda state, now: decide(state, typed, by(), now, draft=draft), _incident_id(typed))
    except Denied as denied:
        return _again(typed, 403, Shown(alert=f"{denied.why} Save it as a draft: somebody else can publish it."))
    except Refused as refusal:
        return _again(typed, 422, Shown(refusal=refusal))
    except NotThere:
        gone = "That incident is not there any more. Your text is kept: it would open a new one now."
        return _again(replace(typed, incident="", version=None), 404, Shown(alert=gone))
    except Conflict:
        return _lost_race(typed)
    incident_id = decision.incidents[0].id if decision.incidents else _incident_id(typed)
    if draft:
        return on_to("/staff/drafts", "drafted")
    return on_to(f"/staff/incidents/{incident_id}", said=f"{incident_id}.{_update_id(typed)}")


def decide(state: State, typed: Typed, author: str, now: datetime, *, draft: bool) -> Decision:
    """What the form means on this state. Raises Refused, NotThere and Conflict."""
    site = site_of(state)
    post = post_of(typed, ZoneInfo(site.time_zone), now, draft=draft)
    if not typed.incident:
        return posting.open_incident(state, post, author, now)
    incident = posting.find(state, typed.incident)
    if post.title == incident.title:
        post = replace(post, title=None)
    if draft and post.title is not None and incident.is_public:
        raise Refused("title", "changes for everybody at once: publish it, or leave it to a publisher")
    return posting.post_update(state, typed.incident, post, author, now, typed.version)


def _try(state: State, site: Site, zone: ZoneInfo, now: datetime, typed: Typed) -> Shown:
    """How it would look if it were said now."""
    if not typed.body.strip() and not typed.title.strip():
        return Shown()
    titled = typed if typed.title.strip() else replace(typed, title="(no title yet)")
    try:
        decision = decide(state, replace(titled, version=None), by(), now, draft=False)
    except (Refused, NotThere) as refusal:
        return Shown(refusal=refusal if isinstance(refusal, Refused) else Refused("incident", "is not there any more"))
    if not decision.incidents:
        return Shown()
    incident = decision.incidents[0]
    return Shown(preview=preview(incident, incident.updates[-1].id, site, zone, now))


def _lost_race(typed: Typed) -> Response:
    """Both texts on one page; the form stands on the present version now."""
    state, site, zone, now = look(typed.incident)
    incident = posting.find(state, typed.incident)
    newest = [each for each in reversed(incident.updates) if each.withdrawn_at is None][:MOST_MEANWHILE]
    meanwhile = [(STATE_WORDS[each.state], each, minute(each.written_at, zone)) for each in newest]
    alert = "Somebody else wrote in this incident while you were typing. Look at both texts, then publish yours."
    shown = replace(_try(state, site, zone, now, typed), alert=alert, meanwhile=meanwhile)
    return _page(state, site, zone, now, replace(typed, version=incident.version), shown, 409)


def _again(typed: Typed, code: int, shown: Shown) -> Response:
    state, site, zone, now = look(typed.incident)
    return _page(state, site, zone, now, typed, shown, code)


def _page(
    state: State, site: Site, zone: ZoneInfo, now: datetime, typed: Typed, shown: Shown, code: int = 200
) -> Response:
    incident = state.incidents.get(typed.incident)
    return desk_page(
        "post.html",
        code,
        typed=typed,
        incident=incident,
        incidents=_choices(state, typed, incident),
        templates=site.templates,
        states=[(each, STATE_WORDS[each], each == typed.state) for each in STATES],
        picks=picks(state, site, incident.components if incident else (), typed.components),
        promises=promises(site),
        told=_told(state, site, now, typed),
        undo_s=int(site.times.undo.total_seconds()),
        aside=_aside(incident, zone, now),
        shown=shown,
        refusal=shown.refusal,
    )


def _choices(state: State, typed: Typed, incident: Incident | None) -> list[tuple[str, str, bool]]:
    """What the form can be about: (value, words, chosen). The chosen one keeps the version it was typed on."""
    going = sorted(_going(state), key=lambda each: -each.number)
    listed = going if incident is None or incident in going else [incident, *going]
    found = []
    for each in listed:
        chosen = each.id == typed.incident
        found.append((typed.target if chosen else f"{each.id}.{each.version}", each.title, chosen))
    return [*found, (NEW, "A new incident", not typed.incident)]


def _going(state: State) -> list[Incident]:
    return [each for each in state.incidents.values() if each.is_open]


def _wanted(state: State, id: str) -> Incident | None:
    if id:
        return posting.find(state, id)
    return max(_going(state), key=lambda each: each.number, default=None)


def _moved_over(typed: Typed, incident: Incident | None) -> Typed:
    """The text goes along to another incident; its title, state and version do not."""
    fresh = empty_form(incident)
    return replace(typed, version=fresh.version, title=fresh.title, state=fresh.state)


def _told(state: State, site: Site, now: datetime, typed: Typed) -> Audience:
    """Who would hear of it if it were said now, whatever is still to be typed."""
    incident = state.incidents.get(typed.incident)
    whole = replace(typed, version=None, tell=True, title=typed.title.strip() or "…", body=typed.body.strip() or "…")
    try:
        decided = decide(state, whole, by(), now, draft=False)
    except (Refused, NotThere):
        stays_open = typed.state != IncidentState.RESOLVED.value
        mine = incident.components if incident is not None else ()
        return audience(incident_kinds(incident, stays_open=stays_open), (*mine, *typed.components), site)
    return audience_of(decided.events, site)


def _aside(incident: Incident | None, zone: ZoneInfo, now: datetime) -> tuple[str | Stamp, ...]:
    """Where this update stands in its incident, and what was promised."""
    if incident is None:
        return ()
    number = f"Update {len(incident.published) + 1} of this incident."
    promised = incident.next_by
    if promised is None:
        return (number,)
    late = f", {length_text(now - promised)} ago." if promised < now else f", in {length_text(promised - now)}."
    return (f"{number} The last one said: next by ", minute_clock(promised, zone), late)


def _incident_id(typed: Typed) -> str:
    return typed.incident or id_of("incident", by(), typed.key)


def _update_id(typed: Typed) -> str:
    return id_of("update", by(), f"{_incident_id(typed)}/{typed.key}")
