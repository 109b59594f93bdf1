"""Planned work: the calendar, and one with its plan, its updates and what was done to it."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response

from statuspage.acting.caller import an_id
from statuspage.core import planning
from statuspage.core.maintenance import TABLE, Maintenance, MaintenanceState
from statuspage.core.posting import id_of
from statuspage.core.refusals import Conflict, Refused
from statuspage.core.role import Role
from statuspage.core.site import Site, public_id
from statuspage.core.state import Decision, State
from statuspage.core.typed import site_of
from statuspage.web.entries import html_of
from statuspage.web.staff.audience import MAINTENANCE, audience
from statuspage.web.staff.context import staff
from statuspage.web.staff.doing import act, by, desk_blueprint, desk_page, look, on_to
from statuspage.web.staff.forms import BadForm, Text, form, query
from statuspage.web.staff.gate import needs
from statuspage.web.staff.letters import letters_about
from statuspage.web.staff.month import WEEKDAYS, month
from statuspage.web.staff.past_acts import past_acts
from statuspage.web.staff.pasted import ANY_LONG, LONG, pasted
from statuspage.web.staff.plan_form import Typed, empty_form, form_of, plan_of, sent_form
from statuspage.web.staff.timeline import components, timeline
from statuspage.web.times import length_text, minute, period
from statuspage.web.words import STATE_WORDS

blueprint = desk_blueprint("maintenances")
MAINTENANCES = "/staff/maintenances"
MANY_PAST = 200
_S = MaintenanceState
ACTS = {
    (_S.SCHEDULED, _S.SCHEDULED): ("Say it", "The plan stands."),
    (_S.SCHEDULED, _S.IN_PROGRESS): ("Begin now", "The work has begun."),
    (_S.IN_PROGRESS, _S.IN_PROGRESS): ("Say it", "The work goes on as planned."),
    (_S.IN_PROGRESS, _S.VERIFYING): ("Verify", "The work is done. We are looking whether everything is well."),
    (_S.IN_PROGRESS, _S.COMPLETED): ("Complete now", "The planned work is done."),
    (_S.VERIFYING, _S.VERIFYING): ("Say it", "We are still looking whether everything is well."),
    (_S.VERIFYING, _S.IN_PROGRESS): ("Back to work", "The work goes on."),
    (_S.VERIFYING, _S.COMPLETED): ("Complete now", "The planned work is done."),
}
"""What can be done with work in one state, and what is said where nobody typed anything."""


@blueprint.get(MAINTENANCES)
@needs(Role.VIEWER)
def calendar() -> Response:
    given = query(month=Text(10, optional=True), did=Text(20, optional=True), said=Text(80, optional=True))
    planned = staff().store.newest_events(MANY_PAST, kind="maintenance.scheduled")
    state, site, zone, now = look(*dict.fromkeys(each.event.subject for each in planned))
    works = sorted(state.maintenances.values(), key=lambda each: (each.starts, each.number))
    going = [each for each in works if not each.state.is_over]
    past = [each for each in reversed(works) if each.state.is_over]
    return desk_page(
        "maintenances.html",
        month=month(given["month"], works, zone, now),
        weekdays=WEEKDAYS,
        going=[_row(each, site, zone) for each in going],
        past=[_row(each, site, zone) for each in past[:20]],
    )


@blueprint.get(f"{MAINTENANCES}/new")
@needs(Role.PUBLISHER)
def ask() -> Response:
    _, site, zone, now = look()
    return _form_page(site, empty_form(now, zone))


@blueprint.post(f"{MAINTENANCES}/new")
@needs(Role.PUBLISHER)
def plan() -> Response:
    typed = sent_form()
    try:
        act(
            lambda state, now: planning.plan_maintenance(state, plan_of(typed, _zone(state), now, None), by(), now),
            id_of("maintenance", by(), typed.key),
        )
    except Refused as refusal:
        return _form_page(look()[1], typed, refusal)
    id = id_of("maintenance", by(), typed.key)
    return on_to(f"{MAINTENANCES}/{id}", said=f"{id}.{public_id('update', f'{id}/plan')}")


@blueprint.get(f"{MAINTENANCES}/<id>")
@needs(Role.VIEWER)
def one(id: str) -> Response:
    query(did=Text(20, optional=True), said=Text(80, optional=True))
    return _show(id)


@blueprint.post(f"{MAINTENANCES}/<id>")
@needs(Role.PUBLISHER)
def change(id: str) -> Response:
    typed = sent_form()

    def command(state: State, now: datetime) -> Decision:
        present = planning.find(state, an_id("maintenance", id))
        wanted = plan_of(typed, _zone(state), now, present)
        return planning.change_plan(state, id, wanted, by(), now, typed.version)

    return _done(id, command, "changed", typed=typed)


@blueprint.post(f"{MAINTENANCES}/<id>/updates")
@needs(Role.PUBLISHER)
def update(id: str) -> Response:
    given = pasted(
        key=Text(64),
        version=Text(9),
        to=Text(20),
        body=ANY_LONG,
        tell=Text(2, optional=True),
    )
    key, tell, on = f"{by()}/{given['key']}", bool(given["tell"]), _number(given["version"])

    def command(state: State, now: datetime) -> Decision:
        present, to = planning.find(state, an_id("maintenance", id)), _state(given["to"])
        said = given["body"] if given["body"].strip() else ACTS.get((present.state, to), ("", ""))[1]
        return planning.update_maintenance(state, id, to.value, said, by(), now, tell=tell, key=key, version=on)

    return _done(id, command, update=public_id("update", f"{id}/{key}"), said=given["body"])


@blueprint.post(f"{MAINTENANCES}/<id>/cancel")
@needs(Role.PUBLISHER)
def cancel(id: str) -> Response:
    given = pasted(version=Text(9), body=LONG)
    on = _number(given["version"])

    def command(state: State, now: datetime) -> Decision:
        if planning.find(state, an_id("maintenance", id)).state is MaintenanceState.CANCELLED:
            return Decision()
        return planning.cancel(state, id, given["body"], by(), now, on)

    return _done(id, command, calling_off=given["body"])


@blueprint.post(f"{MAINTENANCES}/<id>/updates/<update>/undo")
@needs(Role.PUBLISHER)
def undo(id: str, update: str) -> Response:
    form()
    wanted = an_id("update", update)
    try:
        act(lambda state, now: planning.withdraw_update(state, id, wanted, by(), now), an_id("maintenance", id))
    except Refused:
        return on_to(f"{MAINTENANCES}/{id}", "late")
    return on_to(f"{MAINTENANCES}/{id}", "taken")


def _done(
    id: str,
    command: Callable[[State, datetime], Decision],
    did: str = "",
    *,
    update: str = "",
    typed: Typed | None = None,
    said: str = "",
    calling_off: str = "",
) -> Response:
    try:
        decision = act(command, an_id("maintenance", id))
    except Refused as refusal:
        return _show(id, 422, refusal=refusal, typed=typed, said=said, calling_off=calling_off)
    except Conflict:
        alert = "Somebody else changed this plan while you were typing. Yours is below, on the plan as it is now."
        return _show(id, 409, alert=alert, typed=typed, said=said, calling_off=calling_off)
    written = decision.maintenances[0].updates[-1].id if decision.maintenances else update
    return on_to(f"{MAINTENANCES}/{id}", did, said=f"{id}.{written}" if written else "")


def _show(
    id: str,
    code: int = 200,
    *,
    refusal: Refused | None = None,
    alert: str = "",
    typed: Typed | None = None,
    said: str = "",
    calling_off: str = "",
) -> Response:
    state, site, zone, now = look(an_id("maintenance", id))
    present = planning.find(state, id)
    fresh = form_of(present, zone)
    return desk_page(
        "maintenance.html",
        code,
        refusal=refusal,
        alert=alert,
        work=present,
        row=_row(present, site, zone),
        said=timeline(present, site, zone),
        affected=components(state, present, site, now),
        moves=[(to.value, ACTS[present.state, to][0]) for to in MaintenanceState if (present.state, to) in ACTS],
        can_cancel=MaintenanceState.CANCELLED in TABLE[present.state] and not present.state.is_over,
        has_begun=present.state is not MaintenanceState.SCHEDULED,
        typed=replace(typed, version=fresh.version) if typed is not None else fresh,
        is_changing=typed is not None,
        typed_update=said,
        present_word=_newest(present, zone) if code == 409 else None,
        calling_off=calling_off,
        key=secrets.token_hex(12),
        told=audience(MAINTENANCE, present.components, site).text,
        site=site,
        letters=letters_about(id, zone),
        acts=past_acts(id, zone),
    )


def _form_page(site: Site, typed: Typed, refusal: Refused | None = None) -> Response:
    told = audience(MAINTENANCE[:1], [each.id for each in site.components], site).text
    code = 200 if refusal is None else 422
    return desk_page("plan.html", code, refusal=refusal, typed=typed, site=site, told=told, has_begun=False)


def _row(work: Maintenance, site: Site, zone: ZoneInfo) -> dict[str, object]:
    names = [component.name for each in work.components if (component := site.component(each)) is not None]
    return {
        "id": work.id,
        "title": work.title,
        "state": STATE_WORDS[work.state.value],
        "slug": "unknown" if work.state is MaintenanceState.CANCELLED else "ok" if work.state.is_over else "maint",
        "when": period(work.starts, work.ends, zone),
        "lasts": length_text(work.ends - work.starts),
        "names": ", ".join(names),
        "by": work.by,
    }


def _newest(work: Maintenance, zone: ZoneInfo) -> dict[str, object] | None:
    """What was said of it last, for whoever typed without knowing."""
    if not work.is_public:
        return None
    update = work.published[-1]
    word = STATE_WORDS[update.state]
    return {"word": word, "at": minute(update.display_at, zone), "by": update.by, "html": html_of(update)}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise BadForm("version", "must be a number")
    return int(text)


def _zone(state: State) -> ZoneInfo:
    return ZoneInfo(site_of(state).time_zone)


def _state(text: str) -> MaintenanceState:
    try:
        return MaintenanceState(text)
    except ValueError:
        raise BadForm("to", "is no state of planned work") from None
