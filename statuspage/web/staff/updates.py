"""One update of an incident: published, put aside, held back, taken back, edited with its history."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response

from statuspage.acting.caller import an_id
from statuspage.core import posting
from statuspage.core.checking import same
from statuspage.core.incident import Incident, Update
from statuspage.core.posting import Post
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.role import Role
from statuspage.core.site import Site
from statuspage.core.state import Decision, State
from statuspage.core.typed import MAX_TITLE, site_of
from statuspage.web.entries import html_of
from statuspage.web.staff.doing import act, by, desk_blueprint, desk_page, look, may, need, on_to
from statuspage.web.staff.drafts import DRAFTS, inbox
from statuspage.web.staff.forms import BadForm, Text, form
from statuspage.web.staff.gate import needs
from statuspage.web.staff.moments import moment, written
from statuspage.web.staff.pasted import LONG, pasted
from statuspage.web.staff.post_form import STATES
from statuspage.web.staff.preview import Preview, preview
from statuspage.web.times import minute
from statuspage.web.words import STATE_WORDS

blueprint = desk_blueprint("updates")
UPDATE = "/staff/incidents/<id>/updates/<update>"
_VERSION = Text(9)
_BUTTONS = ("save", "publish", "preview")


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of an edit."""

    version: int
    title: str
    state: str
    body: str
    display_at: str


@blueprint.post(f"{UPDATE}/publish")
@needs(Role.PUBLISHER)
def publish(id: str, update: str) -> Response:
    given = form(version=_VERSION)
    on = _number(given["version"])
    return _done_with(id, update, lambda state, now: posting.publish_draft(state, id, update, by(), now, on), said=True)


@blueprint.post(f"{UPDATE}/dismiss")
@needs(Role.RESPONDER)
def dismiss(id: str, update: str) -> Response:
    on = _number(form(version=_VERSION)["version"])
    return _done_with(
        id, update, lambda state, now: posting.dismiss(_as_read(state, id, on), id, update, by(), now), "dismissed"
    )


@blueprint.post(f"{UPDATE}/hold")
@needs(Role.RESPONDER)
def hold(id: str, update: str) -> Response:
    on = _number(form(version=_VERSION)["version"])
    return _done_with(
        id, update, lambda state, now: posting.hold_draft(_as_read(state, id, on), id, update, by(), now), "held"
    )


@blueprint.post(f"{UPDATE}/undo")
@needs(Role.PUBLISHER)
def undo(id: str, update: str) -> Response:
    form()
    _ids(id, update)
    try:
        act(lambda state, now: posting.withdraw(state, id, update, by(), now), id)
    except Refused:
        return on_to(f"/staff/incidents/{id}", "late")
    return on_to(DRAFTS, "undone")


@blueprint.get(UPDATE)
@needs(Role.RESPONDER)
def ask(id: str, update: str) -> Response:
    state, site, zone, now = look(_ids(id, update))
    incident, present = _find(state, id, update)
    typed = Typed(incident.version, incident.title, present.state, present.body, written(present.display_at, zone))
    return _page(incident, present, site, zone, now, typed)


@blueprint.post(UPDATE)
@needs(Role.RESPONDER)
def change(id: str, update: str) -> Response:
    typed, pressed = _sent()
    state, site, zone, now = look(_ids(id, update))
    incident, present = _find(state, id, update)
    if pressed == "preview":
        return _page(incident, present, site, zone, now, typed, seen=_try(state, incident, present, typed, site, now))
    if pressed == "publish" or not present.is_draft:
        need(Role.PUBLISHER)
    try:
        command = edit_and_publish if pressed == "publish" else edit
        act(lambda state, now: command(_as_seen(state, id, update), id, update, typed, by(), now), id)
    except Refused as refusal:
        return _page(incident, present, site, zone, now, typed, refusal=refusal, code=422)
    except Conflict:
        alert = "Somebody else changed this incident while you were typing. What stands there now is beside your text."
        on = replace(typed, version=incident.version)
        return _page(incident, present, site, zone, now, on, alert=alert, code=409)
    if pressed == "publish":
        return on_to(f"/staff/incidents/{id}", said=f"{id}.{update}")
    return on_to(DRAFTS if present.is_draft else f"/staff/incidents/{id}", "edited")


