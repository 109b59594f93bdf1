"""Statuspage's public API v2: its shapes, its key order, its ids and its seven sentences.

Groups are components with a `components` list. The schema knows no "unknown": a component that nobody sees
keeps its last confirmed status here; our own JSON (summary.py) says so plainly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from statuspage.core.site import Component, Group, public_id
from statuspage.core.status import Status, worst
from statuspage.web.scene import Scene
from statuspage.web.times import iso_ms

Document = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Dates:
    created: datetime
    updated: datetime


def status_document(scene: Scene) -> Document:
    """`/api/v2/status.json`."""
    return {"page": page(scene), "status": status(scene)}


def components_document(scene: Scene) -> Document:
    """`/api/v2/components.json`."""
    return {"page": page(scene), "components": components(scene)}


def page(scene: Scene, updated: datetime | None = None) -> Document:
    """The page itself. It has one id whatever its name or address becomes. `updated` stands for the newest change."""
    site = scene.snapshot.site
    return {
        "id": public_id("page", "page"),
        "name": site.name,
        "url": site.url,
        "time_zone": site.time_zone,
        "updated_at": iso_ms(updated or _page_updated(scene)),
    }


def status(scene: Scene) -> Document:
    """Indicator and sentence over the leaf components."""
    sentence = scene.last_confirmed
    return {"indicator": sentence.indicator.value, "description": sentence.description}


def components(scene: Scene) -> list[Document]:
    """Groups first, each followed by its members; then the components of no group, which go on counting."""
    site, found = scene.snapshot.site, []
    groups = [(group, members) for group in site.groups if (members := site.in_group(group.id))]
    for position, (group, members) in enumerate(groups, 1):
        found.append(_group(scene, group, members, position))
        found.extend(_component(scene, member, at, group) for at, member in enumerate(members, 1))
    loose = site.in_group(None)
    found.extend(_component(scene, member, at, None) for at, member in enumerate(loose, len(groups) + 1))
    return found


def _group(scene: Scene, group: Group, members: Sequence[Component], position: int) -> Document:
    dates = [_dates(scene, member) for member in members]
    return {
        "id": public_id("group", group.id),
        "name": group.name,
        "status": word_of(worst(scene.confirmed(member) for member in members)),
        "created_at": iso_ms(min(each.created for each in dates)),
        "updated_at": iso_ms(max(each.updated for each in dates)),
        "position": position,
        "description": group.description,
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": public_id("page", "page"),
        "group": True,
        "only_show_if_degraded": False,
        "components": [public_id("component", member.id) for member in members],
    }


def _component(scene: Scene, component: Component, position: int, group: Group | None) -> Document:
    dates = _dates(scene, component)
    return {
        "id": public_id("component", component.id),
        "name": component.name,
        "status": word_of(scene.confirmed(component)),
        "created_at": iso_ms(dates.created),
        "updated_at": iso_ms(dates.updated),
        "position": position,
        "description": component.description,
        "showcase": component.showcase,
        "start_date": component.start_date.isoformat() if component.start_date else None,
        "group_id": public_id("group", group.id) if group else None,
        "page_id": public_id("page", "page"),
        "group": False,
        "only_show_if_degraded": False,
    }


def word_of(status: Status) -> str:
    """A status in the words of the schema, which knows no "unknown"."""
    return Status.OPERATIONAL.value if status is Status.UNKNOWN else status.value


def _page_updated(scene: Scene) -> datetime:
    held = [each.updated_at or each.since for each in scene.snapshot.components.values()]
    return scene.snapshot.updated_at or max(held, default=EPOCH)


def _dates(scene: Scene, component: Component) -> _Dates:
    held = scene.held(component)
    if held is None:
        fallback = _page_updated(scene)
        return _Dates(fallback, fallback)
    return _Dates(held.created_at or held.since, held.updated_at or held.since)
