"""What is known of users and of new connections: signals of applications, and what to think where there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from statuspage.core.felt import MANY, SLOT, Counts, Felt, Stretch
from statuspage.core.route import PlannedEvent, Provider, Route, Switchboard

FRESH = timedelta(seconds=60)
"""What is older says nothing of the present."""
BASELINE = timedelta(minutes=15)
FEWEST = 5
"""Values that make a baseline."""
COUNTED = timedelta(seconds=5)
"""Workers bring a slot this soon after its end. Before that it may be a part of what there was."""


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


def users_on(provider: Provider, routes: Sequence[Route], signals: Signals, now: datetime) -> int:
    """How many a provider carries, with these routes on it. What it says itself counts where that is more."""
    summed = sum(users_of(route, signals, now) or 0 for route in routes)
    latest = _latest(provider.id, signals, now)
    return max(summed, latest.users or 0) if latest is not None else summed


def arrivals(provider: str, signals: Signals, now: datetime) -> float:
    """New connections a second that a provider takes anyway."""
    latest = _latest(provider, signals, now)
    return latest.connects_per_s or 0.0 if latest is not None else 0.0


def herd(subject: str, signals: Signals, now: datetime, times: float) -> tuple[float, float] | None:
    """(rate now, usual rate) where new connections come at more than `times` their usual rate, else None.

    The usual rate is the median of the last 15 minutes without the newest value; of fewer than five nothing is said.
    """
    latest = _latest(subject, signals, now)
    if latest is None or latest.connects_per_s is None:
        return None
    if latest.beacons is not None and latest.beacons < MANY:
        return None  # chance: of few beacons three times as many come now and then
    known = [each.connects_per_s for each in signals[subject] if each.connects_per_s is not None and each is not latest]
    if len(known) < FEWEST:
        return None
    usual = median(known)
    return (latest.connects_per_s, usual) if latest.connects_per_s > times * usual and usual > 0 else None


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
    planned = [
        each.users for each in board.events if each.touches(route.id) and is_near(each, now, board.pace.event_lead)
    ]
    known = [*planned, *([said.users] if said is not None and said.users is not None else [])]
    if known:
        return float(max(known))
    return None if signals.get(route.id) else 0.0


def is_near(event: PlannedEvent, now: datetime, lead: timedelta) -> bool:
    """Whether a planned event is on, or begins or ended within `lead`."""
    return event.starts - lead <= now < event.ends + lead


def _latest(subject: str, signals: Signals, now: datetime) -> Signal | None:
    found = signals.get(subject)
    return found[-1] if found and timedelta(0) <= now - found[-1].at <= FRESH else None
