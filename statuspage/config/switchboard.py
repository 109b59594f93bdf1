"""What the file says of routes, as the rules take it."""

from datetime import UTC, timedelta

from statuspage.config import tables
from statuspage.core.route import Assertion, Mode, Pace, PlannedEvent, Provider, Route, Rule, Switchboard
from statuspage.fields import parse_duration


def switchboard_of(file: tables.File) -> Switchboard:
    """The public part of providers, routes, planned events and assertions."""
    return Switchboard(
        providers=tuple(Provider(**{**each.model_dump(), "component": each.component or ""}) for each in file.provider),
        routes=tuple(_route(each) for each in file.route),
        events=tuple(
            PlannedEvent(each.id, each.starts.astimezone(UTC), each.ends.astimezone(UTC), each.users, each.routes)
            for each in file.event
        ),
        assertions=tuple(Assertion(**each.model_dump()) for each in file.assertion),
        pace=Pace(**file.failover.model_dump()),
        beacon_share=file.web.beacon_share,
    )


def _route(table: tables.Route) -> Route:
    return Route(
        id=table.id,
        component=table.component,
        prefer=table.prefer,
        mode=Mode(table.mode),
        failback=table.failback,
        users=table.users,
        rules=tuple(Rule(**rule.model_dump()) for rule in table.when),
        slow_for=_slow_for(table.move_on),
        still_works=table.still_works,
    )


def _slow_for(move_on: tuple[str, ...]) -> timedelta | None:
    slow = [parse_duration(each.removeprefix("slow for ")) for each in move_on if each != "down"]
    return min(slow, default=None)