def _as_seen(state: State, id: str, update: str) -> State:
    """The state: what was a draft when the role was checked must be one still. Raises Conflict where it is public."""
    incident = posting.find(state, id)
    present = incident.update(update)
    if present is not None and not present.is_draft and not may(Role.PUBLISHER):
        raise Conflict("incident", id, incident.version)
    return state


def edit(state: State, id: str, update: str, typed: Typed, author: str, now: datetime) -> Decision:
    """What the form means on this state. Raises Refused, NotThere and Conflict."""
    incident = posting.find(state, id)
    present = incident.update(update)
    zone = ZoneInfo(site_of(state).time_zone)
    kept = present is not None and typed.display_at in ("", written(present.display_at, zone))
    at = None if kept else moment("display_at", typed.display_at, zone, now)
    title = typed.title if typed.title != incident.title else None
    if title is not None and incident.is_public and present is not None and present.is_draft:
        raise Refused("title", "changes for everybody at once: change it with something that is published")
    post = Post(body=typed.body, title=title, state=typed.state, display_at=at)
    return posting.edit_update(state, id, update, post, author, now, typed.version)


def edit_and_publish(state: State, id: str, update: str, typed: Typed, author: str, now: datetime) -> Decision:
    """Both in one transaction: what is published is what was typed."""
    first = edit(state, id, update, typed, author, now)
    between = replace(state, incidents={**state.incidents, **{each.id: each for each in first.incidents}})
    second = posting.publish_draft(between, id, update, author, now)
    return replace(second, events=(*first.events, *second.events))


def _done_with(
    id: str, update: str, command: Callable[[State, datetime], Decision], did: str = "", *, said: bool = False
) -> Response:
    """Back to the inbox. A draft that has gone or changed in the meantime is told of there."""
    _ids(id, update)
    try:
        act(command, id)
    except Conflict:
        return inbox(409, "Somebody else changed this incident a moment ago. Read it again before you act.")
    except Refused as refusal:
        return inbox(422, f"{str(refusal)[:1].upper()}{str(refusal)[1:]}.")
    return on_to(DRAFTS, did, f"{id}.{update}" if said else "")


def _as_read(state: State, id: str, version: int) -> State:
    """The state, where the incident stands as it was read. Raises Conflict and NotThere."""
    same(posting.find(state, id), version)
    return state


def _try(
    state: State, incident: Incident, present: Update, typed: Typed, site: Site, now: datetime
) -> Preview | Refused:
    zone = ZoneInfo(site.time_zone)
    try:
        edited = edit(state, incident.id, present.id, replace(typed, version=incident.version), by(), now).incidents[0]
    except Refused as refusal:
        return refusal
    update = edited.update(present.id)
    if update is None:
        raise NotThere("update", present.id)
    public = edited.with_update(replace(update, published_at=update.published_at or now))
    return preview(public, update.id, site, zone, now)


def _page(
    incident: Incident,
    update: Update,
    site: Site,
    zone: ZoneInfo,
    now: datetime,
    typed: Typed,
    *,
    seen: Preview | Refused | None = None,
    refusal: Refused | None = None,
    alert: str = "",
    code: int = 200,
) -> Response:
    trouble = seen if isinstance(seen, Refused) else refusal
    return desk_page(
        "update.html",
        code,
        incident=incident,
        update=update,
        typed=typed,
        states=[(each, STATE_WORDS[each], each == typed.state) for each in STATES],
        present=html_of(update),
        shown={"preview": seen if isinstance(seen, Preview) else None, "refusal": trouble},
        edits=[(minute(each.at, zone), each.by, html_of(each)) for each in reversed(update.edits)],
        refusal=trouble,
        alert=alert,
        is_late=bool(alert),
    )


def _sent() -> tuple[Typed, str]:
    given = pasted(
        version=_VERSION,
        act=Text(20),
        title=Text(4 * MAX_TITLE),
        state=Text(40),
        body=LONG,
        display_at=Text(40, optional=True),
    )
    if given["act"] not in _BUTTONS:
        raise BadForm("act", f"must be one of {', '.join(_BUTTONS)}")
    typed = Typed(_number(given["version"]), given["title"], given["state"], given["body"], given["display_at"])
    return typed, given["act"]


def _find(state: State, id: str, update: str) -> tuple[Incident, Update]:
    incident = posting.find(state, id)
    found = incident.update(update)
    if found is None:
        raise NotThere("update", update)
    return incident, found


def _ids(id: str, update: str) -> str:
    an_id("update", update)
    return an_id("incident", id)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise BadForm("version", "must be a number")
    return int(text)
