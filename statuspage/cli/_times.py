"""Times as people type them: without an offset they are in the site's zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.moments import first_in_zone, zone_name
from statuspage.core.refusals import Refused
from statuspage.core.writing import time_text
from statuspage.fields import parse_duration

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_FORMS = 'write it as "2026-12-01 22:00", "22:00" or with an offset as "2026-12-01T22:00Z"'


_OR_LENGTH = f'{_FORMS}, or a length of time as "30m" or "1h30m"'


def past_time(option: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A moment that has been: "22:00" is the newest one. Raises Refused."""
    return _time(option, text, zone, now, timedelta(days=-1))


def coming_time(option: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A moment to come: "22:00" is the next one. Raises Refused."""
    return _time(option, text, zone, now, timedelta(days=1))


def time_or_length(option: str, text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A moment to come, or how long until then. Raises Refused."""
    if text[-1:] in ("s", "m", "h", "d"):
        return now + length(option, text)
    try:
        return coming_time(option, text, zone, now)
    except Refused as refusal:
        raise Refused(option, _OR_LENGTH) if refusal.problem == _FORMS else refusal from None


def length(option: str, text: str) -> timedelta:
    """A length of time such as "2h" or "1h30m". Raises Refused."""
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise Refused(option, str(error)) from None
    if found <= timedelta(0):
        raise Refused(option, "must be longer than zero")
    return found


def for_document(at: datetime) -> str:
    """A moment as documents carry it."""
    return time_text(at)


def for_people(text: str, zone: ZoneInfo, now: datetime) -> str:
    """A moment of a document in the site's zone: `14:05 EST` today, else `2026-11-23 14:05 EST`."""
    at = datetime.fromisoformat(text).astimezone(zone)
    form = "%H:%M:%S" if at.date() == now.astimezone(zone).date() else "%Y-%m-%d %H:%M"
    return f"{at.strftime(form)} {zone_name(at, zone)}"


def _time(option: str, text: str, zone: ZoneInfo, now: datetime, day: timedelta) -> datetime:
    clock = _CLOCK.fullmatch(text)
    today = now.astimezone(zone).replace(tzinfo=None)
    try:
        if clock is None:
            found = datetime.fromisoformat(text)
        else:
            found = today.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        at = found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        raise Refused(option, _FORMS) from None
    if at is None:
        at = _in_zone(option, found, zone)
    wrong_day = clock is not None and (at > now if day < timedelta(0) else at <= now)
    return _in_zone(option, found + day, zone) if wrong_day else at


def _in_zone(option: str, local: datetime, zone: ZoneInfo) -> datetime:
    try:
        at = first_in_zone(local, zone)
    except OverflowError:
        raise Refused(option, _FORMS) from None
    if at is None:
        raise Refused(option, f"there is no such time in {zone.key}: the clocks go forward then")
    return at
