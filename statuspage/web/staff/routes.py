"""Routes: what needs a person first, each with its guards, and every act a person may do; a page for each route."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask import Response

from statuspage.acting import Caller, Routes
from statuspage.acting.routes import ACTS, Look
from statuspage.core.operating import Guarded
from statuspage.core.refusals import Conflict, Refused
from statuspage.core.role import Role
from statuspage.core.route_writing import place_name
from statuspage.core.state import Heartbeat
from statuspage.web.freshness import judge
from statuspage.web.staff.context import staff
from statuspage.web.staff.doing import by, desk_blueprint, desk_page, on_to
from statuspage.web.staff.forms import Text, query
from statuspage.web.staff.gate import needs, who
from statuspage.web.staff.letters import letters_about
from statuspage.web.staff.past_acts import past_acts
from statuspage.web.staff.route_forms import LIMIT, PAUSE, PIN, Typed, sent
from statuspage.web.staff.route_rows import RouteRow, provider_row, route_row
from statuspage.web.times import clock, stamp

blueprint = desk_blueprint("routes")
ROUTES = "/staff/routes"
DID = {
    "approve": "approved",
    "move": "moved",
    "pin": "pinned",
    "pause": "paused",
    "resume": "resumed",
    "ack": "unlocked",
}
"""The word of `?did=` after an act."""
FIELDS = ("reason", "until", "expires_at")
"""The fields that say themselves what is wrong with them."""


@blueprint.get(ROUTES)
@needs(Role.VIEWER)
def routes() -> Response:
    query(did=Text(20, optional=True))
    look = _routes().look()
    zone = ZoneInfo(look.site.time_zone)
    rows = [route_row(each, look, zone) for each in look.views]
    return desk_page(
        "routes.html",
        providers=[provider_row(look, each.id, zone) for each in look.site.switchboard.providers],
        eyes=[row for row in rows if row.is_urgent],
        single=[row for row in rows if row.needs and not row.is_urgent],
        others=[row for row in rows if not row.needs],
        number=len(rows),
        typed=Typed(),
        headroom=f"{look.board.pace.headroom:.0%}",
        hold=int(look.board.pace.hold_by_hand.total_seconds() // 60),
        warning=_warning(look.heartbeats, look, zone),
    )


@blueprint.get(f"{ROUTES}/<id>")
@needs(Role.VIEWER)
def one(id: str) -> Response:
    query(did=Text(20, optional=True))
    return _show(id)


@blueprint.post(f"{ROUTES}/<id>/<any({', '.join(ACTS)}):act>")
@needs(Role.RESPONDER)
def acted(id: str, act: str) -> Response:
    typed, held = sent(act), staff()
    try:
        zone = ZoneInfo(_routes().look().site.time_zone)
        ACTS[act](_routes(), id, typed.document(zone, held.clock.now()), Caller(by(), who().user.role))
    except Guarded:
        alert = "Guards speak against it: nothing was changed. Tick those that shall not count."
        return _show(id, 409, typed=typed, alert=alert)
    except Refused as refusal:
        return _show(id, 422, typed=typed, refusal=refusal)
    except Conflict as error:
        return _show(id, 409, typed=typed, present=error.present)
    return on_to(f"{ROUTES}/{id}", DID[act])


def _show(
    id: str,
    code: int = 200,
    *,
    typed: Typed | None = None,
    refusal: Refused | None = None,
    alert: str = "",
    present: int | None = None,
) -> Response:
    look = _routes().look()
    zone = ZoneInfo(look.site.time_zone)
    seen = look.view(id)
    if present is not None:
        where = place_name(look.board, seen.state.provider)
        alert = f"Somebody was faster: the route is at epoch {present} now, on {where}. Nothing of yours was done."
    row = route_row(seen, look, zone)
    return desk_page(
        "route.html",
        code,
        refusal=refusal,
        alert=alert,
        typed=typed or Typed(),
        row=row,
        beside=FIELDS if typed is not None and _is_on_page(typed, row) else (),
        providers=[provider_row(look, each, zone) for each in seen.route.providers],
        targets=[(each, look.board.provider(each).name) for each in seen.route.providers],
        still_works=seen.route.still_works or "",
        hold=int(look.board.pace.hold_by_hand.total_seconds() // 60),
        pin=PIN,
        pause=PAUSE,
        limit=LIMIT,
        letters=letters_about(f"route/{id}", zone),
        acts=past_acts(id, zone),
    )


def _is_on_page(typed: Typed, row: RouteRow) -> bool:
    """Whether the form that was sent is on the page, so that what is wrong stands beside its field."""
    match typed.act:
        case "move":
            return any(each.to == typed.to for each in row.ways)
        case "approve":
            return row.proposed
        case "ack":
            return row.locked and not row.proposed
        case "resume":
            return row.resumable
    return True


def _warning(beats: Sequence[Heartbeat], look: Look, zone: ZoneInfo) -> tuple[str, str, str] | None:
    """What keeps the robot from doing its work: (slug, what, more)."""
    now, fresh = look.board.now, judge(beats, look.board.now)
    if fresh.stale:
        last = f"Its last sign of life was {stamp(fresh.heartbeat_at, zone).text}. " if fresh.heartbeat_at else ""
        return (
            "major",
            "Nobody looks.",
            f"{last}No route moves by itself; what is served stays as it is. You still can move one.",
        )
    if fresh.blind_since is not None:
        since = clock(fresh.blind_since, zone).text
        return (
            "degraded",
            "The monitor cannot see.",
            f"Since {since} its own network is in doubt: no route moves by itself.",
        )
    frozen = max((each.frozen_until for each in beats if each.frozen_until), default=None)
    if frozen is not None and frozen > now:
        until = clock(frozen, zone).text
        return (
            "degraded",
            "Automation rests.",
            f"Looking goes on; no route moves by itself before {until}. You still can.",
        )
    return None


def _routes() -> Routes:
    return Routes(staff().store, staff().clock)
