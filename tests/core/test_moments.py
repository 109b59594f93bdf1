"""A local time as people type it: the first one of two, none where the clocks leave it out."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from statuspage.core.moments import first_in_zone

EASTERN = ZoneInfo("America/New_York")
LEFT_OUT = datetime.fromisoformat("2026-03-08 02:30")


@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_that_the_clocks_show_twice_is_the_first_of_the_two(fold: int) -> None:
    shown = datetime.fromisoformat("2026-11-01 01:30").replace(fold=fold)
    assert first_in_zone(shown, EASTERN) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_leave_out_is_none() -> None:
    assert first_in_zone(LEFT_OUT, EASTERN) is None


def test_any_other_time_is_the_moment_that_it_names() -> None:
    assert first_in_zone(datetime.fromisoformat("2026-07-01 12:00"), EASTERN) == datetime(2026, 7, 1, 16, tzinfo=UTC)
