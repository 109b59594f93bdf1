"""`/history.ics`: planned work as a calendar to subscribe to (RFC 5545).

Every event keeps its UID; SEQUENCE counts the changes of its plan, and what is called off stays as CANCELLED, so
that calendars follow. An event has the times of its plan; work that was begun before them has the times at which it
began and, once it is over, ended. All times are in UTC; a calendar without work holds that zone, for it must hold
something (RFC 5545 §3.4). Lines end in CRLF and are folded at 75 octets, never within a character.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from statuspage.core.maintenance import Maintenance, MaintenanceState
from statuspage.core.site import Site
from statuspage.web.entries import began, ended, lines, path, text_of, told_at
from statuspage.web.files import File, Kind
from statuspage.web.syndication import host_of
from statuspage.web.words import STATE_WORDS

CALENDAR = "text/calendar; charset=utf-8"
REFRESH = "PT1H"
OCTETS = 75
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


_UTC = (
    "BEGIN:VTIMEZONE",
    "TZID:Etc/UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "TZNAME:UTC",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def calendar(site: Site, planned: Iterable[Maintenance]) -> File:
    """The calendar of these maintenances."""
    found = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{_text(site.name)}//status page//EN", "CALSCALE:GREGORIAN",
             "METHOD:PUBLISH", f"X-WR-CALNAME:{_text(site.name)} maintenance",
             f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"]  # fmt: skip
    events = [line for each in planned for line in _event(site, each)]
    found += events or _UTC
    body = "".join(f"{fold(line)}\r\n" for line in [*found, "END:VCALENDAR"])
    return File(body.encode(), CALENDAR, Kind.DATA)


def _event(site: Site, planned: Maintenance) -> list[str]:
    newest = lines(planned)[0].update
    changed = _moment(told_at(planned))
    starts, ends = _times(planned)
    cancelled = planned.state is MaintenanceState.CANCELLED
    return [
        "BEGIN:VEVENT",
        f"UID:{planned.id}@{host_of(site)}",
        f"SEQUENCE:{planned.sequence}",
        f"DTSTAMP:{changed}",
        f"LAST-MODIFIED:{changed}",
        f"DTSTART:{_moment(starts)}",
        f"DTEND:{_moment(ends)}",
        f"SUMMARY:{_text(f'[{STATE_WORDS[planned.state.value]}] {planned.title}')}",
        f"DESCRIPTION:{_text(text_of(newest.body))}",
        f"URL:{site.url}{path(planned)}",
        "CATEGORIES:MAINTENANCE",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _times(planned: Maintenance) -> tuple[datetime, datetime]:
    starts, over = began(planned), ended(planned)
    if starts == planned.starts:
        return planned.starts, planned.ends
    # An event must have a length (RFC 5545 §3.8.2.2), and times have whole seconds here.
    return starts, max(over or planned.ends, starts + timedelta(seconds=1))


def fold(line: str) -> str:
    """A content line in pieces of at most 75 octets; every further piece begins with a space (RFC 5545 §3.1)."""
    pieces, piece, room = [], "", OCTETS
    for letter in line:
        size = len(letter.encode())
        if size > room:
            pieces.append(piece)
            piece, room = "", OCTETS - 1
        piece, room = piece + letter, room - size
    return "\r\n ".join([*pieces, piece])


def _text(text: str) -> str:
    """A TEXT value: what has a meaning is escaped, control characters are left out (RFC 5545 §3.3.11)."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
