"""What the page says of routes: a line of its own for each module, always, and a banner while one is limited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.route import Route, RouteState, Scope
from statuspage.core.route_words import provider_name, works
from statuspage.core.site import Component
from statuspage.web.scene import Scene
from statuspage.web.times import Stamp, clock, minute, minute_clock, stamp
from statuspage.web.words import listed

Line = tuple[str | Stamp, ...]
MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class Limited:
    """Modules in limited mode: since when, and what still works, a sentence."""

    names: str
    since: Stamp
    works: str


def route_lines(scene: Scene, component: Component) -> tuple[Line, ...]:
    """A line for each route of the component: where it is and since when."""
    board, states = scene.snapshot.site.switchboard, scene.snapshot.routes
    found = ((each, states.get(each.id)) for each in board.routes_of(component.id))
    return tuple(_line(scene, route, state) for route, state in found if state is not None)


def limited_modes(scene: Scene) -> tuple[Limited, ...]:
    """What is limited at this moment; modules that became so together and still do the same are told together."""
    site, states = scene.snapshot.site, scene.snapshot.routes
    together: dict[tuple[str, str], list[RouteState]] = {}
    for route in site.switchboard.routes:
        state = states.get(route.id)
        if state is not None and state.is_limited:
            together.setdefault((state.move, works(site, state)), []).append(state)
    return tuple(
        Limited(listed(_names(scene, group), MOST_NAMES), minute_clock(group[0].since, scene.zone), _sentence(said))
        for (_, said), group in together.items()
    )


def _line(scene: Scene, route: Route, state: RouteState) -> Line:
    site = scene.snapshot.site
    since = _brief(scene, state.since)
    if state.is_limited:
        return ("Limited mode since ", since, f". {_sentence(works(site, state))}")
    name = provider_name(site, state.provider)
    if state.rollout is not None:
        back = provider_name(site, state.rollout.to)
        return (f"On {name} since ", since, f"; {state.rollout.pct} % are back on {back}.")
    if state.ramp is not None and state.is_moving(scene.now):
        begun, ends = (_brief(scene, each, exact=True) for each in (state.since, state.ramp.ends))
        return (f"Moving to {name} since ", begun, ", until ", ends, ".")
    if state.previous is None:
        return (f"On {name}.",)
    what = " for new connections" if state.scope is Scope.NEW and state.cause == "preference" else ""
    return (f"On {name}{what} since ", since, ".")


def _brief(scene: Scene, at: datetime, *, exact: bool = False) -> Stamp:
    """A moment of today by its clock, another one with its day: it stands in a narrow column."""
    is_today = at.astimezone(scene.zone).date() == scene.today
    if exact:
        return clock(at, scene.zone) if is_today else stamp(at, scene.zone)
    return minute_clock(at, scene.zone) if is_today else minute(at, scene.zone)


def _names(scene: Scene, group: Sequence[RouteState]) -> list[str]:
    site = scene.snapshot.site
    found = []
    for state in group:
        route = site.switchboard.route(state.route)
        component = site.component(route.component) if route is not None else None
        found.append(component.name if component is not None else state.route)
    return list(dict.fromkeys(found))


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
