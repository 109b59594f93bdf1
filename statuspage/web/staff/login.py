"""Signing in and out: a form for name and password, a form for the code, and codes set up where there are none yet."""

from flask import Blueprint, Response

from statuspage.auth import codes
from statuspage.auth.door import HalfWay, TooMany, TooOld, Wrong
from statuspage.auth.passwords import LONGEST
from statuspage.core.people import MAX_NAME
from statuspage.core.role import Role
from statuspage.web.staff.answers import HOME, LOGIN, own_path, said_of, see_other
from statuspage.web.staff.context import staff
from statuspage.web.staff.forms import Text, form, query
from statuspage.web.staff.frame import first_place, plain_page
from statuspage.web.staff.gate import let_in, let_out, needs, open_to_all, signed_in, who
from statuspage.web.staff.visitor import visitor

blueprint = Blueprint("staff-login", __name__)

_NEXT = Text(2000, optional=True)
_CARRIED = Text(4000)
_WRONG = "Name and password do not belong together."
_WRONG_CODE = "This code is not right, or was used already. Your code generator shows a new one every 30 s."
_TOO_OLD = "That took too long. Please begin again."


@blueprint.get(HOME)
@needs(Role.VIEWER)
def home() -> Response:
    return see_other(first_place(who().user.role))


@blueprint.get(LOGIN)
@open_to_all
def ask() -> Response:
    onward = own_path(query(next=_NEXT, done=Text(optional=True))["next"])
    return see_other(onward) if signed_in() is not None else _login(onward)


@blueprint.post(LOGIN)
@open_to_all
def password() -> Response:
    given = form(name=Text(MAX_NAME), password=Text(LONGEST, strip=False), next=_NEXT)
    onward = own_path(given["next"])
    try:
        return _code(staff().door.password(given["name"], given["password"], visitor()), onward)
    except Wrong:
        return _login(onward, 403, name=given["name"], trouble=_WRONG)
    except TooMany as error:
        return _patience(_login(onward, 429, name=given["name"], trouble=said_of(error).text), error)


@blueprint.post("/staff/code")
@open_to_all
def code() -> Response:
    given = form(carried=_CARRIED, code=Text(20), next=_NEXT)
    onward, door = own_path(given["next"]), staff().door
    try:
        return let_in(see_other(onward), door.code(given["carried"], given["code"], visitor()))
    except TooOld:
        return _login(onward, 403, trouble=_TOO_OLD)
    except Wrong:
        return _code(door.again(given["carried"]), onward, 403, _WRONG_CODE)
    except TooMany as error:
        return _patience(_code(door.again(given["carried"]), onward, 429, said_of(error).text), error)


@blueprint.post("/staff/logout")
@needs(Role.VIEWER)
def leave() -> Response:
    me = who()
    staff().store.accounts.end_session(me.session.id, me.actor, staff().clock.now())
    return let_out(see_other(LOGIN))


def _login(onward: str, status: int = 200, *, name: str = "", trouble: str = "") -> Response:
    return plain_page(
        "login.html", status, next=onward, name=name, trouble=trouble, exposed=staff().is_exposed, longest=LONGEST
    )


def _code(half: HalfWay, onward: str, status: int = 200, trouble: str = "") -> Response:
    if half.seed is None:
        return plain_page("code.html", status, half=half, next=onward, trouble=trouble)
    address = codes.uri(half.seed, half.user, staff().site_name)
    shown = {"seed": codes.grouped(half.seed), "address": address, "picture": codes.picture(address)}
    return plain_page("enrol.html", status, half=half, next=onward, trouble=trouble, **shown)


def _patience(response: Response, error: TooMany) -> Response:
    response.headers["Retry-After"] = str(error.seconds)
    return response
