"""The journal of one subject in few words: who did what to it, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from statuspage.core.telling import Json
from statuspage.web.staff.context import staff
from statuspage.web.times import Stamp, stamp

MOST = 40
SHOWN = ("state", "status", "from", "to", "until", "reason", "was", "was_title", "title", "overridden")


@dataclass(frozen=True, slots=True)
class PastAct:
    """One event. `more` is what there is to say about it, as (name, value)."""

    at: Stamp
    kind: str
    by: str
    more: tuple[tuple[str, str], ...]


def past_acts(subject: str, zone: ZoneInfo, kind: str = "", limit: int = MOST) -> tuple[PastAct, ...]:
    """The newest events about this subject, newest first; of one kind where that is given."""
    found = staff().store.newest_events(limit, kind=kind, subject=subject)
    return tuple(
        PastAct(stamp(each.event.at, zone), each.event.kind, _text(each.event.data.get("by")), _more(each.event.data))
        for each in found
    )


def _more(data: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _text(data[name])) for name in SHOWN if data.get(name))


def _text(value: Json) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
