"""What people type, made fit to keep: one line for a title, clean text for a body, a time that can be meant."""

from datetime import datetime, timedelta

from statuspage.core.refusals import Refused
from statuspage.core.site import Site
from statuspage.core.state import State

MAX_TITLE, MAX_BODY = 255, 10_000
FURTHEST_BACK = timedelta(days=3660)
_JOINERS = "\u200c\u200d"
"""They have no width, and some scripts and pictures are not themselves without them."""
_KEPT = f"\n\t{_JOINERS}"
AHEAD = timedelta(minutes=1)
"""How far a time may lie in the future: clocks differ."""


def site_of(state: State) -> Site:
    """The published site. Raises Refused before the first."""
    if state.site is None:
        raise Refused("site", "nothing is published yet: start the monitor first")
    return state.site


def one_line(text: str) -> str:
    """The text on one line, without control characters (a title becomes a mail's subject)."""
    return " ".join("".join(c if c.isprintable() or c.isspace() or c in _JOINERS else " " for c in text).split())


def title(text: str | None) -> str:
    """A title on one line. Raises Refused for an empty or overlong one."""
    found = one_line(text or "")
    if not found.strip(_JOINERS):
        raise Refused("title", "must not be empty")
    if len(found) > MAX_TITLE:
        raise Refused("title", f"must have at most {MAX_TITLE} characters")
    return found


def body(text: str, most: int = MAX_BODY) -> str:
    """A text with plain line ends and no control characters. Raises Refused for an empty or overlong one."""
    found = text.replace("\r\n", "\n").replace("\r", "\n")
    found = "".join(c if c.isprintable() or c in _KEPT else " " if c.isspace() else "" for c in found).strip()
    if not found.strip(_JOINERS):
        raise Refused("body", "must not be empty")
    if len(found) > most:
        raise Refused("body", f"must have at most {most} characters")
    return found


def past(field: str, at: datetime | None, now: datetime) -> datetime:
    """A moment that has been, `now` for None. Raises Refused for one in the future or ten years back."""
    if at is None:
        return now
    if at > now + AHEAD:
        raise Refused(field, "lies in the future")
    if at < now - FURTHEST_BACK:
        raise Refused(field, "lies more than ten years back")
    return min(at, now)
