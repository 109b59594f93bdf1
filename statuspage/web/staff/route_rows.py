"""Routes as the staff pages show them: a state as shape and words, cells, guards with their ticks, what is next."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from statuspage.acting.routes import Look
from statuspage.core.explaining import Finding, Way
from statuspage.core.guards import Board
from statuspage.core.health import Condition, Health
from statuspage.core.incident import ROBOT
from statuspage.core.load import arrivals, users_on
from statuspage.core.route import Holding, Mode, RouteState
from statuspage.core.route_view import BLOCKED, LOCKED, NOT_READY, PROPOSED, RouteView, is_held, moved_part
from statuspage.core.route_writing import place_name, place_names, route_name
from statuspage.web.times import Stamp, clock, short_day, stamp

HEALTH = {
    Health.UP: ("ok", "Up"),
    Health.DEGRADED: ("degraded", "Slow or unsteady"),
    Health.DOWN: ("major", "Down"),
    Health.UNKNOWN: ("unknown", "Not known"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A state: `slug` gives colour, `icon` the shape, `word` says it."""

    slug: str
    icon: str
    word: str


@dataclass(frozen=True, slots=True)
class Meter:
    """How full something is, of 200: `used`, and the tick up to which the robot fills it. `label` says it in words."""

    used: int
    tick: int | None
    label: str


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider's card."""

    name: str
    shape: Shape
    since: Stamp | None
    why: str
    load: str
    rate: str
    meter: Meter | None


