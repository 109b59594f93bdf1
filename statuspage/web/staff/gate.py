"""The gate: every view of staff and of the API says whom it is for, and lets nobody else in.

`needs(role)` for pages (a session), `token_needs(role)` for programs (a token in the Authorization header),
`open_to_all` for signing in. A view without one of them keeps the application from starting (`check_guards`).

A request that changes something must come from our own pages: by Sec-Fetch-Site, which a page cannot forge, or
by Origin where a browser sends none; and a form carries a mark of its session. Reading changes nothing.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, Response, g, request

from statuspage.auth.links import TOKEN_PREFIX, digest
from statuspage.core.people import LONGEST, SEEN_EVERY, Actor, Session, Token, User
from statuspage.core.role import Role
from statuspage.store import StoreError
from statuspage.web.staff.context import Staff, staff
from statuspage.web.staff.forms import MARK
from statuspage.web.staff.visitor import visitor

P = ParamSpec("P")
R = TypeVar("R")

MAX_FORM = 1024 * 1024
"""Bytes of a form of somebody who is signed in; the application takes far less of anybody else."""
SAFE = ("GET", "HEAD")
MARK_HEADER = "X-Form-Mark"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_GUARD = "guarded_for"
GUARDED = ("/staff", "/api/v1/", "/v1/", "/metrics")


class SignInFirst(Exception):
    """Nobody is signed in, or not any more."""


class NoToken(Exception):
    """There is no token in the header, or it is worth nothing."""


class Denied(Exception):
    """Somebody is signed in and may not do this; or the request does not come from our own pages. `why` is told."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks by a session, and from where."""

    user: User
    session: Session
    address: str

    @property
    def actor(self) -> Actor:
        return Actor(self.user.name, self.address)


@dataclass(frozen=True, slots=True)
class Program:
    """Which program asks by a token, and from where."""

    token: Token
    address: str

    @property
    def actor(self) -> Actor:
        """The token by its name and id; its maker's name alone would hide that it was no person."""
        return Actor(f"token {self.token.name} ({self.token.id})", self.address)


def needs(role: Role, *, by_itself: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For people who are signed in and have at least this role.

    What an open page asks `by_itself` is no sign of a person: it keeps no session from ending.
    """

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            changes = request.method not in SAFE
            if changes:
                refuse_foreign()
            found = _session(is_used=not by_itself)
            if not found.user.role.may(role):
                _tell_of_refusal(found.actor, role)
                raise Denied(f"This needs the role {role}; you are signed in as {found.user.role}.")
            if changes:
                _take_long_forms()
                _refuse_without_mark(found.session)
            g.who = found
            return view(*args, **kwargs)

        return _marked(guarded, role)

    return guard


def token_needs(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For programs whose token has at least this role. Cookies are not looked at."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            found = _program()
            if not found.token.role.may(role):
                _tell_of_refusal(found.actor, role)
                raise Denied(f"This needs the role {role}; the token has the role {found.token.role}.")
            g.program = found
            return view(*args, **kwargs)

        return _marked(guarded, role)

    return guard


def open_to_all(view: Callable[P, R]) -> Callable[P, R]:
    """For everybody; what changes something must still come from our own pages."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if request.method not in SAFE:
            refuse_foreign()
        return view(*args, **kwargs)

    return _marked(guarded, "all")


def who() -> Who:
    """Who asks, in a view behind `needs`."""
    return cast(Who, g.who)


def program() -> Program:
    """Which program asks, in a view behind `token_needs`."""
    return cast(Program, g.program)


def signed_in() -> Who | None:
    """Whoever is signed in, for a view that is open to all."""
    with suppress(SignInFirst):
        return _session()
    return None


def refuse_foreign() -> None:
    """Raises Denied for a change that a page elsewhere may have asked for."""
    if not _is_our_own():
        raise Denied("This request does not come from a page of this site.")
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype not in (_FORM, _JSON):
        raise Denied("This address takes forms of its own pages only.")


def check_guards(app: Flask) -> None:
    """Raises RuntimeError where a view of staff or the API does not say whom it is for."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(GUARDED) and not hasattr(app.view_functions[rule.endpoint], _GUARD):
            raise RuntimeError(f"{rule.rule} has no guard: put gate.needs(...) or gate.token_needs(...) on its view")


def cookie_name(held: Staff) -> str:
    """`__Host-` (RFC 6265bis §4.1.3.2) under https; over plain http browsers would refuse it."""
    return "__Host-statuspage" if held.https else "statuspage"


def let_in(response: Response, secret: str) -> Response:
    """The response, carrying the session."""
    held = staff()
    lasts = int(LONGEST.total_seconds())
    response.set_cookie(
        cookie_name(held), secret, max_age=lasts, path="/", secure=held.https, httponly=True, samesite="Lax"
    )
    return response


def let_out(response: Response) -> Response:
    """The response, taking the session's cookie away."""
    held = staff()
    response.delete_cookie(cookie_name(held), path="/", secure=held.https, httponly=True, samesite="Lax")
    return response


def _is_our_own() -> bool:
    """By Sec-Fetch-Site (W3C Fetch Metadata); without it, as over plain http, by Origin. One of them must be there."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin") in (staff().origin, f"{request.scheme}://{request.host}")


def _session(*, is_used: bool = True) -> Who:
    held = staff()
    secrets = request.cookies.getlist(cookie_name(held))
    if len(secrets) != 1:
        raise SignInFirst
    now = held.clock.now()
    found = held.store.accounts.session(digest(secrets[0]), now)
    if found is None:
        raise SignInFirst
    session, user = found
    if is_used and now - session.seen_at >= SEEN_EVERY:
        # A database that cannot be written must not end what can still be read.
        with suppress(StoreError):
            held.store.accounts.touch_session(session.id, now)
    return Who(user, session, visitor().address)


def _program() -> Program:
    held = staff()
    given = request.headers.getlist("Authorization")
    scheme, _, secret = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() not in ("bearer", "oauth") or not secret.startswith(TOKEN_PREFIX):
        raise NoToken
    now = held.clock.now()
    token = held.store.accounts.token(digest(secret), now)
    if token is None:
        raise NoToken
    if token.used_at is None or now - token.used_at >= SEEN_EVERY:
        with suppress(StoreError):
            held.store.accounts.touch_token(token.id, now)
    return Program(token, visitor().address)


def _refuse_without_mark(session: Session) -> None:
    marks = [*request.form.getlist(MARK), *request.headers.getlist(MARK_HEADER)]
    if len(marks) != 1 or not staff().keys.is_form_mark(marks[0], session.id):
        raise Denied("This form is too old or was not made for you. Load the page again and repeat.")


def _take_long_forms() -> None:
    """Of who is signed in. A character of a form may take nine bytes: three of UTF-8, each as `%E3`."""
    request.max_content_length = request.max_form_memory_size = MAX_FORM


def _tell_of_refusal(actor: Actor, needed: Role) -> None:
    """One event for a refused act; reading writes nothing, not even that it was refused."""
    if request.method not in SAFE:
        rule = request.url_rule.rule if request.url_rule is not None else ""
        staff().store.accounts.note("act.refused", rule, actor, staff().clock.now(), needed=needed.value)


def _marked(view: Callable[P, R], whom: object) -> Callable[P, R]:
    cast(Any, view).guarded_for = whom
    return view
