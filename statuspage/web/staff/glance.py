"""What the head of every staff page says of the rest: what waits for a person, what was promised, what is held back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from statuspage.acting.routes import AGENT
from statuspage.core.moments import minute_text
from statuspage.core.route import RouteState
from statuspage.core.route_view import RouteView, is_held, look_at, views
from statuspage.core.route_writing import route_name
from statuspage.core.site import Site
from statuspage.core.state import State
from statuspage.web.staff.context import Staff
from statuspage.web.times import short_day

DRAFTS, INCIDENTS, MESSAGES, ROUTES = "/staff/drafts", "/staff/incidents", "/staff/messages", "/staff/routes"
MOST_HELD = 4


@dataclass(frozen=True, slots=True)
class Glance:
    """`counts` by the path of the page where it waits; `held_back` are sentences, the first ones of many."""

    counts: Mapping[str, int] = field(default_factory=dict)
    held_back: tuple[str, ...] = ()


def glance_at(held: Staff) -> Glance:
    """What waits now. Beliefs are read only where there are routes."""
    now = held.clock.now()
    state = held.store.state(now)
    drafts = sum(
        1 for each in state.incidents.values() if each.drafts and each.dismissed_at is None and each.over_at is None
    )
    overdue = sum(1 for each in state.incidents.values() if each.is_overdue(now))
    counts = {DRAFTS: drafts, INCIDENTS: overdue, MESSAGES: held.store.outbox.troubles()}
    site = state.site
    if site is None or not site.switchboard.routes:
        return Glance(counts)
    seen = _views(replace(state, beliefs=held.store.beliefs(AGENT)), site, now)
    told = [words for each in seen if (words := _held_back(each, site, now))]
    more = [f"{len(told) - MOST_HELD} more are held back"] if len(told) > MOST_HELD else []
    return Glance({**counts, ROUTES: sum(1 for each in seen if each.needs)}, (*told[:MOST_HELD], *more))


def _views(state: State, site: Site, now: datetime) -> tuple[RouteView, ...]:
    board, since = look_at(state, site, now)
    return views(board, since)


def _held_back(seen: RouteView, site: Site, now: datetime) -> str:
    words = _words(seen.state, ZoneInfo(site.time_zone), now)
    return f"{route_name(site, seen.route)} is {' and '.join(words)}" if words else ""


def _words(state: RouteState, zone: ZoneInfo, now: datetime) -> list[str]:
    found = ["locked"] if state.locked_at is not None else []
    for word, holding in (("paused", state.paused), ("pinned", state.pinned)):
        if holding is not None and is_held(holding, now):
            local = holding.until.astimezone(zone)
            day = "" if local.date() == now.astimezone(zone).date() else f"{short_day(local.date())}, "
            found.append(f"{word} until {day}{minute_text(holding.until, zone)}")
    return found
