"""Go or no-go before the doors open: whether every route could be saved if its provider failed now, or on that day.

A line says what was looked at, of what, and what was found. One NO_GO is enough for a no-go; a WARN is for a person
to think about. What the rules cannot see themselves (anchors, destinations, heartbeat, page) comes as `Surroundings`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from statuspage.core.explaining import span
from statuspage.core.guards import Board
from statuspage.core.health import Health
from statuspage.core.load import users_of, users_on
from statuspage.core.moves import home
from statuspage.core.pacing import seconds_for
from statuspage.core.refusals import NotThere
from statuspage.core.route import LIMITED, Holding, Mode, PlannedEvent, Provider, Route, RouteState
from statuspage.core.route_view import RouteView

EXERCISED_WITHIN = timedelta(days=30)
LONG_RAMP = timedelta(minutes=10)
"""A move that takes longer is worth a thought: most people wait for all of it."""
ENOUGH_ANCHORS = 2
BEAT_WITHIN, PAGE_WITHIN = timedelta(seconds=20), timedelta(seconds=60)
"""A heartbeat is written every 5 s, a page every 10 s: what is older is stale."""


class Verdict(StrEnum):
    """What a line says."""

    OK = "ok"
    WARN = "warn"
    NO_GO = "no-go"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `of` is the id of a route or provider, empty for the whole."""

    name: str
    verdict: Verdict
    detail: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """All lines. `at` is when it was looked at, `moment` the time that it is about; `event` a planned event's id."""

    lines: tuple[Line, ...]
    at: datetime
    moment: datetime
    event: str | None = None

    @property
    def go(self) -> bool:
        return all(each.verdict is not Verdict.NO_GO for each in self.lines)


TESTED_WITHIN = timedelta(days=30)
"""A destination that took no message for longer should be tested before it is needed."""


@dataclass(frozen=True, slots=True)
class Told:
    """A destination of messages: why it is left alone, None while it is in use, its dead letters, its last message."""

    id: str
    silenced: str | None = None
    dead: int = 0
    taken_at: datetime | None = None
    """When it last took a message."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around the routes. `beat_at` is the newest heartbeat, `page_at` when the page was last made (UTC).

    `page_at` is None where nobody serves a page on this machine.
    """

    anchors: int
    told: tuple[Told, ...] = ()
    beat_at: datetime | None = None
    blind_since: datetime | None = None
    frozen_until: datetime | None = None
    page_at: datetime | None = None
    unheard: tuple[str, ...] = ()
    """Routes of which no destination hears that they are locked."""


def readiness(board: Board, seen: Sequence[RouteView], around: Surroundings, event: str | None = None) -> Readiness:
    """Look at everything, for a planned event of the configuration or for now. Raises NotThere for an unknown event."""
    planned = _event(board, event) if event is not None else None
    mine = tuple(each for each in seen if planned is None or planned.touches(each.route.id))
    moment = max(planned.starts, board.now) if planned is not None else board.now
    lines = [
        *_of_event(board, planned, mine),
        *(line for each in mine for line in _of_route(board, each, mine, planned, moment)),
        *(line for each in _providers(board, mine) for line in _of_provider(board, each, mine, planned)),
        *_of_surroundings(board, around, mine),
    ]
    return Readiness(tuple(lines), board.now, moment, event)


def _event(board: Board, id: str) -> PlannedEvent:
    found = next((each for each in board.switchboard.events if each.id == id), None)
    if found is None:
        raise NotThere("event", id)
    return found


def _of_event(board: Board, planned: PlannedEvent | None, mine: Sequence[RouteView]) -> Iterable[Line]:
    if planned is None:
        if not mine:
            yield Line("routes", Verdict.WARN, "no route is configured: there is nothing that could move")
        return
    verdict, words = Verdict.OK, f"{planned.users:,} users on {len(mine)} route{'' if len(mine) == 1 else 's'}"
    if not mine:
        verdict, words = Verdict.NO_GO, f"no route matches {', '.join(planned.routes)}"
    elif planned.ends <= board.now:
        verdict, words = Verdict.WARN, f"it is over since {planned.ends:%Y-%m-%d %H:%M} UTC"
    yield Line("event", verdict, words)


