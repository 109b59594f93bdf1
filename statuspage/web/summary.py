"""`/api/v1/summary.json`: the page as our own JSON, which says what API v2 cannot.

Keys: `page`, `generation` and `revision` (of the state shown), `view` (changes when the front page does),
`status` (last confirmed sentence), `stale` (the monitor is silent), `blind` (null or since when it cannot see),
`heartbeat_at`, `last_check` (null or `at` and `text` in the site's zone), `components` with `status` (may be
`unknown`), `confirmed`, `since`, `uptime` (percent, floored) with `coverage` over the last 90 days, and `routes`.
Times are absolute, never ages: the document may have been kept somewhere on its way.
"""

from datetime import datetime
from typing import Any

from statuspage.core.site import Component, public_id
from statuspage.core.status import Status
from statuspage.web import statuspage_v2
from statuspage.web.present import last_check
from statuspage.web.scene import Scene
from statuspage.web.times import iso


def summary(scene: Scene, view: str) -> dict[str, Any]:
    """The document. `view` is the front page's fingerprint, without the time of the last check."""
    last = last_check(scene)
    return {
        "page": statuspage_v2.page(scene),
        "generation": scene.snapshot.generation,
        "revision": scene.snapshot.revision,
        "view": view,
        "status": statuspage_v2.status(scene),
        "stale": scene.fresh.stale,
        "blind": {"since": _at(scene.fresh.blind_since)} if scene.fresh.blind else None,
        "heartbeat_at": _at(scene.fresh.heartbeat_at),
        "last_check": {"at": last.iso, "text": last.text} if last else None,
        "components": [_component(scene, each) for each in scene.snapshot.site.components],
    }


def _component(scene: Scene, component: Component) -> dict[str, Any]:
    held, share = scene.held(component), scene.share(component, 90)
    shown = scene.shown(component)
    since = held.since if held is not None else None
    if scene.fresh.stale and shown is Status.UNKNOWN:
        since = scene.fresh.heartbeat_at
    return {
        "id": public_id("component", component.id),
        "name": component.name,
        "group_id": public_id("group", component.group) if component.group else None,
        "status": shown.value,
        "confirmed": scene.confirmed(component).value,
        "since": _at(since),
        "uptime": float(share.uptime) if share.uptime else None,
        "coverage": float(share.seen) if share.seen else (100.0 if share.uptime else None),
        "needs": [public_id("component", need) for need in component.needs],
        "routes": _routes(scene, component),
    }


def _routes(scene: Scene, component: Component) -> list[dict[str, Any]]:
    """Where its routes are: `target` is a provider or `limited`, `epoch` is [generation, number]."""
    states = scene.snapshot.routes
    found = (states.get(each.id) for each in scene.snapshot.site.switchboard.routes_of(component.id))
    return [
        {
            "id": each.route,
            "target": each.provider,
            "epoch": [scene.snapshot.generation, each.epoch],
            "since": iso(each.since),
        }
        for each in found
        if each is not None
    ]


def _at(at: datetime | None) -> str | None:
    return iso(at) if at is not None else None