@dataclass(frozen=True, slots=True)
class WayRow:
    """A place where a route could go. `ticks` are the guards that a move there has to override."""

    to: str
    name: str
    findings: tuple[Finding, ...]
    ticks: tuple[str, ...]

    @property
    def question(self) -> str:
        """What its guards are an answer to."""
        if self.ticks:
            return f"Why not {self.name}?"
        if any(each.blocks for each in self.findings):
            return f"Why does it not go to {self.name} by itself?"
        return f"Nothing speaks against {self.name}"


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One route. `asked` is the way that is asked for now (proposed, wanted), with ticks for approval if it is that."""

    id: str
    name: str
    shape: Shape
    epoch: int
    decided: bool
    since: Stamp
    by: str
    cause: str
    reason: str
    needs: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]
    held: tuple[tuple[str, Stamp, str, str], ...]
    """Pin and pause: the word, until when, by whom, why."""
    locked: bool
    proposed: bool
    resumable: bool
    expires: Stamp | None
    evidence: tuple[tuple[Shape, str, Stamp | None], ...]
    asked: WayRow | None
    ways: tuple[WayRow, ...]
    next: str
    next_at: Stamp | None
    ramp: Meter | None
    ramp_ends: Stamp | None
    on: str
    prefers: str
    mode: str
    exercised: str
    single: str
    """Why no other provider is a standby; empty where one is."""

    @property
    def is_urgent(self) -> bool:
        """Whether a person is asked to do something about it now."""
        return bool(set(self.needs) - {NOT_READY})


def route_row(seen: RouteView, look: Look, zone: ZoneInfo) -> RouteRow:
    """One route as a card or a line."""
    board, state, route = look.board, seen.state, seen.route
    part = moved_part(state, board.now)
    held = tuple(
        (word, stamp(each.until, zone), each.by, each.reason)
        for word, each in (("Pinned", state.pinned), ("Paused", state.paused))
        if each is not None and is_held(each, board.now)
    )
    return RouteRow(
        id=route.id,
        name=route_name(look.site, route),
        shape=_shape(seen, board, part, zone),
        epoch=state.epoch,
        decided=seen.decided,
        since=stamp(state.since, zone),
        by=state.by,
        cause=state.cause,
        reason=state.reason,
        needs=seen.needs,
        cells=_cells(seen, board, zone),
        held=held,
        locked=state.locked_at is not None,
        proposed=state.proposal is not None,
        resumable=bool(held) or (state.is_limited and state.by != ROBOT),
        expires=stamp(state.expires_at, zone) if state.expires_at is not None else None,
        evidence=tuple(_evidence(board, each, zone) for each in route.providers),
        asked=_asked(seen, board),
        ways=tuple(_way(board, each) for each in seen.ways),
        next=f"{seen.step.what[:1].upper()}{seen.step.what[1:]}",
        next_at=_brief(seen.step.at, board.now, zone) if seen.step.at is not None else None,
        ramp=Meter(int(part * 200), None, f"{part:.0%} of the ramp is over") if part is not None else None,
        ramp_ends=clock(state.ramp.ends, zone) if state.ramp is not None else None,
        on=place_name(board, state.provider),
        prefers=place_names(board, state.order or route.prefer),
        mode=route.mode.value,
        exercised=_day(state.exercised_at, board.now, zone),
        single=_single(seen) if NOT_READY in seen.needs else "",
    )


def provider_row(look: Look, id: str, zone: ZoneInfo) -> ProviderRow:
    """A provider with its load."""
    board, known = look.board, look.board.provider(id)
    found = board.condition(id)
    users, rate = users_on(known, board.on(id), board.signals, board.now), arrivals(id, board.signals, board.now)
    head = board.pace.headroom
    meter = None
    if known.capacity:
        part = users / known.capacity
        label = f"{part:.0%} used; automation stops at {head:.0%}"
        meter = Meter(min(int(part * 200), 200), int(head * 200), label)
    limit = f" of {known.capacity:,}" if known.capacity else ""
    most = known.max_connects_per_s
    return ProviderRow(
        name=known.name,
        shape=Shape(HEALTH[found.health][0], HEALTH[found.health][0], HEALTH[found.health][1]),
        since=stamp(found.since, zone) if found.seen_at is not None else None,
        why=found.why,
        load=f"{users:,}{limit} users" if limit else f"{users:,} users; its capacity is not known",
        rate=f"{rate:g} of {most:g} new connections a second" if most else "",
        meter=meter,
    )


def _shape(seen: RouteView, board: Board, part: float | None, zone: ZoneInfo) -> Shape:
    """The one thing to know of it, the most urgent first."""
    state, found = seen.state, board.condition(seen.state.provider)
    slug = "partial" if state.is_limited else HEALTH[found.health][0]
    bad = slug if slug not in ("ok", "unknown") else "degraded"
    where = "Limited mode: " if state.is_limited else ""
    if PROPOSED in seen.needs:
        return Shape(bad, bad, f"{where}waits for approval" if where else "Waits for approval")
    if LOCKED in seen.needs:
        return Shape("partial", "lock", f"{where}locked, it moved too often" if where else "Locked, it moved too often")
    if BLOCKED in seen.needs:
        return Shape(bad, bad, f"{where}no way is open" if where else "No way is open")
    if part is not None:
        return Shape("maint", "move", f"Moving, {part:.0%}")
    if state.is_limited:
        return Shape("partial", "partial", "Limited mode")
    return _at_rest(seen, state, found, board.now, zone)


def _at_rest(seen: RouteView, state: RouteState, found: Condition, now: datetime, zone: ZoneInfo) -> Shape:
    slug, word = HEALTH[found.health]
    if slug == "ok":
        for what, holding in (("Paused", state.paused), ("Pinned", state.pinned)):
            if holding is not None and is_held(holding, now):
                return Shape("maint", "hold", f"{what} until {_until(holding, now, zone)}")
        if state.rollout is not None:
            return Shape("maint", "move", f"Returning, {state.rollout.pct} %")
        if NOT_READY in seen.needs:
            return Shape("degraded", "degraded", "Not ready: no proven standby")
        return Shape("ok", "ok", "Well")
    if seen.route.mode is Mode.OBSERVE and state.would is not None:
        return Shape(slug, slug, f"{word}; it would move")
    return Shape(slug, slug, word)


def _until(holding: Holding, now: datetime, zone: ZoneInfo) -> str:
    return _brief(holding.until, now, zone).text


def _cells(seen: RouteView, board: Board, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    state = seen.state
    goes = [("Proposed", state.proposal.to)] if state.proposal is not None else []
    goes += [("Wants to go to", state.blocked_to)] if state.blocked_to is not None and not goes else []
    goes += [("Would be on", state.would)] if state.would is not None and not goes else []
    moving = state.is_moving(board.now) and state.previous is not None
    return (
        *([("From", place_name(board, state.previous or ""))] if moving else []),
        ("To" if moving else "Now", place_name(board, state.provider)),
        *((name, place_name(board, to)) for name, to in goes),
        ("Prefers", place_names(board, state.order or seen.route.prefer)),
        ("Standby", place_name(board, seen.standby) if seen.standby is not None else "none is proven"),
        ("Mode", seen.route.mode.value),
        ("Epoch", str(state.epoch)),
        ("Last exercised", _day(state.exercised_at, board.now, zone)),
    )


def _evidence(board: Board, provider: str, zone: ZoneInfo) -> tuple[Shape, str, Stamp | None]:
    found = board.condition(provider)
    slug, word = HEALTH[found.health]
    why = f", {found.why}" if found.why else ""
    since = _brief(found.since, board.now, zone) if found.seen_at is not None else None
    return Shape(slug, slug, word), f"{board.provider(provider).name}: {word.lower()}{why}", since


def _asked(seen: RouteView, board: Board) -> WayRow | None:
    """The way that stands in question: what is proposed, wanted, or comes next."""
    state = seen.state
    if state.proposal is not None:
        way = seen.way(state.proposal.to)
        return _way(board, way, approval=True) if way is not None else None
    to = state.blocked_to or state.would or seen.standby
    way = seen.way(to) if to is not None else None
    way = way or next((each for each in seen.ways if each.to in seen.route.providers), None)
    return _way(board, way) if way is not None else None


def _way(board: Board, way: Way, *, approval: bool = False) -> WayRow:
    against = way.against_approval if approval else way.against
    blocking_first = sorted(way.findings, key=lambda each: not each.blocks)
    ticks = tuple(dict.fromkeys(each.guard for each in against))
    return WayRow(way.to, place_name(board, way.to), tuple(blocking_first), ticks)


def _single(seen: RouteView) -> str:
    ways = (each for each in seen.ways if each.to in seen.route.providers)
    said = [first.detail for way in ways if (first := next((each for each in way.findings if each.blocks), None))]
    return "; ".join(said) or "there is no other provider"


def _brief(at: datetime, now: datetime, zone: ZoneInfo) -> Stamp:
    """A moment of today by its clock, another one with its day."""
    same = at.astimezone(zone).date() == now.astimezone(zone).date()
    return clock(at, zone) if same else stamp(at, zone)


def _day(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    if at is None:
        return "never"
    day = at.astimezone(zone).date()
    return short_day(day) if day.year == now.astimezone(zone).year else f"{short_day(day)}, {day.year}"