def _of_route(
    board: Board, seen: RouteView, mine: Sequence[RouteView], planned: PlannedEvent | None, moment: datetime
) -> Iterable[Line]:
    route, state = seen.route, seen.state
    yield _where(board, route, state)
    yield _standby(board, seen)
    yield _exercised(route, state, moment)
    yield _mode(route)
    yield from _hands(board, route, state, planned, moment)
    users = _users(board, route, planned)
    if users is None:
        yield Line("users", Verdict.WARN, "nobody has said how many connections it has", route.id)
    yield from _ramp(board, seen, users, [_users(board, each.route, planned) or 0 for each in _beside(seen, mine)])


def _beside(seen: RouteView, mine: Sequence[RouteView]) -> list[RouteView]:
    """The routes that would move together with it, from the same provider to the same one: they share one ramp."""
    here = (seen.state.provider, seen.standby)
    return [each for each in mine if (each.state.provider, each.standby) == here and each.route.id != seen.route.id]


def _where(board: Board, route: Route, state: RouteState) -> Line:
    if state.is_limited:
        return Line("place", Verdict.NO_GO, f"it is in limited mode since {_at(state.since)}", route.id)
    found, name = board.condition(state.provider), board.provider(state.provider).name
    if found.health is not Health.UP:
        verdict = Verdict.NO_GO if found.health in (Health.DOWN, Health.UNKNOWN) else Verdict.WARN
        return Line("place", verdict, f"it is on {name}, which is {_health(board, state.provider)}", route.id)
    if state.provider != home(state, route):
        return Line("place", Verdict.WARN, f"it is on {name}, not on the provider it prefers", route.id)
    return Line("place", Verdict.OK, f"it is on {name}, which is up", route.id)


def _standby(board: Board, seen: RouteView) -> Line:
    route, state = seen.route, seen.state
    if seen.standby is not None:
        found = board.condition(seen.standby)
        lasted = span(board.lasts(found.since))
        return Line("standby", Verdict.OK, f"{board.provider(seen.standby).name} is up for {lasted}", route.id)
    others = [each for each in route.providers if each != state.provider]
    if not others:
        return Line("standby", Verdict.NO_GO, "a single point: it has one provider", route.id)
    said = "; ".join(f"{board.provider(each).name} is {_health(board, each)}" for each in others)
    return Line("standby", Verdict.NO_GO, f"a single point without a proven standby: {said}", route.id)


def _exercised(route: Route, state: RouteState, moment: datetime) -> Line:
    if state.exercised_at is None:
        return Line("exercised", Verdict.WARN, "it has never moved: nobody has seen that it can", route.id)
    when = f"last exercised {_at(state.exercised_at)}"
    if moment - state.exercised_at > EXERCISED_WITHIN:
        return Line("exercised", Verdict.WARN, f"{when}, more than {EXERCISED_WITHIN.days} days before", route.id)
    return Line("exercised", Verdict.OK, when, route.id)


def _mode(route: Route) -> Line:
    words = {
        Mode.OBSERVE: "observe: it is not going to move by itself",
        Mode.APPROVE: "approve: a person is asked before it moves",
        Mode.AUTO: "auto: it moves by itself",
    }
    return Line("mode", Verdict.WARN if route.mode is Mode.OBSERVE else Verdict.OK, words[route.mode], route.id)


def _hands(
    board: Board, route: Route, state: RouteState, planned: PlannedEvent | None, moment: datetime
) -> Iterable[Line]:
    if state.locked_at is not None:
        words = f"locked since {_at(state.locked_at)}: it moved too often, acknowledge it"
        yield Line("locked", Verdict.NO_GO, words, route.id)
    for name, holding in (("paused", state.paused), ("pinned", state.pinned)):
        if holding is not None and board.now < holding.until:
            yield Line(name, _held(holding, moment), f"by {holding.by} until {_at(holding.until)}", route.id)
    ends = planned.ends if planned is not None else moment
    sources = {route.component, board.provider(state.provider).component}
    for window in board.windows:
        if window.components & sources and window.starts <= ends and moment < window.ends:
            words = f"planned from {_at(window.starts)} to {_at(window.ends)}: it does not move by itself then"
            yield Line("work", Verdict.WARN, words, route.id)


