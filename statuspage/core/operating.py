"""What people do with routes: move, limit, approve, pin, pause, resume, acknowledge.

Every act names the epoch that its author has seen, and a reason. A guard is overridden by its name; what was
overridden is written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from statuspage.core.boarding import board_of
from statuspage.core.guards import GUARDS, OF_HANDS, UNFORGIVING, Board, Wish, against_target, refusals
from statuspage.core.incident import ROBOT
from statuspage.core.moves import BY_HAND, Event, Plan, home, moved_to, numbered
from statuspage.core.ramping import with_ramps
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.route import LIMITED, Holding, Refusal, Route, RouteState
from statuspage.core.route_events import changed_event, moved_event, operated_event
from statuspage.core.state import Decision, State
from statuspage.core.typed import one_line, site_of
from statuspage.core.wanting import is_kept_limited

LONGEST_PAUSE = timedelta(hours=24)
LONGEST_PIN = timedelta(days=30)
MAX_REASON = 500


class Guarded(Refused):
    """Guards speak against it. `refusals` are all of them, by name; each may be overridden by its name."""

    def __init__(self, said: Sequence[Refusal]) -> None:
        super().__init__("override", "; ".join(f"{each.guard} ({each.detail})" for each in said))
        self.refusals = tuple(said)


@dataclass(frozen=True, slots=True)
class Order:
    """What comes with every act: who, why, and the epoch that they have seen."""

    by: str
    reason: str
    expected_epoch: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A route, how it stands, and the board."""

    board: Board
    route: Route
    state: RouteState


def move(
    state: State,
    route_id: str,
    to: str,
    order: Order,
    now: datetime,
    override: Sequence[str] = (),
    expires_at: datetime | None = None,
    expires_to: str | None = None,
) -> Decision:
    """Send a route to a provider, or into limited mode. It stays there: the robot leaves it alone for a while.

    Raises Guarded with what speaks against it and is not overridden. `expires_at` is for limited mode only.
    """
    found = _find(state, route_id, order, now)
    if to != LIMITED and to not in found.route.providers:
        raise Refused("to", f"must be one of {', '.join((*found.route.providers, LIMITED))}")
    if to == found.state.provider:
        raise Refused("to", f"the route is on {to} already")
    _check_expiry(found.route, to, expires_at, expires_to, now)
    wish = Wish(found.route, found.state, to)
    _check_overrides(found.board, against_target(found.board, wish), override)
    plan = Plan(_event(found, to), to, BY_HAND, _reason(order.reason))
    back_to = expires_to or home(found.state, found.route) if expires_at is not None else None
    return _moved(found, plan, order, override, expires_at, back_to)


def approve(
    state: State, route_id: str, order: Order, now: datetime, override: Sequence[str] = (), to: str | None = None
) -> Decision:
    """Do what the robot proposes. The guards are asked again.

    A proposal may have become another one since somebody looked, with the same epoch, for nothing has moved. So `to`
    says what is approved; whoever leaves it out approves a move to a provider, never limited mode.
    """
    found = _find(state, route_id, order, now)
    proposal = found.state.proposal
    if proposal is None:
        raise Refused("proposal", "there is none: what was proposed is no longer so")
    if to is not None and to != proposal.to:
        raise Refused("to", f"{proposal.to} is proposed now, no longer {one_line(to)}: look again")
    if to is None and proposal.to == LIMITED:
        raise Refused("to", f"{LIMITED} mode is proposed now: say so to approve it")
    wish = Wish(found.route, found.state, proposal.to)
    against = (*against_target(found.board, wish), *refusals(found.board, wish, *OF_HANDS))
    _check_overrides(found.board, against, override)
    event = Event(proposal.event)
    plan = Plan(event, proposal.to, proposal.cause, _reason(order.reason) or proposal.reason)
    return _moved(found, plan, order, override, None, None, approved=True)


def pin(state: State, route_id: str, until: datetime, order: Order, now: datetime) -> Decision:
    """Leave the route where it is until then, whatever happens."""
    found = _find(state, route_id, order, now)
    _check_until(until, now, LONGEST_PIN)
    _check_held(found.state.pinned, until, order, "pinned")
    held = replace(found.state, pinned=Holding(until, order.by, _reason(order.reason)))
    return _operated(found, held, "pinned", order, now, {"until": until.isoformat()})


def pause(state: State, route_id: str, until: datetime, order: Order, now: datetime) -> Decision:
    """The robot does nothing with the route until then; looking goes on, and people may move it."""
    found = _find(state, route_id, order, now)
    _check_until(until, now, LONGEST_PAUSE)
    _check_held(found.state.paused, until, order, "paused")
    held = replace(found.state, paused=Holding(until, order.by, _reason(order.reason)))
    return _operated(found, held, "paused", order, now, {"until": until.isoformat()})


