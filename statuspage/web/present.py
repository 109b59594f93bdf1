"""From a scene to the plain values of the front page: the templates decide nothing, they only lay out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from statuspage.core.site import Component
from statuspage.core.status import Indicator, Status, page_status
from statuspage.core.topology import IN_TROUBLE
from statuspage.web.bars import SMALL, Bars, draw
from statuspage.web.present_active import Card, Plan, cards, plans
from statuspage.web.present_routes import Limited, limited_modes, route_lines
from statuspage.web.recent import RecentDay, recent_days
from statuspage.web.scene import Scene, Share, component_path
from statuspage.web.times import Stamp, short_day, stamp, zone_name
from statuspage.web.words import GROUND, LOOKS, Look, count, listed

Sentence: TypeAlias = tuple[str | Stamp, ...]
"""Text with moments in it; the template makes a `<time>` of each."""
NAMES_IN_LEAD = 3


@dataclass(frozen=True, slots=True)
class Banner:
    """The answer: `slug` tints the ground and picks the icon, `leads` are sentences under the headline."""

    slug: str
    headline: str
    leads: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One component on the front page. `aside` stands under the state when there is no fresh data."""

    name: str
    path: str
    description: str | None
    look: Look
    aside: Sentence
    bars: Bars | None
    share: Share
    routes: tuple[Sentence, ...] = ()
    """Where its routes are."""


@dataclass(frozen=True, slots=True)
class Group:
    """A heading with its rows; `summary` is the group in four words."""

    name: str
    description: str | None
    look: Look
    summary: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """Everything that the front page says."""

    banner: Banner
    last_check: Stamp | None
    cards: tuple[Card, ...]
    plans: tuple[Plan, ...]
    groups: tuple[Group, ...]
    first_day: str
    zone: str
    legend: tuple[Look, ...]
    partial_coverage: bool
    recent: tuple[RecentDay, ...]
    limited: tuple[Limited, ...] = ()


def front(scene: Scene) -> Front:
    """The front page's values."""
    site = scene.snapshot.site
    groups = [
        _group(scene, group.name, group.description, members)
        for group in site.groups
        if (members := site.in_group(group.id))
    ]
    if loose := site.in_group(None):
        groups.append(_group(scene, "Other components" if groups else "Components", None, loose))
    return Front(
        banner=banner(scene),
        last_check=last_check(scene),
        cards=cards(scene),
        plans=plans(scene),
        groups=tuple(groups),
        first_day=short_day(scene.days[0]),
        zone=zone_name(scene.now, scene.zone),
        legend=tuple(LOOKS.values()),
        partial_coverage=any(row.share.seen for group in groups for row in group.rows),
        recent=recent_days(scene),
        limited=limited_modes(scene),
    )


def last_check(scene: Scene) -> Stamp | None:
    """When the newest run ended: what proves that somebody looks."""
    at = scene.fresh.last_check_at
    return stamp(at, scene.zone) if at is not None else None


def banner(scene: Scene) -> Banner:
    """The answer to "is it up?", never green without fresh data behind it."""
    fresh, before = scene.fresh, scene.last_confirmed.description
    if fresh.heartbeat_at is None:
        return Banner("unknown", "Waiting for the First Results", (("No check has reported yet.",),))
    if fresh.stale:
        alive: Sentence = ("This page is out of date: last sign of life of our monitor at ",
                           stamp(fresh.heartbeat_at, scene.zone), ".")  # fmt: skip
        return Banner("unknown", "No Fresh Data", (alive, (f"Before that: {before}.",)))
    if fresh.blind_since is not None:
        lost: Sentence = ("The fault is on our own side and says nothing about the components: "
                          "no fresh data since ", stamp(fresh.blind_since, scene.zone), ".")  # fmt: skip
        return Banner("unknown", "Our monitor cannot see at the moment", (lost, (f"Last confirmed: {before}.",)))
    return _seen(scene)


def _seen(scene: Scene) -> Banner:
    """The banner while the monitor looks and sees."""
    components = scene.snapshot.site.components
    statuses = [scene.status(component) for component in components]
    page, unknown = page_status(statuses), statuses.count(Status.UNKNOWN)
    unseen: tuple[Sentence, ...] = ()
    if unknown:
        unseen = ((f"No fresh data for {unknown} of {count(len(statuses), 'component')}.",),)
    if page.indicator is Indicator.NONE and unknown:
        headline = "No Fresh Data" if unknown == len(statuses) else "Some Components Are Out of Sight"
        return Banner("unknown", headline, unseen)
    slug = GROUND[page.indicator]
    if page.indicator is Indicator.MINOR and Status.PARTIAL in statuses:
        slug = "partial"
    troubles = tuple(_affected(components, statuses, status) for status in reversed(Status) if status in statuses
                     and (status in IN_TROUBLE or status is Status.MAINTENANCE))  # fmt: skip
    return Banner(slug, page.description, troubles + unseen)


def _affected(components: Sequence[Component], statuses: Sequence[Status], status: Status) -> Sentence:
    names = [component.name for component, each in zip(components, statuses, strict=True) if each is status]
    return (f"{LOOKS[status].word}: {listed(names, NAMES_IN_LEAD)}.",)


def _group(scene: Scene, name: str, description: str | None, members: Sequence[Component]) -> Group:
    statuses = [scene.shown(component) for component in members]
    worst = max(statuses, key=lambda status: status.severity)
    look = LOOKS[worst if worst is not Status.OPERATIONAL or Status.UNKNOWN not in statuses else Status.UNKNOWN]
    return Group(name, description, look, group_summary(statuses), tuple(_row(scene, each) for each in members))


def group_summary(statuses: Sequence[Status]) -> str:
    """`All 2 operational`, `1 of 2 affected`, `1 of 2 under maintenance`, `No fresh data`."""
    total = len(statuses)
    if troubled := sum(status in IN_TROUBLE for status in statuses):
        return f"{troubled} of {total} affected"
    if planned := statuses.count(Status.MAINTENANCE):
        return f"{planned} of {total} under maintenance"
    if unknown := statuses.count(Status.UNKNOWN):
        return "No fresh data" if unknown == total else f"No fresh data for {unknown} of {total}"
    return f"All {total} operational" if total > 1 else "Operational"


def _row(scene: Scene, component: Component) -> Row:
    share = scene.share(component, len(scene.days))
    bars = draw(scene.days, scene.figures.get(component.id, {}), share.uptime, SMALL) if component.showcase else None
    return Row(
        name=component.name,
        path=component_path(component),
        description=component.description,
        look=LOOKS[scene.shown(component)],
        aside=aside(scene, component),
        bars=bars,
        share=share,
        routes=route_lines(scene, component),
    )


def aside(scene: Scene, component: Component) -> Sentence:
    """What to say beside "No fresh data": since when, or what it was before."""
    held = scene.held(component)
    if held is None or scene.shown(component) is not Status.UNKNOWN:
        return ()
    if held.status is Status.UNKNOWN:
        return ("since ", stamp(held.since, scene.zone))
    return (f"Last known: {LOOKS[held.status].word.lower()}",)
