"""The form of planned work as a value, and the Plan that it means."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.maintenance import Maintenance
from statuspage.core.planning import Plan
from statuspage.core.typed import MAX_TITLE
from statuspage.web.staff.forms import Text
from statuspage.web.staff.moments import moment, written
from statuspage.web.staff.pasted import ANY_LONG, pasted_with


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form; `version` is 0 for a new plan."""

    key: str
    version: int = 0
    title: str = ""
    starts: str = ""
    ends: str = ""
    body: str = ""
    components: tuple[str, ...] = ()
    automatic: bool = True
    tell: bool = True


def empty_form(now: datetime, zone: ZoneInfo) -> Typed:
    """Tomorrow at this hour, for an hour."""
    begin = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Typed(secrets.token_hex(12), starts=written(begin, zone), ends=written(begin + timedelta(hours=1), zone))


def form_of(maintenance: Maintenance, zone: ZoneInfo) -> Typed:
    """The plan as it is, to be changed."""
    return Typed(
        key=secrets.token_hex(12),
        version=maintenance.version,
        title=maintenance.title,
        starts=written(maintenance.starts, zone),
        ends=written(maintenance.ends, zone),
        components=maintenance.components,
        automatic=maintenance.automatic,
    )


def sent_form() -> Typed:
    """What was sent. Raises BadForm."""
    given, ticked = pasted_with(
        "component",
        Text(2, optional=True),
        key=Text(64),
        version=Text(9),
        title=Text(4 * MAX_TITLE),
        starts=Text(40),
        ends=Text(40),
        body=ANY_LONG,
        automatic=Text(2, optional=True),
        tell=Text(2, optional=True),
    )
    return Typed(
        key=given["key"],
        version=int(given["version"]) if given["version"].isascii() and given["version"].isdecimal() else 0,
        title=given["title"],
        starts=given["starts"],
        ends=given["ends"],
        body=given["body"],
        components=tuple(name for name, value in ticked.items() if value),
        automatic=bool(given["automatic"]),
        tell=bool(given["tell"]),
    )


def plan_of(typed: Typed, zone: ZoneInfo, now: datetime, present: Maintenance | None) -> Plan:
    """What the form means. A time that was left as it is keeps its seconds. Raises Refused naming the field."""
    starts, ends = (present.starts, present.ends) if present is not None else (None, None)
    return Plan(
        title=typed.title,
        starts=_moment("starts", typed.starts, starts, zone, now),
        ends=_moment("ends", typed.ends, ends, zone, now),
        components=typed.components,
        body=typed.body,
        automatic=typed.automatic,
        tell=typed.tell,
        key=typed.key,
    )


def _moment(field: str, text: str, present: datetime | None, zone: ZoneInfo, now: datetime) -> datetime:
    if present is not None and text == written(present, zone):
        return present
    return moment(field, text, zone, now)
