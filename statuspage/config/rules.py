"""What one table says of another, and one key of another: references that lead nowhere, ids given twice, circles."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase

from statuspage.config.entries import Entries, Entry, rules_of
from statuspage.config.problems import Problem, nearest
from statuspage.config.tables import File, Route
from statuspage.config.values import Actuator, Check, Kind, Notifier
from statuspage.core.addresses import check_url, operator, parse_network
from statuspage.core.gauges import check_path, selector
from statuspage.core.route import LIMITED
from statuspage.core.telling import EVENTS
from statuspage.core.topology import find_cycle
from statuspage.fields import host_and_port

SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=1)
"""Clients give up a try in less than a second for nothing, and nobody looks at "Connecting" for a minute."""


def check_problems(check: Entry, kind: Kind) -> Iterable[Problem]:
    for count in ("fall", "rise"):
        if check.knows(count, "window") and check[count] > check["window"]:
            yield Problem(f"{check.path}.{count}", f"cannot be more than window ({check['window']})")
    if check.knows("confirm_every", "every") and check["confirm_every"] > check["every"]:
        yield Problem(f"{check.path}.confirm_every", "cannot be longer than every")
    if check.knows("slow_over", "timeout") and check["slow_over"] > check["timeout"]:
        yield Problem(f"{check.path}.slow_over", "cannot be longer than timeout")
    for stage, limit in check["limits"].items() if check.knows("limits") else ():
        if check.knows("timeout") and limit > check["timeout"]:
            yield Problem(f"{check.path}.limits.{stage}", "cannot be longer than timeout")
        if stage not in kind.STAGES:
            stages = ", ".join(kind.STAGES)
            yield Problem(f"{check.path}.limits.{stage}", f"{check['type']} has no such stage; it has {stages}")


def cross_references(entries: Entries, allow: Sequence[str] | None) -> Iterable[Problem]:
    """What the tables say of each other. `allow` are the networks that the file opens; None where that is not known."""
    for name in ("group", "component", "provider", "route", "template", "event", "signal", "assertion"):
        yield from _duplicates(name, entries)
    yield from _anchor_problems(entries)
    yield from _duplicates("check", entries)
    for component in entries["component"]:
        yield from _unknown(component, "group", "group", entries)
        yield from _unknown(component, "needs", "component", entries)
    needs = {each["id"]: each["needs"] for each in entries["component"] if each.knows("id", "needs")}
    cycle = find_cycle(needs)
    if cycle:
        yield Problem(f"component[{cycle[0]}].needs", f"goes round in a circle: {' → '.join(cycle)}")
    for check in entries["check"]:
        yield from _unknown(check, "component", "component", entries)
    for provider in entries["provider"]:
        if provider.knows("built_in", "component") and provider["built_in"] == (provider["component"] is not None):
            yield Problem(provider.path, "needs either component or built_in = true")
        yield from _unknown(provider, "component", "component", entries)
    if LIMITED in entries.ids("provider"):
        yield Problem(f"provider[{LIMITED}].id", "is what a route is in without a provider: choose another")
    for route in entries["route"]:
        yield from _route_problems(route, entries)
        yield from _needs_its_provider(route, entries)
    for name in sorted(entries.ids("provider") & entries.ids("route")):
        yield Problem(f"route[{name}].id", "is that of a provider too: signals could mean either")
    yield from _signal_problems(entries, allow)
    for event in entries["event"]:
        if event.knows("starts", "ends") and event["ends"] <= event["starts"]:
            yield Problem(f"{event.path}.ends", "must be after starts")
        yield from _pattern_problems(event, entries)
    for assertion in entries["assertion"]:
        yield from _unknown(assertion, "provider", "provider", entries)
        if assertion.knows("at_most", "at_least") and assertion["at_most"] is None and assertion["at_least"] is None:
            yield Problem(assertion.path, "needs at_most or at_least")
        yield from _pattern_problems(assertion, entries)
    if entries.failover.knows("steps"):
        steps = entries.failover["steps"]
        if list(steps) != sorted(set(steps)) or steps[-1] != 100:
            yield Problem("failover.steps", "must rise and end at 100")
    if entries.failover.knows("max_wait") and not SHORTEST_WAIT <= entries.failover["max_wait"] <= LONGEST_WAIT:
        yield Problem("failover.max_wait", "must be between 1s and 1m")


def _anchor_problems(entries: Entries) -> Iterable[Problem]:
    """Two paths of one server, or one name in other letters, go down together."""
    seen: set[tuple[str, int]] = set()
    for index, anchor in enumerate(entries["anchor"]):
        if anchor.knows("url"):
            host, port = host_and_port(anchor["url"])
            place = host.rstrip("."), port
            if place in seen:
                text = "has the host and port of another anchor: two of one are no second proof"
                yield Problem(f"anchor[{index}].url", text)
            seen.add(place)


def _route_problems(route: Entry, entries: Entries) -> Iterable[Problem]:
    anchors = entries.anchors
    if route.knows("mode") and route["mode"] == "auto" and anchors is not None and anchors < 2:
        text = '"auto" needs at least two [[anchor]] tables: one view alone cannot tell whose fault it is'
        yield Problem(f"{route.path}.mode", text)
    yield from _unknown(route, "component", "component", entries)
    prefer = route["prefer"] if route.knows("prefer") else ()
    for name in dict.fromkeys(prefer):
        if prefer.count(name) > 1:
            yield Problem(f"{route.path}.prefer", f'names "{name}" {prefer.count(name)} times')
        yield from _unknown_name(f"{route.path}.prefer", "provider", name, entries)
    for rule in rules_of(route):
        if rule.knows("under", "over") and rule["under"] >= rule["over"]:
            yield Problem(f"{rule.path}.under", f"must be less than over ({rule['over']:g})")
        yield from _unknown(rule, "prefer", "provider", entries)


def _needs_its_provider(route: Entry, entries: Entries) -> Iterable[Problem]:
    """A module lives on whichever provider its route is on: it does not need a certain one."""
    if not route.knows("component"):
        return
    named = {name for each in (route, *rules_of(route)) if each.knows("prefer") for name in each["prefer"]}
    provided = {
        each["component"] for each in entries["provider"] if each.knows("id", "component") and each["id"] in named
    }
    components = (each for each in entries["component"] if each.knows("id") and each["id"] == route["component"])
    component = next(components, None)
    for need in component["needs"] if component is not None and component.knows("needs") else ():
        if need in provided:
            name = route.path.removeprefix("route[").removesuffix("]")
            problem = f'"{need}" is what route {name} chooses: a provider of its route is not among its needs'
            yield Problem(f"component[{route['component']}].needs", problem)
    if route["component"] in provided:
        yield Problem(f"{route.path}.component", "is that of its own provider")


def _signal_problems(entries: Entries, allow: Sequence[str] | None) -> Iterable[Problem]:
    for each in entries["signal"]:
        if each.knows("provider", "route") and (each["provider"] is None) == (each["route"] is None):
            yield Problem(each.path, "needs either provider or route")
        yield from _unknown(each, "provider", "provider", entries)
        yield from _unknown(each, "route", "route", entries)
        if each.knows("users", "connects_per_s") and each["users"] is None and each["connects_per_s"] is None:
            yield Problem(each.path, "needs users or connects_per_s")
        for option in ("users", "connects_per_s"):
            if each.knows("type", option) and each[option] is not None:
                try:
                    (check_path if each["type"] == "json" else selector)(each[option])
                except ValueError as error:
                    yield Problem(f"{each.path}.{option}", str(error))
        if each.knows("url"):
            yield from _unreachable(each.path, {"url": each["url"]}, allow)


def _unreachable(path: str, urls: Mapping[str, str], allow: Sequence[str] | None) -> Iterable[Problem]:
    if allow is None:  # what the file opens is not known: that is said already
        return
    policy = operator(parse_network(each) for each in allow)
    for option, url in urls.items():
        problem = check_url(url, policy)
        if problem is not None:
            yield Problem(f"{path}.{option}", problem)


def _pattern_problems(table: Entry, entries: Entries) -> Iterable[Problem]:
    routes = entries.ids("route")
    for pattern in table["routes"] if table.knows("routes") else ():
        if not any(fnmatchcase(route, pattern) for route in routes):
            yield Problem(f"{table.path}.routes", f'no route matches "{pattern}"{nearest(pattern, sorted(routes))}')


def notifier_problems(
    entries: Entries, notifiers: Sequence[Notifier], allow: Sequence[str] | None
) -> Iterable[Problem]:
    """What is wrong with the destinations: ids, events, components, and addresses that nothing may be sent to."""
    yield from _duplicates("notify", entries)
    for each in entries["notify"]:
        for pattern in each["events"] if each.knows("events") else ():
            if not any(fnmatchcase(event, pattern) for event in EVENTS):
                yield Problem(f"{each.path}.events", f'there is no event "{pattern}"{nearest(pattern, EVENTS)}')
        yield from _unknown(each, "components", "component", entries)
    for notifier in notifiers:
        yield from _unreachable(f"notify[{notifier.id}]", notifier.urls, allow)


ACTED_ON = ("route.moved", "capacity.low", "capacity.enough")


def actuator_problems(
    entries: Entries, actuators: Sequence[Actuator], allow: Sequence[str] | None
) -> Iterable[Problem]:
    """What is wrong with the actuators. Their ids are those of destinations: messages that wait belong to them."""
    yield from _duplicates("actuator", entries)
    for each in entries["actuator"]:
        if each.knows("id") and each["id"] in entries.ids("notify"):
            yield Problem(f"{each.path}.id", "is that of a [[notify]] table too: messages belong to one of them")
        for pattern in each["events"] if each.knows("events") else ():
            if not any(fnmatchcase(event, pattern) for event in ACTED_ON):
                text = f'there is nothing to act on in "{pattern}" ({", ".join(ACTED_ON)})'
                yield Problem(f"{each.path}.events", text)
        yield from _pattern_problems(each, entries)
    for actuator in actuators:
        yield from _unreachable(f"actuator[{actuator.id}]", actuator.urls, allow)


def _duplicates(name: str, entries: Entries) -> Iterable[Problem]:
    ids = [each["id"] for each in entries[name] if each.knows("id")]
    for given in dict.fromkeys(ids):
        if ids.count(given) > 1:
            yield Problem(f"{name}[{given}].id", f"is given {ids.count(given)} times; ids are identity")


def _unknown(table: Entry, key: str, what: str, entries: Entries) -> Iterable[Problem]:
    """What this key names and there is not."""
    named = table[key] if table.knows(key) else None
    for name in (named,) if isinstance(named, str) else named or ():
        yield from _unknown_name(f"{table.path}.{key}", what, name, entries)


def _unknown_name(path: str, what: str, name: str, entries: Entries) -> Iterable[Problem]:
    names = sorted(entries.ids(what))
    if name not in names:
        hint = nearest(name, names) or (f" ({', '.join(names)})" if names else f" (there is no [[{what}]] at all)")
        yield Problem(path, f'there is no {what} "{name}"{hint}')


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
