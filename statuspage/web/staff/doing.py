"""What people do from the pages of the desk: one transaction an act, and where they are afterwards.

An act that cannot be written because the database is away is answered with everything that was typed, so that
it can be tried again. Nothing typed is ever lost.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from statuspage.core.refusals import Refused
from statuspage.core.role import Role
from statuspage.core.site import Site
from statuspage.core.state import Decision, State
from statuspage.core.typed import site_of
from statuspage.store import StoreError
from statuspage.web.headers import NOT_KEPT
from statuspage.web.render import HTML
from statuspage.web.staff.answers import answer, said_of, see_other
from statuspage.web.staff.context import staff
from statuspage.web.staff.frame import page
from statuspage.web.staff.gate import Denied, who
from statuspage.web.staff.templates import rendered
from statuspage.web.staff.undo import undo_of

Command = Callable[[State, datetime], Decision]

DID = {
    "acknowledged": "On-call tools hear that you are at it. The public does not.",
    "approved": "Approved: the route moves. Clients follow one by one.",
    "changed": "The plan was changed.",
    "dismissed": "The draft was put aside.",
    "drafted": "Saved as a draft. It waits in the inbox.",
    "dropped": "The message was put aside.",
    "edited": "The edit is kept, and what stood there before.",
    "handed": "The robot goes on with this incident.",
    "held": "This draft waits for a person now.",
    "late": "Too late to take back: edit it, or post a correction.",
    "learned": "The postmortem is saved.",
    "moved": "The route moves. Clients follow one by one; it stays there until its pin ends.",
    "overridden": "The component shows what you said, until the time you gave.",
    "paused": "The robot leaves this route alone. You may still move it.",
    "pinned": "The route stays where it is until the pin ends.",
    "reclassified": "The past was corrected, and uptime is worked out anew.",
    "released": "The checks speak for this component again.",
    "resumed": "The robot may act on this route again.",
    "retried": "The message begins anew, under its own id.",
    "settled": "This message is not a dead letter any more.",
    "shared": "The postmortem is published.",
    "taken": "Taken back before anybody was told.",
    "undone": "Taken back before anybody was told. Your text is a draft again.",
    "unlocked": "The route is unlocked: its budget of moves begins anew.",
    "unshared": "Taken back before anybody was told. The postmortem is a draft again.",
    "unsilenced": "The destination is tried again.",
}
"""What a page may say about the act that led to it, by the word in `?did=`."""


def act(command: Command, *also: str) -> Decision:
    """Do it on the present state, and on these older incidents and maintenances. Raises what the act raises."""
    held = staff()
    now = held.clock.now()
    return held.store.act(lambda state: command(state, now), now, also=also)


def look(*also: str) -> tuple[State, Site, ZoneInfo, datetime]:
    """What pages are made from: the state, its site, its zone, and the moment. Raises Refused before the first site."""
    now = staff().clock.now()
    state = staff().store.state(now, also)
    site = site_of(state)
    return state, site, ZoneInfo(site.time_zone), now


def may(role: Role) -> bool:
    """Whether whoever asks has at least this role."""
    return who().user.role.may(role)


def need(role: Role) -> None:
    """Raises Denied for less than this role, after a line in the journal."""
    if not may(role):
        rule = request.url_rule.rule if request.url_rule is not None else ""
        staff().store.accounts.note("act.refused", rule, who().actor, staff().clock.now(), needed=role.value)
        raise Denied(f"This needs the role {role}; you are signed in as {who().user.role}.")


def by() -> str:
    """Who acts, as the journal names people."""
    return who().user.name


def on_to(path: str, did: str = "", said: str = "") -> Response:
    """Go on to a page that tells what was done (a key of DID), or offers to undo what was said (`id.update`)."""
    query = "&".join(f"{name}={value}" for name, value in (("did", did), ("said", said)) if value)
    return see_other(f"{path}?{query}" if query else path)


def desk_page(template: str, code: int = 200, *, refusal: Refused | None = None, **values: Any) -> Response:
    """A page of the desk: in the frame, with what was done before and what can still be undone."""
    undo = undo_of(request.args.get("said", "")) if may(Role.PUBLISHER) else None
    did = DID.get(request.args.get("did", ""))
    return page(template, code, refusal=refusal, undo=undo, did=did, may=may, **values)


def desk_blueprint(name: str) -> Blueprint:
    """A blueprint whose forms survive a database that is away."""
    blueprint = Blueprint(f"staff-{name}", __name__)
    blueprint.register_error_handler(StoreError, _keep_what_was_sent)
    return blueprint


def _keep_what_was_sent(error: Exception) -> Response:
    if request.method != "POST" or request.accept_mimetypes.best == "application/json":
        return answer(said_of(error))
    given = [(name, value) for name, values in request.form.lists() for value in values]
    shown = [(name, value) for name, value in given if name in ("title", "body", "reason") and value]
    body = rendered("kept.html", site_name=staff().site_name, path=request.path, given=given, shown=shown)
    return Response(body, 503, content_type=HTML, headers={"Cache-Control": NOT_KEPT, "Retry-After": "5"})
