"""Times as forms carry them: `2026-11-23 10:15`, in the site's zone."""

import re
from datetime import datetime, time
from zoneinfo import ZoneInfo

from statuspage.core.moments import first_in_zone
from statuspage.core.refusals import Refused

_FORM = re.compile(r"(?:(\d{4}-\d{2}-\d{2})[ T]+)?(\d{1,2}):(\d{2})", re.ASCII)


def written(at: datetime, zone: ZoneInfo) -> str:
    """A moment as a field shows it, to the minute."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def moment(field: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment that a field names, UTC; a time without a day is of today. Raises Refused.

    A time that the clocks show twice is the first of the two.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise Refused(field, "must look like 2026-11-23 10:15, or 10:15 for today")
    day, hour, minute = found.groups()
    try:
        date = datetime.fromisoformat(day).date() if day else now.astimezone(zone).date()
        local = datetime.combine(date, time(int(hour), int(minute)))
        at = first_in_zone(local, zone)
    except (ValueError, OverflowError):
        raise Refused(field, "is not a time that there is") from None
    if at is None:
        raise Refused(field, f"is left out in {zone.key}: the clocks go forward then")
    return at