def _held(holding: Holding, moment: datetime) -> Verdict:
    """One that is over when the doors open keeps nobody from being saved."""
    return Verdict.NO_GO if moment < holding.until else Verdict.WARN


def _ramp(board: Board, seen: RouteView, users: int | None, beside: Sequence[int]) -> Iterable[Line]:
    """How long everybody takes to connect again on the standby, or on whatever comes next."""
    to = seen.standby or next((each.to for each in seen.ways if each.to != LIMITED), None)
    if to is None:
        return
    provider, of = board.provider(to), seen.route.id
    if provider.built_in:
        yield Line("ramp", Verdict.OK, f"a move to {provider.name} takes no time: nobody connects to it", of)
        return
    if users is None or provider.max_connects_per_s is None:
        words = f"a move to {provider.name} takes {span(board.pace.ramp)}, whatever that does to it"
        yield Line("ramp", Verdict.WARN, words, of)
        return
    alone, all_of_them = (
        timedelta(seconds=seconds_for(number, provider.max_connects_per_s, 0.0, board.pace))
        for number in (users, users + sum(beside))
    )
    words = f"a move to {provider.name} takes {span(alone)} for {users:,} users"
    words += f", {span(all_of_them)} if the {len(beside) + 1} routes beside each other move" if sum(beside) else ""
    yield Line("ramp", Verdict.WARN if all_of_them > LONG_RAMP else Verdict.OK, words, of)


def _providers(board: Board, mine: Sequence[RouteView]) -> tuple[Provider, ...]:
    used = {name for each in mine for name in each.route.providers}
    return tuple(each for each in board.switchboard.providers if each.id in used)


def _of_provider(
    board: Board, provider: Provider, mine: Sequence[RouteView], planned: PlannedEvent | None
) -> Iterable[Line]:
    """Whether it carries everybody who is on it, and everybody who would come. What is built in carries its own."""
    if provider.built_in:
        return
    if provider.capacity is None:
        yield Line("capacity", Verdict.WARN, f"nobody has said how many users {provider.name} takes", provider.id)
    else:
        yield _capacity(board, provider, provider.capacity, mine, planned)
    if provider.max_connects_per_s is None:
        words = f"nobody has said how many new connections a second {provider.name} takes"
        yield Line("rate", Verdict.WARN, words, provider.id)
    else:
        words = f"{provider.name} takes {provider.max_connects_per_s:g} new connections a second"
        yield Line("rate", Verdict.OK, words, provider.id)


def _capacity(
    board: Board, provider: Provider, capacity: int, mine: Sequence[RouteView], planned: PlannedEvent | None
) -> Line:
    ours = {each.route.id for each in mine}
    strangers = [each for each in board.on(provider.id) if each.id not in ours]
    there = [each.route for each in mine if each.state.provider == provider.id]
    would = [each.route for each in mine if provider.id in each.route.providers]
    base = users_on(provider, strangers, {}, board.now)
    present, all_of_them = (base + sum(_users(board, each, planned) or 0 for each in some) for some in (there, would))
    present = max(present, users_on(provider, [*strangers, *there], board.signals, board.now))
    room = int(capacity * board.pace.headroom)
    limit = f"{room:,} ({board.pace.headroom:.0%} of {capacity:,})"
    if present > room:
        words = f"{provider.name} carries {present:,} users already, and takes {limit}"
        return Line("capacity", Verdict.NO_GO, words, provider.id)
    words = f"with every route on it {provider.name} carries {max(present, all_of_them):,} users, and takes {limit}"
    unsaid = [each.id for each in would if _users(board, each, planned) is None]
    if unsaid:
        words += f"; nobody has counted the users of {', '.join(unsaid)}"
    fits = Verdict.WARN if unsaid else Verdict.OK
    return Line("capacity", fits if all_of_them <= room else Verdict.NO_GO, words, provider.id)


