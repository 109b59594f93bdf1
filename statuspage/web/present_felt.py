"""Time to connect as users felt it: a picture of the last 24 hours, the table beside it, and the same as JSON.

Measures are those of a picture without words, which is stretched to any width: 24 columns of 30, the times on a scale
where each line is ten times the one below. Where no beacon came in an hour its column is empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from statuspage.core.felt import BOUNDS_MS, HOUR, Counts, Stretch, begun, figures
from statuspage.core.route import Provider
from statuspage.core.site import Component, public_id
from statuspage.web import statuspage_v2
from statuspage.web.scene import Scene
from statuspage.web.times import Stamp, iso, minute_clock

HOURS, STEP = 24, 30
WIDTH, TIMES_HIGH, FAILED_HIGH = HOURS * STEP, 120, 40
LOWEST_MS, DECADES = 10, 3
SCALE = ("10 s", "1 s", "100 ms", "10 ms")
"""The lines of the picture from the top."""
BAR, THIN = 24, 2
"""How wide a bar of failed tries is, and how high the lowest one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was felt in some time, as texts; None for what nobody told of."""

    half: str | None
    most: str | None
    failed: str | None
    tries: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One provider's picture. `label` says in words what it shows; `half`, `most` and `failed` are paths.

    `day` are the figures of all hours together, `newest` those of the last hour that has some; `hours` are all of
    them, the newest first.
    """

    id: str
    title: str
    label: str
    half: str
    most: str
    failed: str
    begins: str
    day: Figures
    newest: tuple[Stamp, Figures]
    hours: tuple[tuple[Stamp, Figures], ...]
    scale: tuple[str, ...] = SCALE


def charts(scene: Scene, component: Component) -> tuple[Chart, ...]:
    """A picture for each provider of the component of which anything was felt."""
    mine = [each for each in scene.snapshot.site.switchboard.providers if each.component == component.id]
    felt = [(each, hours) for each in mine if (hours := _hours(scene, each))]
    return tuple(_chart(scene, provider, hours, several=len(mine) > 1) for provider, hours in felt)


def felt_document(scene: Scene) -> dict[str, Any]:
    """`/felt.json`: every provider of which anything was felt, hour by hour, the oldest first.

    An hour has its beginning `at`, numbers of beacons (`tries`, and of them `timeout` and `refused`; `limited` are no
    tries), `failed_part` of the tries in [0, 1], and within how many milliseconds half and 95 % of those connected
    who did (`p50_ms`, `p95_ms`; 8000 means 8000 or more, null that nobody did).
    """
    providers = scene.snapshot.site.switchboard.providers
    return {
        "page": statuspage_v2.page(scene),
        "providers": [
            {
                "id": each.id,
                "name": each.name,
                "component_id": public_id("component", each.component),
                "hours": [{"at": iso(hour.at), **figures(hour.counts)} for hour in hours],
            }
            for each in providers
            if (hours := _hours(scene, each))
        ],
    }


def _hours(scene: Scene, provider: Provider) -> tuple[Stretch, ...]:
    """The hours of the last day: a snapshot may be older than the page that is made of it."""
    return tuple(each for each in scene.snapshot.felt.get(provider.id, ()) if 0 <= _column(scene, each) < HOURS)


def _column(scene: Scene, hour: Stretch) -> int:
    return HOURS - 1 - (begun(scene.now, HOUR) - hour.at) // HOUR


def _chart(scene: Scene, provider: Provider, hours: Sequence[Stretch], *, several: bool) -> Chart:
    day = sum((each.counts for each in hours), Counts())
    rows = tuple((minute_clock(each.at, scene.zone), _figures(each.counts)) for each in reversed(hours))
    title = "Time to connect, as users felt it"
    begins = begun(scene.now, HOUR) - (HOURS - 1) * HOUR
    return Chart(
        id=provider.id,
        title=f"{title}: {provider.name}" if several else title,
        label=_label(_figures(day)),
        half=_curve(scene, hours, 0.5),
        most=_curve(scene, hours, 0.95),
        failed="".join(_bars(scene, hours)),
        begins=minute_clock(begins, scene.zone).text,
        day=_figures(day),
        newest=rows[0],
        hours=rows,
    )


def _label(day: Figures) -> str:
    times = "nobody connected"
    if day.half and day.most:
        times = f"half of users connected {_in(day.half)}, 95 % {_in(day.most)}"
    failed = f"; {day.failed} of tries failed" if day.failed else ""
    return f"24 hours: {times}{failed}. The tables say it hour by hour."


def _in(time: str) -> str:
    return f"in {time}" if time.startswith("over") else f"within {time}"


def _figures(counts: Counts) -> Figures:
    part = counts.failed_part
    return Figures(
        half=_ms_text(counts.ms_within(0.5)),
        most=_ms_text(counts.ms_within(0.95)),
        failed=None if part is None else f"{100 * part:.1f} %" if 0 < part < 0.1 else f"{100 * part:.0f} %",
        tries=f"{counts.tries:,}",
    )


def _ms_text(ms: float | None) -> str | None:
    """Two digits: more are not known from a histogram."""
    if ms is None:
        return None
    if ms >= BOUNDS_MS[-1]:
        return f"over {BOUNDS_MS[-1] // 1000} s"
    if ms < 995:
        return f"{float(f'{ms:.2g}'):.0f} ms"
    return f"{ms / 1000:.1f} s"


def _curve(scene: Scene, hours: Sequence[Stretch], part: float) -> str:
    """A level for each hour, joined where one follows another."""
    path, before = list[str](), -2
    for each in hours:
        ms, column = each.counts.ms_within(part), _column(scene, each)
        if ms is None:
            continue
        level = _height(ms)
        path.append(f"V{level}" if column == before + 1 else f"M{column * STEP} {level}")
        path.append(f"h{STEP}")
        before = column
    return "".join(path)


def _height(ms: float) -> int:
    above = min(max(log10(max(ms, 1) / LOWEST_MS), 0), DECADES)
    return round(TIMES_HIGH * (1 - above / DECADES))


def _bars(scene: Scene, hours: Sequence[Stretch]) -> Iterable[str]:
    for each in hours:
        if each.counts.failed_part:
            high = max(round(FAILED_HIGH * each.counts.failed_part), THIN)
            x = _column(scene, each) * STEP + (STEP - BAR) // 2
            yield f"M{x} {FAILED_HIGH}h{BAR}v-{high}h-{BAR}z"
