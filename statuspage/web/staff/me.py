"""One's own account: where one is signed in, and one's password."""

from flask import Blueprint, Response

from statuspage.auth import passwords
from statuspage.auth.door import TooMany, Wrong
from statuspage.auth.passwords import LONGEST, SHORTEST
from statuspage.core.people import Session
from statuspage.core.refusals import Refused
from statuspage.core.role import Role
from statuspage.web.staff.context import staff
from statuspage.web.staff.forms import Text, form
from statuspage.web.staff.frame import done, page
from statuspage.web.staff.gate import needs, who
from statuspage.web.staff.visitor import visitor
from statuspage.web.times import Stamp, stamp

blueprint = Blueprint("staff-me", __name__)
ME = "/staff/me"


@blueprint.get(ME)
@needs(Role.VIEWER)
def me() -> Response:
    return _page()


@blueprint.post(f"{ME}/password")
@needs(Role.VIEWER)
def password() -> Response:
    given = form(present=Text(LONGEST, strip=False), new=Text(LONGEST, strip=False))
    mine, held = who(), staff()
    try:
        held.door.confirm(mine.user, given["present"], visitor())
        trouble = passwords.weakness(given["new"], mine.user.name, held.site_name)
        if trouble is not None:
            raise Refused("new", trouble)
    except Wrong:
        return _page(422, Refused("present", "is not your present password"))
    except Refused as refusal:
        return _page(422, refusal)
    except TooMany as error:
        return _page(429, Refused("present", f"was wrong too often: wait {error.seconds} s"))
    kept = passwords.keep(given["new"])
    held.store.accounts.set_password(mine.user.name, kept, mine.actor, held.clock.now(), mine.session.id)
    return done(ME, "password")


@blueprint.post(f"{ME}/sessions/end")
@needs(Role.VIEWER)
def end_one() -> Response:
    given, mine = form(session=Text(64)), who()
    staff().store.accounts.end_session(given["session"], mine.actor, staff().clock.now(), of=mine.user.name)
    return done(ME, "session")


@blueprint.post(f"{ME}/sessions/end-others")
@needs(Role.VIEWER)
def end_others() -> Response:
    form()
    mine = who()
    staff().store.accounts.end_sessions(mine.user.name, mine.actor, staff().clock.now(), keep=mine.session.id)
    return done(ME, "sessions")


def _page(status: int = 200, refusal: Refused | None = None) -> Response:
    held, mine = staff(), who()
    sessions = held.store.accounts.sessions(held.clock.now(), mine.user.name)
    return page(
        "me.html",
        status,
        sessions=[_row(session, mine.session.id) for session in sessions],
        refusal=refusal,
        shortest=SHORTEST,
        longest=LONGEST,
    )


def _row(session: Session, present: str) -> dict[str, str | bool | Stamp]:
    zone = staff().zone
    return {
        "id": session.id,
        "here": session.id == present,
        "agent": session.agent or "unknown",
        "address": session.address,
        "began": stamp(session.created_at, zone),
        "seen": stamp(session.seen_at, zone),
    }
