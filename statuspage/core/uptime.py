"""Intervals of status into figures: seconds a day, percentages, coverage.

Major outage counts in full, partial at 30 %, degraded and maintenance not at all (Statuspage's published
weights). Unknown time is left out of the denominator and shown as coverage. Percentages are floored to the
shown digits, never rounded up: 99.9996 % is not 100 %.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction

from statuspage.core.status import Status, worst

WEIGHT: Mapping[Status, Fraction] = {Status.MAJOR: Fraction(1), Status.PARTIAL: Fraction(3, 10)}


@dataclass(frozen=True, slots=True)
class Span:
    """A component was in `status` during [started, ended) UTC; `ended` None means still."""

    component: str
    status: Status
    started: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Whole seconds spent in each status over some stretch of time. Statuses not named were not seen."""

    seconds: Mapping[Status, int] = field(default_factory=dict)

    def __add__(self, other: "Figures") -> "Figures":
        names = {**self.seconds, **other.seconds}
        return Figures({status: self.seconds.get(status, 0) + other.seconds.get(status, 0) for status in names})

    @property
    def total(self) -> int:
        """All seconds, seen or not."""
        return sum(self.seconds.values())

    @property
    def seen(self) -> int:
        """Seconds for which the state was known."""
        return self.total - self.seconds.get(Status.UNKNOWN, 0)

    @property
    def uptime(self) -> Fraction | None:
        """1 is all the time; None when nothing was seen."""
        if not self.seen:
            return None
        lost = sum((weight * self.seconds.get(status, 0) for status, weight in WEIGHT.items()), Fraction(0))
        return 1 - lost / self.seen

    @property
    def coverage(self) -> Fraction | None:
        """The share of the time that was seen; None for no time at all."""
        return Fraction(self.seen, self.total) if self.total else None

    @property
    def worst(self) -> Status:
        """The worst state met."""
        return worst(status for status, seconds in self.seconds.items() if seconds)


def percent(share: Fraction | None, digits: int = 3) -> str | None:
    """A share as text such as "99.952": floored, without trailing zeros; None stays None."""
    if share is None:
        return None
    scaled = int(share * 100 * 10**digits)
    whole, part = divmod(scaled, 10**digits)
    return f"{whole}.{part:0{digits}d}".rstrip("0").rstrip(".")


def figures(spans: Iterable[Span], started: datetime, ended: datetime) -> Figures:
    """The seconds of each status in [started, ended) from spans that do not overlap.

    Time that no span covers is UNKNOWN. Whole seconds: the cut is made on the running total, so that a
    day of many short spans still adds up to its length.
    """
    exact: dict[Status, timedelta] = {}
    for span in spans:
        begin, end = max(span.started, started), min(span.ended or ended, ended)
        if end > begin:
            exact[span.status] = exact.get(span.status, timedelta(0)) + (end - begin)
    length = max(ended - started, timedelta(0))
    known = sum(exact.values(), timedelta(0))
    unknown = exact.pop(Status.UNKNOWN, timedelta(0)) + max(length - known, timedelta(0))
    whole = {status: int(spent.total_seconds()) for status, spent in exact.items()}
    rest = int(length.total_seconds()) - sum(whole.values())
    if unknown >= timedelta(seconds=1) or not whole:
        whole[Status.UNKNOWN] = rest
    elif rest:
        largest = max(whole, key=lambda status: whole[status])
        whole[largest] += rest
    return Figures({status: seconds for status, seconds in whole.items() if seconds})


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Midnight to midnight of a local day, in UTC; 23 or 25 hours apart where the clocks change."""
    utc = UTC
    begin = datetime.combine(day, time(), tzinfo=zone).astimezone(utc)
    return begin, datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(utc)


def days_of(started: datetime, ended: datetime, zone: tzinfo) -> tuple[date, ...]:
    """Every local day that [started, ended) touches."""
    first, last = started.astimezone(zone).date(), (ended - timedelta(microseconds=1)).astimezone(zone).date()
    return tuple(first + timedelta(days=n) for n in range(max((last - first).days + 1, 0)))


def over(days: Sequence[Figures]) -> Figures:
    """The sum of several days."""
    total = Figures()
    for each in days:
        total += each
    return total