def _users(board: Board, route: Route, planned: PlannedEvent | None) -> int | None:
    """What is planned for it, or what it has, or its peak."""
    if planned is not None and planned.touches(route.id):
        return planned.users
    return users_of(route, board.signals, board.now)


def _of_surroundings(board: Board, around: Surroundings, mine: Sequence[RouteView]) -> Iterable[Line]:
    yield _anchors(around.anchors)
    yield from _destinations(around.told, board.now)
    unheard = [each.route.id for each in mine if each.route.id in around.unheard]
    if unheard and around.told:
        words = (
            f"no [[notify]] hears route.locked of {', '.join(unheard)}: nobody knows when it moves no more by itself"
        )
        yield Line("destinations", Verdict.WARN, words)
    yield _monitor(board, around)
    yield _page(board, around)


def _anchors(number: int) -> Line:
    words = f"{number} of at least {ENOUGH_ANCHORS}: places outside that tell our own outage from a provider's"
    if number >= ENOUGH_ANCHORS:
        return Line("anchors", Verdict.OK, f"{number} places outside are asked whether it is us")
    return Line("anchors", Verdict.WARN if number else Verdict.NO_GO, words)


def _destinations(told: Sequence[Told], now: datetime) -> Iterable[Line]:
    if not told:
        yield Line("destinations", Verdict.WARN, "nobody is told of a move: there is no [[notify]]")
    for each in told:
        if each.silenced is not None:
            yield Line("destination", Verdict.NO_GO, f"left alone: {each.silenced}", each.id)
        elif each.dead:
            letters = "1 dead letter waits" if each.dead == 1 else f"{each.dead} dead letters wait"
            yield Line("destination", Verdict.WARN, f"{letters} for an admin", each.id)
        elif each.taken_at is None:
            yield Line("destination", Verdict.WARN, "has never taken a message: statuspage notify test", each.id)
        elif now - each.taken_at > TESTED_WITHIN:
            words = f"took its last message {_at(each.taken_at)}: statuspage notify test"
            yield Line("destination", Verdict.WARN, words, each.id)
        else:
            yield Line("destination", Verdict.OK, f"took a message {span(now - each.taken_at)} ago", each.id)


def _monitor(board: Board, around: Surroundings) -> Line:
    if around.beat_at is None:
        return Line("monitor", Verdict.NO_GO, "nobody looks: there is no sign of life of a monitor")
    age = board.now - around.beat_at
    if abs(age) > BEAT_WITHIN:
        return Line("monitor", Verdict.NO_GO, f"nobody looks: its last sign of life was {_at(around.beat_at)}")
    if around.blind_since is not None:
        return Line("monitor", Verdict.NO_GO, f"it cannot see since {_at(around.blind_since)}")
    if around.frozen_until is not None and around.frozen_until > board.now:
        return Line("monitor", Verdict.WARN, f"decisions rest until {_at(around.frozen_until)}")
    return Line("monitor", Verdict.OK, f"its last sign of life was {span(age)} ago")


def _page(board: Board, around: Surroundings) -> Line:
    if around.page_at is None:
        return Line("page", Verdict.WARN, "no page is made on this machine: look at it where it is served")
    age = board.now - around.page_at
    if age > PAGE_WITHIN:
        return Line(
            "page", Verdict.NO_GO, f"page and directives were last made {_at(around.page_at)}: moves reach nobody"
        )
    return Line("page", Verdict.OK, f"page and directives were made {span(age)} ago")


def _health(board: Board, provider: str) -> str:
    found = board.condition(provider)
    if found.health is Health.UP:
        return f"up for only {span(board.lasts(found.since))} of {span(board.pace.target_min_up)}"
    if found.seen_at is None:
        return "not looked at"
    return f"{found.health}" + (f" ({found.why})" if found.why else "")


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
