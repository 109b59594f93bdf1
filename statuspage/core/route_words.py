"""What people are told of routes, in sentences: where a module went, how long it takes, what still works."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from statuspage.core.moments import minute_text
from statuspage.core.moves import PREFERENCE
from statuspage.core.route import LIMITED, RouteState, Scope
from statuspage.core.site import Site
from statuspage.core.wording import listed, plain

NO_REALTIME = "it works without live updates"


def route_sentences(site: Site, states: Iterable[RouteState]) -> tuple[str, ...]:
    """One sentence for all routes that moved together. Markdown."""
    order = {each.id: number for number, each in enumerate(site.switchboard.routes)}
    together: dict[tuple[str, str, bool], list[RouteState]] = {}
    for state in sorted(states, key=lambda each: order.get(each.route, len(order))):
        together.setdefault((state.provider, state.move, _is_back(site, state)), []).append(state)
    return tuple(_sentence(site, group) for group in together.values())


def provider_name(site: Site, provider: str) -> str:
    """What visitors read for a provider."""
    if provider == LIMITED:
        return "limited mode"
    known = site.switchboard.provider(provider)
    return known.name if known is not None else provider


def works(site: Site, state: RouteState) -> str:
    """What still works in limited mode."""
    route = site.switchboard.route(state.route)
    return (route.still_works if route is not None else None) or NO_REALTIME


def _sentence(site: Site, group: Sequence[RouteState]) -> str:
    first = group[0]
    names = _modules(site, group)
    at = minute_text(first.since, ZoneInfo(site.time_zone))
    if first.is_limited:
        said = "; ".join(dict.fromkeys(plain(works(site, each).rstrip(".")) for each in group))
        return f"{listed(names)} {'is' if len(names) == 1 else 'are'} in limited mode since {at}: {said}."
    name = plain(provider_name(site, first.provider))
    went = f"{listed(names)} moved {'back ' if _is_back(site, first) else ''}to {name} at {at}"
    if first.scope is Scope.NEW and first.cause == PREFERENCE:
        return f"{went} for new connections; what is connected stays."
    seconds = first.ramp.wait_s + first.ramp.seconds if first.ramp else 0
    return f"{went}; connecting again takes up to {_length(seconds)} for everyone." if seconds else f"{went}."


def _is_back(site: Site, state: RouteState) -> bool:
    """Whether it was there before, and that is where it is at home without any rule."""
    route = site.switchboard.route(state.route)
    return route is not None and state.provider == route.prefer[0] and state.provider in state.been


def _modules(site: Site, group: Sequence[RouteState]) -> list[str]:
    names = []
    for state in group:
        route = site.switchboard.route(state.route)
        component = site.component(route.component) if route is not None else None
        names.append(component.name if component is not None else state.route)
    return list(dict.fromkeys(names))


def _length(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
