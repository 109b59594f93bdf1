"""`/history.json`: three months of incidents in the shape that Statuspage's history page is made from."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from statuspage.core.incident import Incident
from statuspage.core.uptime import day_bounds
from statuspage.web.entries import Entry, began, ended, is_over, lines, text_of
from statuspage.web.incidents_v2 import Listed
from statuspage.web.present_history import MONTH_NAMES, Months, last_day
from statuspage.web.scene import Scene
from statuspage.web.statuspage_v2 import status
from statuspage.web.syndication import day_and_time, until
from statuspage.web.times import iso


def history_document(scene: Scene, listed: Listed, months: Months) -> dict[str, Any]:
    """The document of some months, newest first. `starts_on` counts weekdays from Sunday, 0."""
    first = day_bounds(months[-1][0], scene.zone)[0]
    end = day_bounds(last_day(months[0][0]), scene.zone)[1] - timedelta(seconds=1)
    return {
        "page_status": {"page": listed.page, "status": status(scene)},
        "components": listed.components,
        "months": [_month(scene, month, told) for month, told in months],
        "show_component_filter": True,
        "show_uptime_calendar": True,
        "component_filter": None,
        "start_time": iso(first),
        "end_time": iso(end),
    }


def _month(scene: Scene, month: date, told: Sequence[Entry]) -> dict[str, Any]:
    return {
        "name": MONTH_NAMES[month.month - 1],
        "year": month.year,
        "starts_on": month.isoweekday() % 7,
        "days": last_day(month).day,
        "incidents": [_row(scene, each) for each in told],
    }


def _row(scene: Scene, entry: Entry) -> dict[str, Any]:
    start, end = began(entry), ended(entry)
    over = until(start, max(start, end), scene.zone) if end is not None and is_over(entry) else "Ongoing"
    return {
        "code": entry.id,
        "name": entry.title,
        "message": text_of(lines(entry)[0].update.body),
        "impact": entry.impact.value if isinstance(entry, Incident) else "maintenance",
        "timestamp": f"{day_and_time(start, scene.zone)} - {over}",
    }
