"""What was learned of an incident: written as a draft, looked at, published, and changed with its history."""

from datetime import datetime

from flask import Response

from statuspage.acting.caller import an_id
from statuspage.core import posting
from statuspage.core.incident import Incident
from statuspage.core.learning import MAX_POSTMORTEM, word_id
from statuspage.core.refusals import Conflict, Refused
from statuspage.core.role import Role
from statuspage.core.state import Decision, State
from statuspage.markup import render
from statuspage.web.staff.doing import act, by, desk_blueprint, desk_page, look, may, need, on_to
from statuspage.web.staff.forms import BadForm, Text, form
from statuspage.web.staff.gate import needs
from statuspage.web.staff.pasted import pasted

blueprint = desk_blueprint("postmortem")
POSTMORTEM = "/staff/incidents/<id>/postmortem"
_BODY = Text(2 * MAX_POSTMORTEM, lines=True, strip=False)
"""As in pasted.py: a text that is too long comes back with a word about its length."""
_BUTTONS = ("save", "publish", "preview")
OUTLINE = "### What happened\n\n\n### What was affected\n\n\n### What we did\n\n\n### What we change\n\n- "


@blueprint.get(POSTMORTEM)
@needs(Role.RESPONDER)
def ask(id: str) -> Response:
    incident = _find(id)
    body = incident.postmortem.body if incident.postmortem is not None else OUTLINE
    return _page(incident, body, incident.version)


@blueprint.post(POSTMORTEM)
@needs(Role.RESPONDER)
def write(id: str) -> Response:
    given = pasted(version=Text(9), act=Text(20), body=_BODY)
    if given["act"] not in _BUTTONS or not (given["version"].isascii() and given["version"].isdecimal()):
        raise BadForm("act", f"must be one of {', '.join(_BUTTONS)}, and version a number")
    incident, version, body = _find(id), int(given["version"]), given["body"]
    if given["act"] == "preview":
        return _page(incident, body, version, seen=render(body))
    publish = given["act"] == "publish"
    if publish or _is_public(incident):
        need(Role.PUBLISHER)
    try:
        written = act(lambda state, now: _write(state, id, body, now, publish=publish, version=version), id)
    except Refused as refusal:
        return _page(incident, body, version, refusal=refusal, code=422)
    except Conflict:
        alert = "Somebody else changed this incident while you were typing. What stands there now is beside your text."
        return _page(incident, body, incident.version, alert=alert, code=409)
    if not publish:
        return on_to(f"/staff/incidents/{id}", "learned")
    return on_to(f"/staff/incidents/{id}", "shared", said=f"{id}.{word_id(written.incidents[0])}")


@blueprint.post(f"{POSTMORTEM}/undo")
@needs(Role.PUBLISHER)
def undo(id: str) -> Response:
    form()
    try:
        act(lambda state, now: posting.withdraw_postmortem(state, an_id("incident", id), by(), now), id)
    except Refused:
        return on_to(f"/staff/incidents/{id}", "late")
    return on_to(f"/staff/incidents/{id}", "unshared")


def _write(state: State, id: str, body: str, now: datetime, *, publish: bool, version: int) -> Decision:
    """Raises Conflict where it became public after the role was checked."""
    incident = posting.find(state, id)
    if _is_public(incident) and not may(Role.PUBLISHER):
        raise Conflict("incident", id, incident.version)
    return posting.write_postmortem(state, id, body, by(), now, publish=publish, version=version)


def _find(id: str) -> Incident:
    state, _, _, _ = look(an_id("incident", id))
    return posting.find(state, id)


def _is_public(incident: Incident) -> bool:
    return incident.postmortem is not None and incident.postmortem.published_at is not None


def _page(
    incident: Incident,
    body: str,
    version: int,
    *,
    seen: str = "",
    refusal: Refused | None = None,
    alert: str = "",
    code: int = 200,
) -> Response:
    return desk_page(
        "postmortem.html",
        code,
        incident=incident,
        body=body,
        version=version,
        seen=seen,
        refusal=refusal,
        alert=alert,
        is_public=_is_public(incident),
        present=incident.postmortem,
    )
