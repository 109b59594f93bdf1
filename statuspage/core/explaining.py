"""Why a route does not go elsewhere: every guard by its name with what it sees, also where it has nothing against it.

The guards themselves are in `guards`; here stand the words of those that pass.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from statuspage.core.detection import EPOCH
from statuspage.core.guards import OF_HANDS, OF_TARGET, Board, Wish, assertions, recent_moves, refusals
from statuspage.core.health import Health
from statuspage.core.route import LIMITED, Route, RouteState

OF_ROBOT_ALONE = ("flap_budget", *OF_HANDS)
"""What is asked of the robot and of nobody else. `parallel` holds for a moment only and is left out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one guard sees. `robot`: it speaks to the robot only, a person's move does not ask it."""

    guard: str
    blocks: bool
    detail: str
    robot: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A place where a route could go, a provider or `limited`, with every guard that would be asked."""

    to: str
    findings: tuple[Finding, ...]

    @property
    def against(self) -> tuple[Finding, ...]:
        """What a person's move there would have to override."""
        return tuple(each for each in self.findings if each.blocks and not each.robot)

    @property
    def against_approval(self) -> tuple[Finding, ...]:
        """What approving it would have to override: a proposal is the robot's, so its hands count too."""
        return tuple(each for each in self.findings if each.blocks and (not each.robot or each.guard in OF_HANDS))


def ways(board: Board, route: Route, state: RouteState, looking_since: datetime = EPOCH) -> tuple[Way, ...]:
    """Everywhere it could go from where it stands, in its order of preference; limited mode comes last.

    `looking_since` is when the monitor began to look, as far as that is known: the robot rests for a while then.
    """
    known = dict.fromkeys((*state.order, *route.providers))
    places = [each for each in known if each in route.providers]
    there = [each for each in (*places, LIMITED) if each != state.provider]
    return tuple(Way(each, tuple(_findings(board, Wish(route, state, each), looking_since))) for each in there)


def _findings(board: Board, wish: Wish, looking_since: datetime) -> Iterable[Finding]:
    if wish.to != LIMITED:
        for name in OF_TARGET:
            yield from _finding(board, wish, name, robot=False)
        yield from (Finding(each.guard, True, each.detail) for each in assertions(board, wish))
    as_seen = replace(board, watching_since=max(board.watching_since, looking_since))
    for name in OF_HANDS if wish.to == LIMITED else OF_ROBOT_ALONE:
        yield from _finding(as_seen, wish, name, robot=True)


def _finding(board: Board, wish: Wish, name: str, *, robot: bool) -> Iterable[Finding]:
    against = refusals(board, wish, name)
    if against:
        yield Finding(name, True, against[0].detail, robot)
    elif words := _PASSES[name](board, wish):
        yield Finding(name, False, words, robot)


def _up(board: Board, wish: Wish) -> str:
    return f"{wish.to} is up"


def _proven(board: Board, wish: Wish) -> str:
    found = board.condition(wish.to)
    if found.health is not Health.UP:
        return ""  # nothing to prove: `target_not_up` says what there is to say
    return f"up for {span(board.lasts(found.since))}, wants {span(board.pace.target_min_up)}"


def _looked_at(board: Board, wish: Wish) -> str:
    seen = board.condition(wish.to).seen_at
    return f"looked at {span(board.now - seen)} ago" if seen is not None else ""


def _room(board: Board, wish: Wish) -> str:
    provider = board.provider(wish.to)
    if provider.built_in:
        return "it is built into the application"
    if provider.capacity is None:
        return "nobody has said how many users it takes"
    there = board.users_on(provider, but=wish.route.id)
    coming = board.users(wish.route, wish.state)
    room = int(provider.capacity * board.pace.headroom)
    said = f"would be {there + (coming or 0):,} of {room:,} users"
    unsaid = board.uncounted(wish.to, wish.route)
    return f"not known: nobody has counted the users of {', '.join(unsaid)}; without them it {said}" if unsaid else said


def _calm(board: Board, wish: Wish) -> str:
    return "new connections come as usual"


def _budget(board: Board, wish: Wish) -> str:
    recent = recent_moves(wish.state, board.pace, board.now)
    return f"{len(recent)} of {board.pace.moves} moves within {span(board.pace.moves_within)}"


def _free(board: Board, wish: Wish) -> str:
    return "neither paused nor pinned"


def _steady(board: Board, wish: Wish) -> str:
    return f"looking for longer than {span(board.pace.settle)}"


_PASSES: Mapping[str, Callable[[Board, Wish], str]] = {
    "target_not_up": _up,
    "target_not_proven": _proven,
    "not_ready": _looked_at,
    "capacity": _room,
    "follows_load": _calm,
    "flap_budget": _budget,
    "paused_or_pinned": _free,
    "tilt": _steady,
}


def span(length: timedelta) -> str:
    """`41 s`, `12 min`, `3 h 26 min`, `11 d`: what a reader wants of a length; never negative."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 120:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 120:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d"
