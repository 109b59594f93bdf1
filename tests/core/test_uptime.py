from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.status import Status
from statuspage.core.uptime import Figures, Span, day_bounds, days_of, figures, over, percent
from tests.core.values import T0, at

DAY = timedelta(days=1)


def span(status: Status, started: float, ended: float | None) -> Span:
    return Span("chat", status, at(started), None if ended is None else at(ended))


def test_major_counts_in_full_and_partial_at_thirty_percent() -> None:
    found = Figures({Status.OPERATIONAL: 700, Status.MAJOR: 200, Status.PARTIAL: 100})
    assert found.uptime == 1 - Fraction(230, 1000)


def test_slowness_and_maintenance_cost_nothing() -> None:
    assert Figures({Status.DEGRADED: 50, Status.MAINTENANCE: 50}).uptime == 1


def test_unknown_time_is_left_out_and_shown_as_coverage() -> None:
    found = Figures({Status.OPERATIONAL: 50, Status.MAJOR: 50, Status.UNKNOWN: 100})
    assert found.uptime == Fraction(1, 2)
    assert found.coverage == Fraction(1, 2)


def test_nothing_seen_has_no_uptime() -> None:
    assert Figures({Status.UNKNOWN: 100}).uptime is None
    assert Figures().uptime is None
    assert Figures().coverage is None


def test_percentages_are_floored_and_never_rounded_up() -> None:
    assert percent(Fraction(999_999, 1_000_000)) == "99.999"
    assert percent(Fraction(999_999_999, 1_000_000_000)) == "99.999"
    assert percent(Fraction(1)) == "100"
    assert percent(Fraction(1, 2)) == "50"
    assert percent(Fraction(99_816, 100_000)) == "99.816"
    assert percent(None) is None


def test_time_that_no_span_covers_is_unknown() -> None:
    found = figures([span(Status.OPERATIONAL, 100, 200)], at(0), at(300))
    assert found == Figures({Status.OPERATIONAL: 100, Status.UNKNOWN: 200})


def test_a_span_without_end_reaches_to_the_end_asked_for() -> None:
    assert figures([span(Status.MAJOR, 100, None)], at(0), at(300)).seconds[Status.MAJOR] == 200


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2021, 3, 14), 23),
        ("America/New_York", date(2021, 11, 7), 25),
        ("Europe/Berlin", date(2021, 3, 28), 23),
        ("Australia/Lord_Howe", date(2021, 4, 4), 24.5),
        ("Asia/Kolkata", date(2021, 9, 13), 24),
        ("Etc/UTC", date(2021, 9, 13), 24),
    ],
)
def test_a_local_day_is_as_long_as_its_clocks_make_it(zone: str, day: date, hours: float) -> None:
    begin, end = day_bounds(day, ZoneInfo(zone))
    assert end - begin == timedelta(hours=hours)
    assert days_of(begin, end, ZoneInfo(zone)) == (day,)


def test_days_touched_by_a_stretch() -> None:
    zone = ZoneInfo("America/New_York")
    found = days_of(datetime(2021, 9, 13, 3, 59, tzinfo=UTC), datetime(2021, 9, 13, 4, 1, tzinfo=UTC), zone)
    assert found == (date(2021, 9, 12), date(2021, 9, 13))
    assert days_of(T0, T0, zone) == (date(2021, 9, 13),)


cuts = st.lists(st.tuples(st.sampled_from(Status), st.floats(0.001, 20_000)), max_size=30)


@given(cuts)
def test_the_seconds_of_a_stretch_add_up_to_its_length(pieces: list[tuple[Status, float]]) -> None:
    spans, clock = [], 0.0
    for status, length in pieces:
        spans.append(span(status, clock, clock + length))
        clock += length
    end = at(86_400)
    assert figures(spans, T0, end).total == 86_400


@given(cuts)
def test_uptime_and_coverage_are_shares(pieces: list[tuple[Status, float]]) -> None:
    total = over([Figures({status: int(length)}) for status, length in pieces])
    for share in (total.uptime, total.coverage):
        assert share is None or 0 <= share <= 1
