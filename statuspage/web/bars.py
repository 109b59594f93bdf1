"""Ninety days as one picture: one `<path>` per state, so that twenty strips cost little more than one.

The worse the day, the taller its bar; a day without data is a dot, maintenance a broken bar. Moves are
relative, repeat, and are whole pixels: gzip likes that best, and the plain page is a third smaller.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from statuspage.core.status import Status
from statuspage.core.uptime import Figures
from statuspage.web.times import short_day
from statuspage.web.words import LOOKS, listed

BAD = (Status.MAJOR, Status.PARTIAL, Status.DEGRADED, Status.MAINTENANCE)
NAMED_DAYS = 8
"""How many days of a kind the label spells out; the component page lists all."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Measures of a strip in pixels: `step` from bar to bar, `foot` the baseline, `heights` by state."""

    step: int
    foot: float
    height: int
    heights: Mapping[Status, float]


def _shape(step: int, height: int, foot: float) -> Shape:
    full = foot - (height - foot)
    share = {Status.OPERATIONAL: 0.43, Status.MAINTENANCE: 0.58, Status.DEGRADED: 0.6, Status.PARTIAL: 0.8}
    heights = {status: round(full * part) for status, part in share.items()}
    return Shape(step, foot, height, {**heights, Status.MAJOR: full, Status.UNKNOWN: 0.01})


SMALL = _shape(step=5, height=28, foot=26.5)
BIG = _shape(step=11, height=56, foot=53)


@dataclass(frozen=True, slots=True)
class Path:
    """All days of one state: the drawing, and for days to explain their dates."""

    slug: str
    d: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Bars:
    """A strip: `label` says in words what the picture shows."""

    width: int
    height: int
    label: str
    paths: tuple[Path, ...]


def day_status(figures: Figures | None) -> Status:
    """What a day is drawn as: its worst state; UNKNOWN for a day that nobody saw."""
    return figures.worst if figures is not None else Status.UNKNOWN


def draw(days: tuple[date, ...], figures: Mapping[date, Figures], uptime: str | None, shape: Shape) -> Bars:
    """The strip for the given days, oldest first. `uptime` is the percentage as text."""
    of: dict[Status, list[int]] = {}
    for index, day in enumerate(days):
        of.setdefault(day_status(figures.get(day)), []).append(index)
    paths = tuple(
        Path(look.slug, _line(of[status], shape, shape.heights[status], broken=status is Status.MAINTENANCE),
             f"{look.word}: {_dates(days, of[status], len(days))}" if status in BAD else None)
        for status, look in LOOKS.items() if status in of
    )  # fmt: skip
    troubles = [f"{LOOKS[status].word}: {_dates(days, of[status], NAMED_DAYS)}" for status in BAD if status in of]
    head = f"{len(days)} days: {f'{uptime} % uptime' if uptime else 'no data'}"
    return Bars(shape.step * len(days), shape.height, ". ".join([head, *troubles]) + ".", paths)


def _dates(days: tuple[date, ...], indices: list[int], most: int) -> str:
    return listed([short_day(days[index]) for index in indices], most)


def _line(indices: list[int], shape: Shape, height: float, *, broken: bool) -> str:
    """Bars at the given places as one path of relative moves."""
    stroke = f"v-{_n(height)}"
    if broken:
        part = round(height * 0.3)
        stroke = f"v-{part}m0-{_n(height - 2 * part)}v-{part}"
    out = [f"M{_n(shape.step / 2 + shape.step * indices[0])} {_n(shape.foot)}{stroke}"]
    out.extend(f"m{shape.step * (index - before)} {_n(height)}{stroke}" for before, index in pairwise(indices))
    return "".join(out)


def _n(number: float) -> str:
    """A number without needless digits: 2.5, 11, .01."""
    return f"{number:.2f}".rstrip("0").rstrip(".").removeprefix("0") or "0"
