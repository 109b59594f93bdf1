"""The journal events of routes, and what of them is told to whom.

Messages of one route are one queue, so that they come in order. What the public may know is in `data`; what the
checks saw is evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from statuspage.core.failover import Noticed, Steered
from statuspage.core.felt import figures, since
from statuspage.core.guards import Board
from statuspage.core.load import users_of, users_on
from statuspage.core.moves import Event
from statuspage.core.route import LIMITED, Refusal, Route, RouteState
from statuspage.core.state import JournalEvent
from statuspage.core.telling import Json, Telling

TOLD = frozenset({"proposed", "withdrawn", "blocked", "cleared", "locked", "unverified"})
"""What somebody is to hear of; the journal keeps everything."""
PROOFS = frozenset({"verified", "unverified"})
"""What is said of a move some time after it, with what users felt since."""


def steered_events(stood: Mapping[str, RouteState], steered: Steered, board: Board) -> Iterable[JournalEvent]:
    """What the robot did with the routes at this moment: one event for each new epoch, and what was noticed."""
    moved = {each.after.route for each in steered.moves}
    for each in steered.moves:
        route = board.switchboard.route(each.after.route)
        if route is not None:
            yield moved_event(route, each.before, each.after, each.event, board, spurned=each.spurned)
    for id, state in steered.states.items():
        before = stood.get(id)
        if id not in moved and before is not None and before.epoch != state.epoch:
            yield changed_event(state, board)
    for noticed in steered.noticed:
        yield noticed_event(noticed, board)


def moved_event(
    route: Route,
    before: RouteState,
    after: RouteState,
    event: Event,
    board: Board,
    override: Sequence[str] = (),
    spurned: Sequence[Refusal] = (),
) -> JournalEvent:
    """A route moved: the one event of its new epoch. What its decision rested on is kept with it.

    `spurned` is what spoke against everything better.
    """
    data: dict[str, Json] = {
        **_course(before, after),
        "event": event.value,
        "mode": route.mode.value,
        "epoch_before": before.epoch,
        "by": after.by,
        "reason": after.reason,
        "move": after.move,
        "users": users_of(route, board.signals, board.now),
        "overridden": list(override),
        "conditions": _conditions(route, board),
        "blocked": _refusals(after.blocked),
        "spurned": _refusals(spurned),
    }
    public: dict[str, Json] = {"route": public_route(route, after, board), **_course(before, after)}
    return JournalEvent("route.moved", route.id, board.now, data, _telling(route, after, board, public))


def noticed_event(noticed: Noticed, board: Board) -> JournalEvent:
    """What else became of a route."""
    state = noticed.state
    route = board.switchboard.route(state.route)
    data: dict[str, Json] = {
        "epoch": state.epoch,
        "provider": state.provider,
        "to": _aim(noticed),
        "guards": _refusals(state.blocked),
        "reason": state.proposal.reason if state.proposal else state.reason,
        "pct": state.rollout.pct if state.rollout else None,
    }
    felt: dict[str, Json] = {}
    if noticed.what in PROOFS:
        felt = {"felt": figures(since(board.felt, state.provider, state.since))}
    telling = None
    if route is not None and noticed.what in TOLD:
        names: list[Json] = [each.guard for each in state.blocked]
        public: dict[str, Json] = {"route": public_route(route, state, board), "to": data["to"], "guards": names}
        telling = _telling(route, state, board, public, felt)
    elif route is not None and noticed.what == "verified":
        # That a move was good is no news, but it ends the alert that an earlier one was not.
        good: dict[str, Json] = {"route": {"id": route.id, "component": route.component}, "to": data["to"]}
        telling = Telling(f"route/{route.id}", (route.component,), board.now, good, silent=True)
    return JournalEvent(f"route.{noticed.what}", state.route, board.now, {**data, **felt}, telling)


def _aim(noticed: Noticed) -> str | None:
    """The provider that it is about: where the route should be, or where it came to."""
    state = noticed.state
    if noticed.what in PROOFS:
        return state.provider
    return state.proposal.to if state.proposal else state.would or state.blocked_to


def changed_event(after: RouteState, board: Board) -> JournalEvent:
    """What is served of a route changed although it did not move: a rule, a step, the standby."""
    data: dict[str, Json] = {
        "epoch": after.epoch,
        "usable": None if after.usable is None else list(after.usable),
        "rules": [each.held for each in after.rules],
        "pct": after.rollout.pct if after.rollout else None,
    }
    route = board.switchboard.route(after.route)
    telling = None
    if route is not None:
        public: dict[str, Json] = {"route": public_route(route, after, board), "epoch": after.epoch, "pct": data["pct"]}
        telling = _telling(route, after, board, public)
    return JournalEvent("route.changed", after.route, board.now, data, telling)


def operated_event(
    what: str, state: RouteState, by: str, reason: str, now: datetime, data: Mapping[str, Json]
) -> JournalEvent:
    """What a person did with a route, beside moving it."""
    return JournalEvent(f"route.{what}", state.route, now, {"by": by, "reason": reason, "epoch": state.epoch, **data})


def capacity_event(provider: str, low: bool, board: Board) -> JournalEvent:
    """A provider's room runs low, or no longer: what a scaler may act on."""
    known = board.provider(provider)
    data: dict[str, Json] = {
        "provider": provider,
        "users": users_on(known, board.on(provider), board.signals, board.now),
        "capacity": known.capacity,
        "max_connects_per_s": known.max_connects_per_s,
    }
    kind = "capacity.low" if low else "capacity.enough"
    return JournalEvent(kind, provider, board.now, data, Telling(f"capacity/{provider}", (), board.now, data))


def public_route(route: Route, state: RouteState, board: Board) -> dict[str, Json]:
    """What anybody may know of a route."""
    return {
        "id": route.id,
        "component": route.component,
        "provider": state.provider,
        "provider_name": LIMITED if state.is_limited else board.provider(state.provider).name,
        "epoch": state.epoch,
        "since": state.since.isoformat(),
        "cause": state.cause,
        "ramp_seconds": state.ramp.wait_s + state.ramp.seconds if state.ramp else 0,
    }


def _course(before: RouteState, after: RouteState) -> dict[str, Json]:
    return {"from": before.provider, "to": after.provider, "epoch": after.epoch, "cause": after.cause}


def _telling(
    route: Route, state: RouteState, board: Board, public: Mapping[str, Json], more: Mapping[str, Json] | None = None
) -> Telling:
    """`more` is evidence too."""
    evidence: dict[str, Json] = {
        "conditions": _conditions(route, board),
        "guards": _refusals(state.blocked),
        "reason": state.reason,
        **(more or {}),
    }
    return Telling(f"route/{route.id}", (route.component,), board.now, public, evidence)


def _conditions(route: Route, board: Board) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name in route.providers:
        each = board.condition(name)
        found[name] = {"health": each.health.value, "since": each.since.isoformat(), "why": each.why}
    return found


def _refusals(refused: Iterable[Refusal]) -> list[Json]:
    return [{"guard": each.guard, "detail": each.detail} for each in refused]
