"""Moments and lengths of time as people read them: always with their zone, never dependent on the locale."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from statuspage.core.moments import minute_text
from statuspage.core.moments import zone_name as zone_name

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Stamp:
    """One moment: `iso` for machines (UTC, seconds), `text` for people in the site's zone."""

    iso: str
    text: str


def iso(at: datetime) -> str:
    """`2026-11-23T09:41:07Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_ms(at: datetime) -> str:
    """`2026-11-23T09:41:07.512Z`: exactly three decimals, as every recorded Statuspage timestamp."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def stamp(at: datetime, zone: tzinfo) -> Stamp:
    """`Nov 23, 2026 - 09:41:07 UTC`."""
    return Stamp(iso(at), f"{day_text(at.astimezone(zone).date())} - {clock_text(at, zone)} {zone_name(at, zone)}")


def minute(at: datetime, zone: tzinfo) -> Stamp:
    """`Nov 23, 2026 - 09:41 UTC`: how incidents give their times."""
    return Stamp(iso(at), f"{day_text(at.astimezone(zone).date())} - {minute_text(at, zone)}")


def minute_clock(at: datetime, zone: tzinfo) -> Stamp:
    """`09:41 UTC`, for places that name the day already."""
    return Stamp(iso(at), minute_text(at, zone))


def period(begin: datetime, end: datetime, zone: tzinfo) -> tuple[Stamp, Stamp]:
    """`Nov 25, 2026 - 02:00` and `03:00 UTC`; the second names its day, and the first its zone, where they differ."""
    one, other = begin.astimezone(zone), end.astimezone(zone)
    if one.date() != other.date():
        return minute(begin, zone), minute(end, zone)
    first = minute(begin, zone)
    if zone_name(begin, zone) == zone_name(end, zone):
        first = Stamp(first.iso, first.text.removesuffix(f" {zone_name(begin, zone)}"))
    return first, minute_clock(end, zone)


def clock(at: datetime, zone: tzinfo) -> Stamp:
    """Only the time of day, `09:41:07 UTC`, for places that name the day already."""
    return Stamp(iso(at), f"{clock_text(at, zone)} {zone_name(at, zone)}")


def clock_text(at: datetime, zone: tzinfo) -> str:
    """`09:41:07`."""
    return at.astimezone(zone).strftime("%H:%M:%S")


def day_text(day: date) -> str:
    """`Nov 23, 2026`."""
    return f"{short_day(day)}, {day.year}"


def short_day(day: date) -> str:
    """`Nov 23`."""
    return f"{MONTHS[day.month - 1]} {day.day}"


def length_text(length: timedelta) -> str:
    """The two largest units: `41 s`, `12 min 5 s`, `3 h 26 min`, `2 d 4 h`; never negative."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    for unit, name, smaller, smaller_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= unit:
            whole, rest = divmod(seconds, unit)
            part = rest // smaller
            return f"{whole} {name} {part} {smaller_name}" if part else f"{whole} {name}"
    raise AssertionError("every length from one minute on has a unit")
