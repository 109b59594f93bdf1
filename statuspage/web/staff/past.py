"""What a stretch of a component's past really was: said by an admin, with a reason, and listed for everybody here."""

from flask import Response

from statuspage.core import correcting
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import Role
from statuspage.core.site import Component
from statuspage.core.status import Status
from statuspage.web.scene import component_path
from statuspage.web.staff.doing import act, by, desk_blueprint, desk_page, look, on_to
from statuspage.web.staff.forms import Text, query
from statuspage.web.staff.gate import needs
from statuspage.web.staff.moments import moment
from statuspage.web.staff.past_acts import past_acts
from statuspage.web.staff.pasted import pasted
from statuspage.web.times import stamp
from statuspage.web.words import LOOKS

blueprint = desk_blueprint("past")
PAST = "/staff/components/<id>/past"
KIND = "history.reclassified"
_EMPTY = {"started": "", "ended": "", "status": "", "reason": ""}


@blueprint.get(PAST)
@needs(Role.VIEWER)
def past(id: str) -> Response:
    query(did=Text(20, optional=True))
    return _page(id, _EMPTY)


@blueprint.post(PAST)
@needs(Role.ADMIN)
def reclassify(id: str) -> Response:
    given = pasted(started=Text(40), ended=Text(40), status=Text(40), reason=Text(1000, optional=True))
    _, _, zone, now = look()
    _find(id)
    try:
        started, ended = (moment(each, given[each], zone, now) for each in ("started", "ended"))
        status = _status(given["status"])
        act(lambda state, at: correcting.reclassify(state, id, started, ended, status, given["reason"], by(), at))
    except Refused as refusal:
        return _page(id, given, 422, refusal)
    return on_to(f"/staff/components/{id}/past", "reclassified")


def _find(id: str) -> Component:
    found = look()[1].component(id)
    if found is None:
        raise NotThere("component", "of that name")
    return found


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise Refused("status", f"must be one of {', '.join(each.value for each in LOOKS)}") from None


def _page(id: str, typed: dict[str, str], code: int = 200, refusal: Refused | None = None) -> Response:
    state, _, zone, _ = look()
    component, held = _find(id), state.components.get(id)
    return desk_page(
        "past.html",
        code,
        refusal=refusal,
        typed=typed,
        component=component,
        path=component_path(component),
        since=stamp(held.since, zone) if held is not None else None,
        look=LOOKS[held.status] if held is not None else LOOKS[Status.UNKNOWN],
        choices=[(each.value, look.word) for each, look in LOOKS.items()],
        earlier=past_acts(id, zone, KIND),
    )
