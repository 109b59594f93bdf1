"""Routes as documents for staff and their programs. Times are UTC with milliseconds; guards go by their names."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from statuspage.core.explaining import Finding
from statuspage.core.guards import Board
from statuspage.core.load import arrivals, users_of, users_on
from statuspage.core.moves import standing
from statuspage.core.readiness import Readiness
from statuspage.core.route import LIMITED, Holding, Ramp, Refusal, Rollout, Route
from statuspage.core.route_view import RouteView, is_held, moved_part
from statuspage.core.site import Site
from statuspage.core.telling import Json
from statuspage.core.writing import Document, time_text


def route_document(view: RouteView, board: Board, site: Site) -> Document:
    """How a route stands. `epoch` is what an act has to name; `needs` says what of it needs a person."""
    route, state = view.route, view.state
    component = site.component(route.component)
    return {
        "id": route.id,
        "component": {"id": route.component, "name": component.name if component is not None else route.component},
        "mode": route.mode.value,
        "failback": route.failback,
        "prefer": list(state.order or route.prefer),
        "users": users_of(route, board.signals, board.now),
        "decided": view.decided,
        "epoch": state.epoch,
        "provider": state.provider,
        "provider_name": place_name(board, state.provider),
        "standing": standing(state, route).value,
        "since": time_text(state.since),
        "by": state.by,
        "cause": state.cause,
        "reason": state.reason,
        "previous": state.previous,
        "scope": state.scope.value,
        "ramp": _ramp(state.ramp, moved_part(state, board.now)),
        "rollout": _rollout(state.rollout),
        "locked_at": _time(state.locked_at),
        "pinned": _holding(state.pinned, board.now),
        "paused": _holding(state.paused, board.now),
        "proposal": _proposal(view),
        "would": state.would,
        "blocked_to": state.blocked_to,
        "blocked": refusal_documents(state.blocked),
        "expires_at": _time(state.expires_at),
        "expires_to": state.expires_to,
        "exercised_at": _time(state.exercised_at),
        "standby": view.standby,
        "ready": view.standby is not None,
        "needs": list(view.needs),
        "next": {"what": view.step.what, "at": _time(view.step.at)},
    }


def why_document(view: RouteView, board: Board, site: Site) -> Document:
    """The same, with what the checks say of its providers and what every guard sees on every way."""
    document = route_document(view, board, site)
    document["providers"] = [provider_document(board, each) for each in view.route.providers]
    document["ways"] = [
        {
            "to": way.to,
            "name": place_name(board, way.to),
            "open": not way.against,
            "guards": [_finding(each) for each in way.findings],
        }
        for way in view.ways
    ]
    return document


def provider_document(board: Board, id: str) -> Document:
    """A provider: its health by its checks, and its load. `room` is the part of its capacity that is used at most."""
    known, found = board.provider(id), board.condition(id)
    return {
        "id": id,
        "name": known.name,
        "health": found.health.value,
        "since": time_text(found.since) if found.seen_at is not None else None,
        "slow_since": _time(found.slow_since),
        "seen_at": _time(found.seen_at),
        "why": found.why,
        "users": users_on(known, board.on(id), board.signals, board.now),
        "capacity": known.capacity,
        "room": int(known.capacity * board.pace.headroom) if known.capacity is not None else None,
        "connects_per_s": arrivals(id, board.signals, board.now),
        "max_connects_per_s": known.max_connects_per_s,
    }


def refusal_documents(refused: Iterable[Refusal]) -> list[Json]:
    """Guards that speak, by name."""
    return [{"guard": each.guard, "detail": each.detail} for each in refused]


def readiness_document(found: Readiness) -> Document:
    """Go or no-go, line by line."""
    lines: list[Json] = [
        {"name": each.name, "of": each.of, "verdict": each.verdict.value, "detail": each.detail} for each in found.lines
    ]
    return {
        "go": found.go,
        "event": found.event,
        "at": time_text(found.at),
        "moment": time_text(found.moment),
        "lines": lines,
    }


def place_name(board: Board, place: str) -> str:
    """What people call a provider, or limited mode."""
    return "Limited mode" if place == LIMITED else board.provider(place).name


def place_names(board: Board, places: Sequence[str]) -> str:
    """Several of them, in their order."""
    return ", ".join(place_name(board, each) for each in places)


def route_name(site: Site, route: Route) -> str:
    """What people call a route: the module that it serves."""
    component = site.component(route.component)
    return component.name if component is not None else route.id


def _finding(finding: Finding) -> Document:
    return {
        "guard": finding.guard,
        "blocks": finding.blocks,
        "detail": finding.detail,
        "asks": "robot" if finding.robot else "everybody",
    }


def _ramp(ramp: Ramp | None, part: float | None) -> Document | None:
    if ramp is None:
        return None
    return {
        "start": time_text(ramp.start),
        "ends": time_text(ramp.ends),
        "wait_s": ramp.wait_s,
        "seconds": ramp.seconds,
        "moved": round(part, 3) if part is not None else 1.0,
    }


def _rollout(rollout: Rollout | None) -> Document | None:
    return {"to": rollout.to, "pct": rollout.pct, "since": time_text(rollout.since)} if rollout is not None else None


def _holding(holding: Holding | None, now: datetime) -> Document | None:
    if holding is None or not is_held(holding, now):
        return None
    return {"until": time_text(holding.until), "by": holding.by, "reason": holding.reason}


def _proposal(view: RouteView) -> Document | None:
    found = view.state.proposal
    if found is None:
        return None
    return {"to": found.to, "cause": found.cause, "reason": found.reason, "at": time_text(found.at)}


def _time(at: datetime | None) -> str | None:
    return time_text(at) if at is not None else None
