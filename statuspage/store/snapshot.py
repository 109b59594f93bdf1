"""Everything that the public pages say, read at one moment."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from statuspage.core.state import Snapshot
from statuspage.core.uptime import day_bounds
from statuspage.store import components, days, felt, head, heartbeats, journal, routes, spans
from statuspage.store.incidents import Shelf

DAYS = 90
TROUBLES = 50


def read(connection: Connection, now: datetime, shelf: Shelf) -> Snapshot | None:
    """The snapshot of this moment, None before a site was published. The shelf keeps what has not changed."""
    site = components.read_site(connection)
    if site is None:
        return None
    present = head.read(connection)
    live = components.read_live(connection)
    zone = days.zone_of(site)
    today = now.astimezone(zone).date()
    begins, _ = day_bounds(today - timedelta(days=DAYS - 1), zone)
    signs = heartbeats.read(connection)
    seen_until = min(now, max((sign.at for sign in signs), default=now))
    rolled_up = days.newest(connection, live, today, DAYS)
    return Snapshot(
        generation=present.generation,
        revision=present.revision,
        read_at=now,
        site=site,
        components=live,
        days=days.brought_up_to(connection, site, rolled_up, today, DAYS, seen_until),
        troubles=spans.troubles(connection, begins, TROUBLES),
        incidents=shelf.incidents(connection),
        maintenances=shelf.maintenances(connection),
        heartbeats=signs,
        routes=routes.read_routes(connection),
        felt=felt.read_hours(connection, now),
        updated_at=journal.newest_written_at(connection),
    )
