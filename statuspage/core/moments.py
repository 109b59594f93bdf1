"""Moments as people read them, in a zone that is always named."""

from datetime import UTC, datetime, timedelta, tzinfo


def zone_name(at: datetime, zone: tzinfo) -> str:
    """`UTC`, `EDT`; where the zone has no letters, its offset as `UTC-3` or `UTC+5:45`."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    if name[:1].isalpha():
        return name
    minutes = round((local.utcoffset() or timedelta(0)).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"


def first_in_zone(local: datetime, zone: tzinfo) -> datetime | None:
    """The moment, UTC, when the clocks of the zone show this; the first one where they show it twice.

    None where they leave it out. Raises OverflowError at the ends of the calendar.
    """
    shown = local.replace(fold=0, tzinfo=None)
    at = shown.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(fold=0, tzinfo=None) == shown else None


def minute_text(at: datetime, zone: tzinfo) -> str:
    """`10:15 EDT`."""
    return f"{at.astimezone(zone):%H:%M} {zone_name(at, zone)}"
