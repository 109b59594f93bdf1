"""The history: months, newest first, three a page; of one component twelve a page."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from zoneinfo import ZoneInfo

from statuspage.core.incident import Incident
from statuspage.core.site import Component, public_id
from statuspage.core.status import Status
from statuspage.web.entries import Entry, began, is_over, is_under_way, lines, path, text_of
from statuspage.web.present_incident import impact_look, when
from statuspage.web.scene import Scene
from statuspage.web.times import Stamp
from statuspage.web.words import LOOKS, STATE_WORDS, Look

Months: TypeAlias = Sequence[tuple[date, Sequence[Entry]]]
"""Some months by their first day, newest first, each with what began in it."""
PAGE_MONTHS, COMPONENT_MONTHS = 3, 12
HISTORY = "/history"
MOST_TEXT = 300
MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """An incident or planned work in a list. `text` is the beginning of its newest update."""

    title: str
    path: str
    look: Look
    state: str
    impact: str
    when: tuple[Stamp, ...]
    text: str
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the site's zone with what began in it."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the component filter."""

    id: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Year:
    """Where the newest month of a year is; `here` says that this page has it."""

    name: str
    path: str
    here: bool


@dataclass(frozen=True, slots=True)
class History:
    """One page of it. `of` is the component it is about, None for all; `newer` and `older` are addresses."""

    path: str
    of: str | None
    months: tuple[Month, ...]
    span: str
    years: tuple[Year, ...]
    """Newest first; empty where there is but one."""
    choices: tuple[Choice, ...]
    newer: str | None
    older: str | None
    zone: str


def history_path(component: Component | None = None, number: int = 1) -> str:
    """The address of a page of the history; the first page has the shortest one."""
    query = [f"component={public_id('component', component.id)}"] if component is not None else []
    query += [f"page={number}"] if number > 1 else []
    return HISTORY + (f"?{'&'.join(query)}" if query else "")


def listed_entries(scene: Scene, component: Component | None) -> tuple[Entry, ...]:
    """What the history tells of: everything that began, or was called off after it should have."""
    mine = scene.entries if component is None else scene.entries_of.get(component.id, ())
    return tuple(each for each in mine if began(each) <= scene.now and _happened(each))


def _happened(entry: Entry) -> bool:
    return isinstance(entry, Incident) or is_over(entry) or is_under_way(entry)


def months_of(scene: Scene, told: Sequence[Entry], per_page: int) -> list[Months]:
    """The pages of the history, at least one; the last one has all its months too."""
    by_month: dict[date, list[Entry]] = {}
    for entry in told:
        by_month.setdefault(began(entry).astimezone(scene.zone).date().replace(day=1), []).append(entry)
    first, month = min(by_month, default=scene.today), scene.today.replace(day=1)
    pages: list[Months] = []
    while not pages or month >= first:
        page = []
        for _ in range(per_page):
            page.append((month, tuple(by_month.get(month, ()))))
            month = before(month)
        pages.append(tuple(page))
    return pages


def before(month: date) -> date:
    """The first day of the month before."""
    return month.replace(year=month.year - 1, month=12) if month.month == 1 else month.replace(month=month.month - 1)


def last_day(month: date) -> date:
    """Its last day."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def history(
    scene: Scene,
    component: Component | None,
    number: int,
    pages: int,
    months: Months,
) -> History:
    """The values of one page of the history; `number` counts from 1."""
    chosen = component.id if component is not None else None
    return History(
        path=history_path(component, number),
        of=component.name if component is not None else None,
        months=tuple(Month(month_name(month), tuple(row(each, scene.zone) for each in told)) for month, told in months),
        span=f"{month_name(months[-1][0])} to {month_name(months[0][0])}",
        years=_years(component, number, pages, months),
        choices=tuple(
            Choice(public_id("component", each.id), each.name, each.id == chosen)
            for each in scene.snapshot.site.components
        ),
        newer=history_path(component, number - 1) if number > 1 else None,
        older=history_path(component, number + 1) if number < pages else None,
        zone=scene.snapshot.site.time_zone,
    )


def _years(component: Component | None, number: int, pages: int, months: Months) -> tuple[Year, ...]:
    """The years of all pages, by what one page knows: which months it has, and its place among the others."""
    per_page, newest = len(months), months[0][0]
    ordinal = newest.year * 12 + newest.month - 1 + (number - 1) * per_page
    first: dict[int, int] = {}
    for back in range(pages * per_page):
        first.setdefault((ordinal - back) // 12, back)
    found = tuple(
        Year(str(year), f"{history_path(component, page + 1)}{f'#m-{place + 1}' if place else ''}", page + 1 == number)
        for year, (page, place) in ((year, divmod(back, per_page)) for year, back in first.items())
    )
    return found if len(found) > 1 else ()


def month_name(month: date) -> str:
    """`September 2021`."""
    return f"{MONTH_NAMES[month.month - 1]} {month.year}"


def row(entry: Entry, zone: ZoneInfo) -> Row:
    """One line of a list."""
    newest = text_of(lines(entry)[0].update.body).split("\n\n")[0]
    over = is_over(entry)
    return Row(
        title=entry.title,
        path=path(entry),
        look=LOOKS[Status.OPERATIONAL] if over else impact_look(entry),
        state=STATE_WORDS[entry.state.value],
        impact=impact_look(entry).word.lower(),
        when=when(entry, zone),
        text=newest if len(newest) <= MOST_TEXT else f"{newest[: MOST_TEXT - 1].rstrip()}…",
        goes_on=isinstance(entry, Incident) and not over,
    )
