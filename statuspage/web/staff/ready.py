"""Go or no-go before the doors open: what stands in the way, what to think about, and what is well."""

from zoneinfo import ZoneInfo

from flask import Response

from statuspage.acting import Routes
from statuspage.core.readiness import Line, Verdict
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
        against=[_row(each, site) for each in found.lines if each.verdict is Verdict.NO_GO],
        doubts=[_row(each, site) for each in found.lines if each.verdict is Verdict.WARN],
        well=[_row(each, site) for each in found.lines if each.verdict is Verdict.OK],
    )


def _row(line: Line, site: Site) -> dict[str, str]:
    route, provider = site.switchboard.route(line.of), site.switchboard.provider(line.of)
    of = route_name(site, route) if route is not None else provider.name if provider is not None else line.of
    words = f"{line.detail[:1].upper()}{line.detail[1:]}"
    path = f"/staff/routes/{route.id}" if route is not None else ""
    return {"slug": SLUGS[line.verdict], "name": NAMES[line.name], "of": of, "detail": words, "path": path}
