"""Times, words, bars and freshness: the small values that pages are made of."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from statuspage.core.state import Heartbeat
from statuspage.core.status import Status
from statuspage.core.uptime import Figures
from statuspage.web.bars import SMALL, draw
from statuspage.web.freshness import STALE_AFTER, judge
from statuspage.web.times import iso_ms, length_text, stamp, zone_name
from statuspage.web.words import listed
from tests.web.snapshots import NOW


def test_a_moment_is_told_in_the_zone_of_the_site_and_names_it() -> None:
    assert stamp(NOW, ZoneInfo("UTC")).text == "Nov 23, 2026 - 14:32:11 UTC"
    assert stamp(NOW, ZoneInfo("America/New_York")).text == "Nov 23, 2026 - 09:32:11 EST"
    assert stamp(NOW, ZoneInfo("UTC")).iso == "2026-11-23T14:32:11Z"


@pytest.mark.parametrize(
    ("zone", "name"), [("Asia/Kathmandu", "UTC+5:45"), ("America/Sao_Paulo", "UTC-3"), ("Europe/Berlin", "CET")]
)
def test_a_zone_without_letters_is_named_by_its_offset(zone: str, name: str) -> None:
    assert zone_name(NOW, ZoneInfo(zone)) == name


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 512345, 999999])
def test_v2_timestamps_have_exactly_three_decimals(microsecond: int) -> None:
    text = iso_ms(NOW.replace(microsecond=microsecond))
    assert text == f"2026-11-23T14:32:11.{microsecond // 1000:03d}Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (125, "2 min 5 s"), (3600, "1 h"), (12360, "3 h 26 min"),
     (86400, "1 d"), (187200, "2 d 4 h")],
)  # fmt: skip
def test_a_length_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert length_text(timedelta(seconds=seconds)) == text


def test_names_are_listed_as_people_do() -> None:
    assert listed([], 3) == ""
    assert listed(["A"], 3) == "A"
    assert listed(["A", "B", "C"], 3) == "A, B and C"
    assert listed(["A", "B", "C", "D"], 3) == "A, B and 2 more"


def days(number: int) -> tuple[date, ...]:
    return tuple(date(2026, 9, 1) + timedelta(days=n) for n in range(number))


def test_each_state_is_one_path_and_the_worse_the_day_the_taller_the_bar() -> None:
    four = days(4)
    figures = {
        four[0]: Figures({Status.OPERATIONAL: 86400}),
        four[1]: Figures({Status.OPERATIONAL: 86000, Status.MAJOR: 400}),
        four[2]: Figures({Status.OPERATIONAL: 86400}),
    }
    bars = draw(four, figures, "99.5", SMALL)
    drawn = {path.slug: path for path in bars.paths}
    assert list(drawn) == ["ok", "major", "unknown"]
    assert drawn["ok"].d == "M2.5 26.5v-11m10 11v-11"
    assert drawn["major"].d == "M7.5 26.5v-25"
    assert drawn["unknown"].d == "M17.5 26.5v-.01"
    assert (drawn["ok"].title, drawn["major"].title) == (None, "Major outage: Sep 2")
    assert bars.label == "4 days: 99.5 % uptime. Major outage: Sep 2."
    heights = [SMALL.heights[status] for status in sorted(SMALL.heights, key=lambda status: status.severity)]
    assert heights == sorted(heights)


def test_maintenance_is_a_broken_bar_that_returns_to_the_foot() -> None:
    three = days(3)
    figures = {day: Figures({Status.MAINTENANCE: 10}) for day in three}
    (path,) = draw(three, figures, None, SMALL).paths
    assert path.d.count("m0-") == 3
    assert path.title == "Under maintenance: Sep 1, Sep 2 and Sep 3"


def heartbeat(age: float, blind: bool = False) -> Heartbeat:
    at = NOW - timedelta(seconds=age)
    return Heartbeat("main", at, at, at, blind_since=at if blind else None)


@pytest.mark.parametrize(("age", "stale"), [(0, False), (20, False), (20.1, True), (-20, False), (-21, True)])
def test_a_page_is_stale_when_the_newest_heartbeat_is_more_than_20_seconds_away(age: float, stale: bool) -> None:
    assert STALE_AFTER.total_seconds() == 20
    assert judge([heartbeat(age), heartbeat(500)], NOW).stale is stale


def test_without_any_heartbeat_nothing_is_fresh() -> None:
    never = judge([], NOW)
    assert never.stale
    assert never.heartbeat_at is None


def test_the_page_is_blind_only_when_every_fresh_agent_is() -> None:
    assert judge([heartbeat(1, blind=True)], NOW).blind
    assert judge([heartbeat(1, blind=True), heartbeat(60)], NOW).blind
    assert not judge([heartbeat(1, blind=True), heartbeat(1)], NOW).blind
    assert not judge([heartbeat(60, blind=True)], NOW).blind


def test_times_do_not_depend_on_the_zone_they_come_in() -> None:
    elsewhere = datetime(2026, 11, 23, 9, 32, 11, tzinfo=ZoneInfo("America/New_York"))
    assert stamp(elsewhere, ZoneInfo("UTC")) == stamp(elsewhere.astimezone(UTC), ZoneInfo("UTC"))