def resume(state: State, route_id: str, order: Order, now: datetime) -> Decision:
    """End a pause and a pin. What a person limited is the robot's again."""
    found = _find(state, route_id, order, now)
    present = found.state
    if present.paused is None and present.pinned is None and not is_kept_limited(present):
        raise Refused("route", "is neither paused nor pinned")
    by = ROBOT if is_kept_limited(present) else present.by
    return _operated(found, replace(present, paused=None, pinned=None, by=by), "resumed", order, now, {})


def acknowledge(state: State, route_id: str, order: Order, now: datetime) -> Decision:
    """Unlock a route that moved too often: its budget begins anew."""
    found = _find(state, route_id, order, now)
    if found.state.locked_at is None:
        raise Refused("route", "is not locked")
    return _operated(found, replace(found.state, locked_at=None, moves=()), "acknowledged", order, now, {})


def exercised(state: State, route_ids: Sequence[str], at: datetime) -> Decision:
    """These routes were drilled at that time."""
    known = (state.routes[each] for each in route_ids if each in state.routes)
    newer = tuple(
        replace(each, exercised_at=at) for each in known if each.exercised_at is None or each.exercised_at < at
    )
    return Decision(routes=newer)


def _find(state: State, route_id: str, order: Order, now: datetime) -> _Found:
    site = site_of(state)
    route, present = site.switchboard.route(route_id), state.routes.get(route_id)
    if route is None or present is None:
        raise NotThere("route", route_id)
    _reason(order.reason)
    if order.expected_epoch != present.epoch:
        raise Conflict("route", route_id, present.epoch)
    return _Found(board_of(state, site, state.beliefs, now), route, present)


def _check_held(held: Holding | None, until: datetime, order: Order, word: str) -> None:
    """Nobody shortens what somebody else has ordered without having seen it: the epoch does not tell of it."""
    if held is not None and not held.implied and held.by != order.by and until < held.until:
        raise Refused(
            "until", f"{held.by} {word} it until {held.until:%H:%M:%S} UTC: resume it first to end that earlier"
        )


def _event(found: _Found, to: str) -> Event:
    if to == LIMITED:
        return Event.LIMITED_BY_HAND
    return Event.SENT_HOME if to == home(found.state, found.route) else Event.SENT


def _moved(
    found: _Found,
    plan: Plan,
    order: Order,
    override: Sequence[str],
    expires_at: datetime | None,
    expires_to: str | None,
    *,
    approved: bool = False,
) -> Decision:
    board, now, route = found.board, found.board.now, found.route
    after = moved_to(found.state, route, plan, by=order.by, board=board)
    # A person has looked: what the robot did before is forgiven.
    after = replace(after, moves=(), locked_at=None, expires_at=expires_at, expires_to=expires_to)
    if not approved:
        until = expires_at or now + board.pace.hold_by_hand
        after = replace(after, pinned=Holding(until, order.by, _reason(order.reason), implied=True))
    board = with_ramps(board.after(after), {route.id: found.state}, {route.id})
    final = numbered(found.state, board.states[route.id], now)
    event = moved_event(route, found.state, final, plan.event, board, override=override)
    return Decision(routes=(final,), events=(event,))


def _operated(
    found: _Found, after: RouteState, what: str, order: Order, now: datetime, data: dict[str, str]
) -> Decision:
    board = with_ramps(found.board.after(after), {after.route: found.state}, ())
    final = numbered(found.state, board.states[after.route], now)
    changed = (changed_event(final, board),) if final.epoch != found.state.epoch else ()
    told = operated_event(what, final, order.by, _reason(order.reason), now, data)
    return Decision(routes=(final,), events=(told, *changed))


def _check_overrides(board: Board, against: Sequence[Refusal], override: Sequence[str]) -> None:
    known = {*GUARDS, *(f"assertion:{each.id}" for each in board.switchboard.assertions)}
    for name in override:
        if name in UNFORGIVING:
            raise Refused("override", f"{name} cannot be overridden")
        if name not in known:
            raise Refused("override", f'there is no guard "{one_line(name)}"')
    left = [each for each in against if each.guard not in override]
    if left:
        raise Guarded(left)


def _check_expiry(route: Route, to: str, at: datetime | None, back_to: str | None, now: datetime) -> None:
    if at is None and back_to is None:
        return
    if to != LIMITED:
        raise Refused("expires_at", "is for limited mode only")
    if at is None or at <= now:
        raise Refused("expires_at", "must be in the future")
    if back_to is not None and back_to not in route.providers:
        raise Refused("expires_to", f"must be one of {', '.join(route.providers)}")


def _check_until(until: datetime, now: datetime, longest: timedelta) -> None:
    if until <= now:
        raise Refused("until", "must be in the future")
    if until - now > longest:
        hours = longest // timedelta(hours=1)
        raise Refused("until", f"must be within {hours} hours: a holding that is forgotten helps nobody")


def _reason(text: str) -> str:
    said = one_line(text)
    if not said:
        raise Refused("reason", "must not be empty: others will ask")
    if len(said) > MAX_REASON:
        raise Refused("reason", f"must have at most {MAX_REASON} characters")
    return said
