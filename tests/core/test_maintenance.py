import pytest

from statuspage.core.maintenance import Window, edges, masked
from statuspage.core.status import Status
from tests.core.values import at

NIGHT = Window("night", at(100), at(200), frozenset({"native"}))


def test_a_window_shows_maintenance_from_its_start_to_its_end() -> None:
    for seconds, expected in [
        (99, Status.OPERATIONAL),
        (100, Status.MAINTENANCE),
        (199, Status.MAINTENANCE),
        (200, Status.OPERATIONAL),
    ]:
        assert masked("native", Status.OPERATIONAL, at(0), [NIGHT], at(seconds)) is expected


def test_trouble_that_began_inside_the_window_is_part_of_the_plan() -> None:
    assert masked("native", Status.MAJOR, at(120), [NIGHT], at(150)) is Status.MAINTENANCE


def test_an_outage_that_was_there_before_is_not_masked() -> None:
    assert masked("native", Status.MAJOR, at(90), [NIGHT], at(150)) is Status.MAJOR


def test_other_components_are_not_excused() -> None:
    assert masked("chat", Status.MAJOR, at(120), [NIGHT], at(150)) is Status.MAJOR


def test_a_window_must_have_a_length() -> None:
    with pytest.raises(ValueError, match="ends must be after starts"):
        Window("none", at(10), at(10), frozenset())


def test_the_moments_at_which_pages_change() -> None:
    assert edges([NIGHT], at(0)) == (at(100), at(200))
    assert edges([NIGHT], at(150)) == (at(200),)
