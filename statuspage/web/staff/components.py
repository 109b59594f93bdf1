"""Components: what the checks say of each, what people say against them and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response

from statuspage.core import correcting
from statuspage.core.detection import Belief, Verdict
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import Role
from statuspage.core.site import Component, Site
from statuspage.core.state import Override, State
from statuspage.core.status import Status
from statuspage.web.staff.context import staff
from statuspage.web.staff.doing import act, by, desk_blueprint, desk_page, look, on_to
from statuspage.web.staff.forms import Text, form, query
from statuspage.web.staff.gate import needs
from statuspage.web.staff.moments import moment
from statuspage.web.staff.pasted import pasted
from statuspage.web.staff.picks import status_of
from statuspage.web.times import Stamp, stamp
from statuspage.web.words import LOOKS, Look

blueprint = desk_blueprint("components")
COMPONENTS = "/staff/components"
HOURS = {"1": "for an hour", "4": "for 4 hours", "24": "for a day", "168": "for a week", "": "until the time beside"}
CHOICES = (Status.OPERATIONAL, Status.DEGRADED, Status.PARTIAL, Status.MAJOR, Status.MAINTENANCE)
_SLUGS = {
    Verdict.UP: "ok",
    Verdict.SLOW: "degraded",
    Verdict.DOWN: "major",
    Verdict.UNSTABLE: "partial",
    Verdict.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What one check holds true, as one agent sees it."""

    name: str
    slug: str
    word: str
    since: Stamp | None
    why: str


@dataclass(frozen=True, slots=True)
class Says:
    """What a person says against the checks."""

    look: Look
    by: str
    at: Stamp
    until: Stamp | None
    incident: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One component of the page."""

    id: str
    name: str
    look: Look
    since: Stamp | None
    checks: tuple[Check, ...]
    says: Says | None


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of an override."""

    component: str = ""
    status: str = ""
    hours: str = "4"
    until: str = ""
    reason: str = ""


@blueprint.get(COMPONENTS)
@needs(Role.VIEWER)
def components() -> Response:
    query(did=Text(20, optional=True))
    return _page()


@blueprint.post(f"{COMPONENTS}/<id>/override")
@needs(Role.RESPONDER)
def override(id: str) -> Response:
    given = pasted(
        status=Text(40), hours=Text(5, optional=True), until=Text(40, optional=True), reason=Text(1000, optional=True)
    )
    typed = Typed(id, **given)
    _, site, zone, now = look()
    _known(site, id)
    try:
        status, until = _status(typed.status), _until(typed, zone, now)
        act(lambda state, at: correcting.override(state, id, status, until, typed.reason, by(), at))
    except Refused as refusal:
        return _page(422, refusal, typed)
    return on_to(COMPONENTS, "overridden")


@blueprint.post(f"{COMPONENTS}/<id>/release")
@needs(Role.RESPONDER)
def release(id: str) -> Response:
    form()
    _known(look()[1], id)
    try:
        act(lambda state, now: correcting.release(state, id, by(), now))
    except Refused as refusal:
        return _page(422, refusal)
    return on_to(COMPONENTS, "released")


def _known(site: Site, id: str) -> Component:
    found = site.component(id)
    if found is None:
        raise NotThere("component", "of that name")
    return found


def _until(typed: Typed, zone: ZoneInfo, now: datetime) -> datetime:
    if typed.until:
        return moment("until", typed.until, zone, now)
    if typed.hours not in HOURS or not typed.hours:
        raise Refused("until", "must say until when")
    return now + timedelta(hours=int(typed.hours))


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise Refused("status", f"must be one of {', '.join(each.value for each in CHOICES)}") from None


def _page(code: int = 200, refusal: Refused | None = None, typed: Typed | None = None) -> Response:
    state, site, zone, now = look()
    beliefs = _beliefs()
    groups = [(group.name, site.in_group(group.id)) for group in site.groups] + [("", site.in_group(None))]
    return desk_page(
        "components.html",
        code,
        refusal=refusal,
        typed=typed or Typed(),
        groups=[(name, [_row(each, state, beliefs, zone, now) for each in some]) for name, some in groups if some],
        choices=[(each.value, LOOKS[each].word) for each in CHOICES],
        hours=HOURS,
    )


def _beliefs() -> list[Belief]:
    store = staff().store
    agents = [beat.agent for beat in store.heartbeats()]
    return [belief for agent in agents for belief in store.beliefs(agent).values()]


def _row(component: Component, state: State, beliefs: list[Belief], zone: ZoneInfo, now: datetime) -> Row:
    held, override = state.components.get(component.id), state.overrides.get(component.id)
    mine = sorted((each for each in beliefs if each.check in component.checks), key=lambda each: each.check)
    told = {each.check for each in mine}
    silent = [Check(each, "unknown", "has said nothing yet", None, "") for each in component.checks if each not in told]
    return Row(
        id=component.id,
        name=component.name,
        look=LOOKS[status_of(state, component.id)],
        since=stamp(held.since, zone) if held is not None else None,
        checks=(*(_check(each, zone) for each in mine), *silent),
        says=_says(override, zone) if override is not None and override.holds(now) else None,
    )


def _check(belief: Belief, zone: ZoneInfo) -> Check:
    why = " in ".join(filter(None, (belief.reason.value if belief.reason else "", belief.stage or "")))
    since = stamp(belief.since, zone) if belief.verdict is not Verdict.UNKNOWN else None
    return Check(f"{belief.check} from {belief.agent}", _SLUGS[belief.verdict], belief.verdict.value, since, why)


def _says(override: Override, zone: ZoneInfo) -> Says:
    return Says(
        look=LOOKS[override.status],
        by=override.by,
        at=stamp(override.at, zone),
        until=stamp(override.until, zone) if override.until is not None else None,
        incident=override.incident,
        reason=override.reason,
    )
