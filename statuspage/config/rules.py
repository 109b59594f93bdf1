"""What one table says of another: references that lead nowhere, ids given twice, circles."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase

from statuspage.config.problems import Problem, nearest
from statuspage.config.tables import CheckHead, File, Route
from statuspage.config.values import Actuator, Check, Kind, Notifier
from statuspage.core.addresses import check_url, operator, parse_network
from statuspage.core.gauges import check_path, selector
from statuspage.core.route import LIMITED
from statuspage.core.telling import EVENTS
from statuspage.core.topology import find_cycle

SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=1)
"""Clients give up a try in less than a second for nothing, and nobody looks at "Connecting" for a minute."""


def check_problems(head: CheckHead, kind: Kind, path: str) -> Iterable[Problem]:
    if head.fall > head.window:
        yield Problem(f"{path}.fall", f"cannot be more than window ({head.window})")
    if head.rise > head.window:
        yield Problem(f"{path}.rise", f"cannot be more than window ({head.window})")
    if head.confirm_every > head.every:
        yield Problem(f"{path}.confirm_every", "cannot be longer than every")
    if head.slow_over > head.timeout:
        yield Problem(f"{path}.slow_over", "cannot be longer than timeout")
    for stage, limit in head.limits.items():
        if limit > head.timeout:
            yield Problem(f"{path}.limits.{stage}", "cannot be longer than timeout")
        if stage not in kind.STAGES:
            yield Problem(f"{path}.limits.{stage}", f"{head.type} has no such stage; it has {', '.join(kind.STAGES)}")


def cross_references(file: File, checks: Sequence[Check], ids: Mapping[str, set[str]]) -> Iterable[Problem]:
    """What the tables say of each other. `ids` are all ids of each list of tables."""
    groups, components, providers = (ids.get(name, set()) for name in ("group", "component", "provider"))
    for table, entries in (
        ("group", file.group),
        ("component", file.component),
        ("provider", file.provider),
        ("route", file.route),
        ("template", file.template),
        ("event", file.event),
        ("signal", file.signal),
        ("assertion", file.assertion),
    ):
        yield from _duplicates(table, [each.id for each in entries])
    addresses = [each.url for each in file.anchor]
    for index, url in enumerate(addresses):
        if url in addresses[:index]:
            yield Problem(f"anchor[{index}].url", "is the same as another anchor's: two of one are no second proof")
    yield from _duplicates("check", [str(each.get("id", "")) for each in file.check if each.get("id")])
    for component in file.component:
        path = f"component[{component.id}]"
        if component.group is not None and component.group not in groups:
            yield _unknown(f"{path}.group", "group", component.group, groups)
        for need in component.needs:
            if need not in components:
                yield _unknown(f"{path}.needs", "component", need, components)
    cycle = find_cycle({each.id: each.needs for each in file.component})
    if cycle:
        yield Problem(f"component[{cycle[0]}].needs", f"goes round in a circle: {' → '.join(cycle)}")
    for check in checks:
        if check.head.component not in components:
            yield _unknown(f"check[{check.id}].component", "component", check.head.component, components)
    for provider in file.provider:
        path = f"provider[{provider.id}]"
        if provider.built_in == (provider.component is not None):
            yield Problem(path, "needs either component or built_in = true")
        if provider.component is not None and provider.component not in components:
            yield _unknown(f"{path}.component", "component", provider.component, components)
    names = [each.id for each in file.provider]
    if LIMITED in names:
        yield Problem(f"provider[{LIMITED}].id", "is what a route is in without a provider: choose another")
    for route in file.route:
        yield from _route_problems(route, components, providers, len(file.anchor))
        yield from _needs_its_provider(route, file)
    for name in sorted(set(names) & ids.get("route", set())):
        yield Problem(f"route[{name}].id", "is that of a provider too: signals could mean either")
    yield from _signal_problems(file, providers, ids.get("route", set()))
    yield from _event_problems(file, ids.get("route", set()))
    yield from _assertion_problems(file, providers, ids.get("route", set()))
    steps = file.failover.steps
    if list(steps) != sorted(set(steps)) or steps[-1] != 100:
        yield Problem("failover.steps", "must rise and end at 100")
    if not SHORTEST_WAIT <= file.failover.max_wait <= LONGEST_WAIT:
        yield Problem("failover.max_wait", "must be between 1s and 1m")


def _route_problems(route: Route, components: set[str], providers: set[str], anchors: int) -> Iterable[Problem]:
    path = f"route[{route.id}]"
    if route.mode == "auto" and anchors < 2:
        yield Problem(
            f"{path}.mode", '"auto" needs at least two [[anchor]] tables: one view alone cannot tell whose fault it is'
        )
    if route.component not in components:
        yield _unknown(f"{path}.component", "component", route.component, components)
    for name in dict.fromkeys(route.prefer):
        if route.prefer.count(name) > 1:
            yield Problem(f"{path}.prefer", f'names "{name}" {route.prefer.count(name)} times')
        if name not in providers:
            yield _unknown(f"{path}.prefer", "provider", name, providers)
    for index, rule in enumerate(route.when):
        if rule.under >= rule.over:
            yield Problem(f"{path}.when[{index}].under", f"must be less than over ({rule.over:g})")
        for name in rule.prefer:
            if name not in providers:
                yield _unknown(f"{path}.when[{index}].prefer", "provider", name, providers)


def _needs_its_provider(route: Route, file: File) -> Iterable[Problem]:
    """A module lives on whichever provider its route is on: it does not need a certain one."""
    component = next((each for each in file.component if each.id == route.component), None)
    named = {*route.prefer, *(name for rule in route.when for name in rule.prefer)}
    provided = {each.component for each in file.provider if each.id in named}
    for need in component.needs if component is not None else ():
        if need in provided:
            problem = f'"{need}" is what route {route.id} chooses: a provider of its route is not among its needs'
            yield Problem(f"component[{route.component}].needs", problem)
    if route.component in provided:
        yield Problem(f"route[{route.id}].component", "is that of its own provider")


def _event_problems(file: File, routes: set[str]) -> Iterable[Problem]:
    for event in file.event:
        if event.ends <= event.starts:
            yield Problem(f"event[{event.id}].ends", "must be after starts")
        yield from _pattern_problems(f"event[{event.id}].routes", event.routes, routes)


def _signal_problems(file: File, providers: set[str], routes: set[str]) -> Iterable[Problem]:
    policy = operator(parse_network(each) for each in file.delivery.allow)
    for each in file.signal:
        path = f"signal[{each.id}]"
        if (each.provider is None) == (each.route is None):
            yield Problem(path, "needs either provider or route")
        if each.provider is not None and each.provider not in providers:
            yield _unknown(f"{path}.provider", "provider", each.provider, providers)
        if each.route is not None and each.route not in routes:
            yield _unknown(f"{path}.route", "route", each.route, routes)
        if each.users is None and each.connects_per_s is None:
            yield Problem(path, "needs users or connects_per_s")
        check = check_path if each.type == "json" else selector
        for option, text in (("users", each.users), ("connects_per_s", each.connects_per_s)):
            try:
                if text is not None:
                    check(text)
            except ValueError as error:
                yield Problem(f"{path}.{option}", str(error))
        problem = check_url(each.url, policy)
        if problem is not None:
            yield Problem(f"{path}.url", problem)


def _assertion_problems(file: File, providers: set[str], routes: set[str]) -> Iterable[Problem]:
    for each in file.assertion:
        path = f"assertion[{each.id}]"
        if each.provider not in providers:
            yield _unknown(f"{path}.provider", "provider", each.provider, providers)
        if each.at_most is None and each.at_least is None:
            yield Problem(path, "needs at_most or at_least")
        yield from _pattern_problems(f"{path}.routes", each.routes, routes)


def _pattern_problems(path: str, patterns: Iterable[str], routes: set[str]) -> Iterable[Problem]:
    for pattern in patterns:
        if not any(fnmatchcase(route, pattern) for route in routes):
            yield Problem(path, f'no route matches "{pattern}"{nearest(pattern, sorted(routes))}')


def notifier_problems(
    notifiers: Sequence[Notifier], tables: Sequence[Mapping[str, object]], components: set[str], allow: Sequence[str]
) -> Iterable[Problem]:
    """What is wrong with the destinations: ids, events, components, and addresses that nothing may be sent to.

    `tables` are all of them as they stand in the file, `allow` the networks that the file opens.
    """
    yield from _duplicates("notify", [str(each.get("id", "")) for each in tables if each.get("id")])
    policy = operator(parse_network(each) for each in allow)
    for notifier in notifiers:
        path = f"notify[{notifier.id}]"
        for pattern in notifier.head.events:
            if not any(fnmatchcase(event, pattern) for event in EVENTS):
                yield Problem(f"{path}.events", f'there is no event "{pattern}"{nearest(pattern, EVENTS)}')
        for component in notifier.head.components:
            if component not in components:
                yield _unknown(f"{path}.components", "component", component, components)
        for option, url in notifier.urls.items():
            problem = check_url(url, policy)
            if problem is not None:
                yield Problem(f"{path}.{option}", problem)


ACTED_ON = ("route.moved", "capacity.low", "capacity.enough")


def actuator_problems(
    actuators: Sequence[Actuator],
    tables: Sequence[Mapping[str, object]],
    ids: Mapping[str, set[str]],
    allow: Sequence[str],
) -> Iterable[Problem]:
    """What is wrong with the actuators. Their ids are those of destinations: messages that wait belong to them."""
    yield from _duplicates("actuator", [str(each.get("id", "")) for each in tables if each.get("id")])
    policy = operator(parse_network(each) for each in allow)
    for each in actuators:
        path = f"actuator[{each.id}]"
        if each.id in ids.get("notify", set()):
            yield Problem(f"{path}.id", "is that of a [[notify]] table too: messages belong to one of them")
        for pattern in each.head.events:
            if not any(fnmatchcase(event, pattern) for event in ACTED_ON):
                yield Problem(f"{path}.events", f'there is nothing to act on in "{pattern}" ({", ".join(ACTED_ON)})')
        yield from _pattern_problems(f"{path}.routes", each.head.routes, ids.get("route", set()))
        for option, url in each.urls.items():
            problem = check_url(url, policy)
            if problem is not None:
                yield Problem(f"{path}.{option}", problem)


def _duplicates(table: str, ids: Sequence[str]) -> Iterable[Problem]:
    for name in dict.fromkeys(ids):
        if ids.count(name) > 1:
            yield Problem(f"{table}[{name}].id", f"is given {ids.count(name)} times; ids are identity")


def _unknown(path: str, what: str, name: str, known: Iterable[str]) -> Problem:
    names = sorted(known)
    hint = nearest(name, names) or (f" ({', '.join(names)})" if names else f" (there is no [[{what}]] at all)")
    return Problem(path, f'there is no {what} "{name}"{hint}')


def warnings(file: File, checks: Sequence[Check]) -> Iterable[Problem]:
    if not checks:
        yield Problem("check", "nothing is watched")
    if len(file.anchor) < 2:
        yield Problem("anchor", "with fewer than two anchors our own outage can look like yours")
    checked = {check.head.component for check in checks}
    routed = {route.component for route in file.route}
    for component in file.component:
        if component.id not in checked | routed and not component.needs:
            yield Problem(f"component[{component.id}]", "has no check: its state is set by hand only")
    for provider in file.provider:
        if not provider.built_in and provider.component not in checked:
            yield Problem(f"provider[{provider.id}]", "has no check behind it: nothing is ever moved onto it")
    for route in file.route:
        if len(route.prefer) < 2:
            yield Problem(f"route[{route.id}].prefer", "names one provider only: when it fails there is limited mode")
        if route.mode != "observe" and route.users is None:
            yield Problem(f"route[{route.id}].users", f"is not given: {_guessed(file, route)}")


def _guessed(file: File, route: Route) -> str:
    """What nobody knows of a route without users: where no signal says how many they are either."""
    full = [each.id for each in file.provider if each.capacity is not None and each.id in route.prefer]
    fits = f", and so is whether it fits on {full[0]}: it counts as nobody there" if full else ""
    return f"how long a move must take is a guess{fits}"
