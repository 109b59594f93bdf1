"""Go or no-go before the doors open: what stands in the way, what to think about, and what is well."""

from collections import Counter
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Response

from statuspage.acting import Routes
from statuspage.core.readiness import Line, Readiness, Verdict
from statuspage.core.role import Role
from statuspage.core.route_writing import route_name
from statuspage.core.site import Site
from statuspage.web.staff.context import staff
from statuspage.web.staff.doing import desk_blueprint, desk_page
from statuspage.web.staff.forms import Text, query
from statuspage.web.staff.gate import needs
from statuspage.web.times import minute

blueprint = desk_blueprint("ready")
READY = "/staff/ready"
NAMES = {
    "anchors": "Anchors",
    "capacity": "Capacity",
    "destination": "Destination",
    "destinations": "Destinations",
    "event": "Event",
    "exercised": "Last exercised",
    "locked": "Locked",
    "mode": "Mode",
    "monitor": "Monitor",
    "page": "Page",
    "paused": "Paused",
    "pinned": "Pinned",
    "place": "Where it is",
    "ramp": "Time to move",
    "rate": "New connections",
    "routes": "Routes",
    "standby": "Standby",
    "users": "Users",
    "work": "Planned work",
}
"""What a line is called, by its name."""
SLUGS = {Verdict.OK: "ok", Verdict.WARN: "degraded", Verdict.NO_GO: "major"}


@blueprint.get(READY)
@needs(Role.VIEWER)
def ready() -> Response:
    asked = query(event=Text(200, optional=True))["event"] or None
    held = staff()
    acting, bundle = Routes(held.store, held.clock), held.shown.bundle
    found = acting.readiness(asked, bundle.rendered_at if bundle is not None else None)
    site = acting.look().site
    zone = ZoneInfo(site.time_zone)
    events = [(each.id, minute(each.starts, zone).text) for each in site.switchboard.events if each.ends > found.at]
    return desk_page(
        "ready.html",
        found=found,
        event=asked,
        events=events,
        at=minute(found.at, zone),
        moment=minute(found.moment, zone),
        counts=Counter(each.verdict.name for each in found.lines),
        against=_rows(found, Verdict.NO_GO, site),
        doubts=_rows(found, Verdict.WARN, site),
        well=_rows(found, Verdict.OK, site),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """Lines that say the same: of what, with the page of each where it has one."""

    slug: str
    name: str
    of: tuple[tuple[str, str], ...]
    detail: str


def _rows(found: Readiness, verdict: Verdict, site: Site) -> list[Row]:
    together: dict[tuple[str, str], list[Line]] = {}
    for line in found.lines:
        if line.verdict is verdict:
            together.setdefault((line.name, line.detail), []).append(line)
    return [
        Row(
            SLUGS[verdict],
            NAMES[name],
            tuple(_subject(each.of, site) for each in lines if each.of),
            f"{detail[:1].upper()}{detail[1:]}",
        )
        for (name, detail), lines in together.items()
    ]


def _subject(of: str, site: Site) -> tuple[str, str]:
    route, provider = site.switchboard.route(of), site.switchboard.provider(of)
    if route is not None:
        return route_name(site, route), f"/staff/routes/{route.id}"
    return provider.name if provider is not None else of, ""
