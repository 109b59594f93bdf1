"""The frame of every staff page: who is signed in, where one can go, what waits there, the mark for forms.

While somebody keeps a route where it is, or one is locked, every page says so: what is forgotten helps nobody.
"""

from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, request

from statuspage.core.role import Role
from statuspage.web.headers import NOT_KEPT
from statuspage.web.render import HTML
from statuspage.web.staff.answers import see_other
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import who
from statuspage.web.staff.glance import DRAFTS, INCIDENTS, MESSAGES, ROUTES, Glance, glance_at
from statuspage.web.staff.templates import rendered
from statuspage.web.times import zone_name

NAV = (
    ("Post", "/staff/post", Role.RESPONDER),
    ("Drafts", DRAFTS, Role.VIEWER),
    ("Routes", ROUTES, Role.VIEWER),
    ("Incidents", INCIDENTS, Role.VIEWER),
    ("Maintenance", "/staff/maintenances", Role.VIEWER),
    ("Components", "/staff/components", Role.VIEWER),
    ("Messages", "/staff/messages", Role.VIEWER),
    ("Journal", "/staff/journal", Role.VIEWER),
    ("People", "/staff/people", Role.ADMIN),
    ("Tokens", "/staff/tokens", Role.ADMIN),
)
"""The pages, in the order of the head line, with the least role that may open them."""

COUNTED = {DRAFTS: "waiting", INCIDENTS: "overdue", ROUTES: "waiting", MESSAGES: "in trouble"}
"""What is counted beside the entry of a page."""

DONE = {
    "password": "Your password was changed. Every other session of yours has ended.",
    "session": "The session has ended.",
    "sessions": "Every other session has ended.",
    "role": "The role was changed. The user has to sign in again.",
    "disabled": "The user was disabled. Sessions, tokens and links of theirs have ended.",
    "enabled": "The user may sign in again.",
    "ended": "The user's sessions have ended.",
    "withdrawn": "The invitation was taken back.",
    "revoked": "The token was revoked.",
}
"""What a page may say about the act that led to it, by the word in `?done=`."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the head line. `counted` says what `count` counts."""

    name: str
    path: str
    here: bool
    count: int
    counted: str


def page(template: str, code: int = 200, **values: Any) -> Response:
    """A page for whoever is signed in (behind `gate.needs`), in the frame."""
    held, me = staff(), who()
    glance = glance_at(held)
    frame = {
        "me": me.user,
        "places": _places(me.user.role, glance),
        "held_back": glance.held_back,
        "mark": held.keys.form_mark(me.session.id),
        "done": DONE.get(request.args.get("done", "")),
        "zone": zone_name(held.clock.now(), held.zone),
    }
    return plain_page(template, code, **frame, **values)


def plain_page(template: str, code: int = 200, **values: Any) -> Response:
    """A page for whoever is not signed in yet."""
    body = rendered(template, site_name=staff().site_name, **values)
    return Response(body, code, content_type=HTML, headers={"Cache-Control": NOT_KEPT})


def done(path: str, word: str) -> Response:
    """Go on to a page that says what was done: a key of DONE."""
    return see_other(f"{path}?done={word}")


def first_place(role: Role) -> str:
    """Where to begin: the drafts while some wait, else the first page that this role may open."""
    places = _places(role, glance_at(staff()))
    waiting = next((each.path for each in places if each.path == DRAFTS and each.count), None)
    return waiting or next((each.path for each in places), "/staff/me")


def _places(role: Role, glance: Glance) -> tuple[Place, ...]:
    there = {rule.rule for rule in current_app.url_map.iter_rules()}
    mine = [(name, path) for name, path, least in NAV if role.may(least) and path in there]
    return tuple(
        Place(name, path, _is_here(path), glance.counts.get(path, 0), COUNTED.get(path, "")) for name, path in mine
    )


def _is_here(path: str) -> bool:
    return request.path == path or request.path.startswith(f"{path}/")
