"""What is known of users and of new connections: signals of applications, and what to think where there are none."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from statuspage.core.felt import MANY, SLOT, Counts, Felt, Stretch
from statuspage.core.route import Pace, PlannedEvent, Provider, Route, Switchboard

FRESH = timedelta(seconds=60)
"""What is older says nothing of the present."""
BASELINE = timedelta(minutes=15)
FEWEST = 5
"""Values that make a baseline."""
COUNTED = timedelta(seconds=5)
"""Workers bring a slot this soon after its end. Before that it may be a part of what there was."""
SPAN = timedelta(minutes=2)
"""The time that a baseline covers at least."""
FLOOR = 0.1
"""Of what a provider takes a second: less than that is no usual rate to be compared with."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What somebody who knows says of a route or of a provider (`subject` is its id) at a moment, UTC.

    `users` are connected, `connects_per_s` are new connections a second; None: not said.
    """

    subject: str
    at: datetime
    users: int | None = None
    connects_per_s: float | None = None
    beacons: int | None = None
    """How many beacons the rate is reckoned up from; None: somebody said it."""


Signals = Mapping[str, Sequence[Signal]]
"""By subject, the oldest first, of the last `BASELINE`."""


def users_of(route: Route, signals: Signals, now: datetime) -> int | None:
    """How many connections a route has: what was said just now, else its peak. None where nobody has said."""
    latest = _latest(route.id, signals, now)
    return latest.users if latest is not None and latest.users is not None else route.users


def peak_of(route: Route, signals: Signals, now: datetime, *, is_trusted: bool) -> int | None:
    """How many connections to reckon with when a route moves: the most that was said in the last 15 minutes.

    An outage empties a route before anybody believes in it, so what is said just then may not lower the peak: only
    where `is_trusted`, and something was said just now, it counts instead of the configured number.
    """
    recent = (each for each in signals.get(route.id, ()) if timedelta(0) <= now - each.at <= BASELINE)
    said = [each.users for each in recent if each.users is not None]
    latest = _latest(route.id, signals, now)
    if said and is_trusted and latest is not None and latest.users is not None:
        return max(said)
    return max([*said, *([route.users] if route.users is not None else [])], default=None)


def users_on(provider: Provider, routes: Sequence[Route], signals: Signals, now: datetime) -> int:
    """How many a provider carries, with these routes on it. What it says itself counts where that is more."""
    summed = sum(users_of(route, signals, now) or 0 for route in routes)
    return max(summed, said_on(provider, signals, now))


def said_on(provider: Provider, signals: Signals, now: datetime) -> int:
    """How many a provider says that it carries; 0 where it says nothing."""
    latest = _latest(provider.id, signals, now)
    return latest.users or 0 if latest is not None else 0


def arrivals(subject: str, signals: Signals, now: datetime, *, beacons: float = 0) -> float:
    """New connections a second that come to a provider, or to a route, anyway.

    What was reckoned from fewer `beacons` does not count; with infinity only what was said with a token.
    """
    latest = _latest(subject, signals, now)
    if latest is None or (latest.beacons is not None and latest.beacons < beacons):
        return 0.0
    return latest.connects_per_s or 0.0


def herd(subject: str, signals: Signals, now: datetime, pace: Pace, takes: float | None = None) -> str | None:
    """What makes the rate of new connections a herd, in a few words; None where it is none.

    It is compared with the usual one, the median of the last 15 minutes without the newest value, or where that is
    less with a part of what the provider takes (`takes`): before doors open next to nobody comes, and every crowd
    would be a herd, or with 0 none. Values of a few seconds make no baseline: without one the provider's share counts.
    """
    latest = _latest(subject, signals, now)
    if latest is None or latest.connects_per_s is None:
        return None
    if latest.beacons is not None and latest.beacons < MANY:
        return None  # chance: of few beacons three times as many come now and then
    rate = latest.connects_per_s
    said = f"{rate:g} new connections a second on {subject}"
    usual = _usual([each for each in signals[subject] if each.connects_per_s is not None][:-1])
    if usual is None:
        share = takes * pace.headroom if takes is not None else math.inf
        return f"{said}, more than {share:g}" if rate > share else None
    base = max(usual, FLOOR * (takes or 0.0))
    return f"{said}, usually {usual:g}" if rate > pace.herd * base and base > 0 else None


def _usual(known: Sequence[Signal]) -> float | None:
    if len(known) < FEWEST or known[-1].at - known[0].at < SPAN:
        return None
    return median(each.connects_per_s or 0.0 for each in known)


def planned_for(route: Route, events: Iterable[PlannedEvent], now: datetime, lead: timedelta) -> int | None:
    """The most that a planned event which is near brings to a route; None for no event."""
    return max((each.users for each in events if each.touches(route.id) and is_near(each, now, lead)), default=None)


def with_felt(signals: Signals, felt: Felt, share: float, now: datetime) -> Signals:
    """The signals, with what beacons tell of new connections to providers of which nobody says it now.

    `share` is the part of beacons that is sent. Connections that stand are counted, not tries: the clients of a
    provider that is down try again and again, and would look like the herd that brought it down.
    """
    found = dict(signals)
    for provider, slots in felt.items():
        said = _latest(provider, signals, now)
        if said is not None and said.connects_per_s is not None:
            continue
        rates = _rates(provider, slots, share, now)
        if not rates or now - rates[-1].at > FRESH:
            continue
        users = said.users if said is not None else None
        found[provider] = (*rates[:-1], replace(rates[-1], users=users))
    return found


def _rates(provider: str, slots: Sequence[Stretch], share: float, now: datetime) -> tuple[Signal, ...]:
    """New connections a second, slot by slot. A slot without a beacon between others is one without a connection."""
    done = {slot.at: slot.counts for slot in slots if slot.at + SLOT + COUNTED <= now}
    if not done or share <= 0:
        return ()
    first, last, found = min(done), max(done), list[Signal]()
    for number in range((last - first) // SLOT + 1):
        ok = done.get(first + number * SLOT, Counts()).ok
        rate = ok / share / SLOT.total_seconds()
        found.append(Signal(provider, first + (number + 1) * SLOT, connects_per_s=rate, beacons=ok))
    return tuple(found)


def value_of(attribute: str, route: Route, board: Switchboard, signals: Signals, now: datetime) -> float | None:
    """What an attribute of a rule is at this moment: of `event_users`, the most that is planned or was said.

    None where nobody knows: whoever said it fell silent. Where nobody ever says anything it is what is planned.
    Other attributes are the clients' own, and are looked at when they ask.
    """
    if attribute not in ("event_users", "users"):
        return None
    said = _latest(route.id, signals, now)
    planned = planned_for(route, board.events, now, board.pace.event_lead)
    known = [each for each in (planned, said.users if said is not None else None) if each is not None]
    if known:
        return float(max(known))
    return None if signals.get(route.id) else 0.0


def is_near(event: PlannedEvent, now: datetime, lead: timedelta) -> bool:
    """Whether a planned event is on, or begins or ended within `lead`."""
    return event.starts - lead <= now < event.ends + lead


def _latest(subject: str, signals: Signals, now: datetime) -> Signal | None:
    """The newest of what was said just now, number by number: one may count users, and another new connections."""
    fresh = [each for each in reversed(signals.get(subject, ())) if timedelta(0) <= now - each.at <= FRESH]
    if not fresh:
        return None
    users = next((each.users for each in fresh if each.users is not None), None)
    rated = next((each for each in fresh if each.connects_per_s is not None), fresh[0])
    return Signal(subject, fresh[0].at, users, rated.connects_per_s, rated.beacons)
