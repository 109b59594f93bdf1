"""The daily figures: midnights of the site's zone, days with 23 and 25 hours, days that nobody rolled up."""

from datetime import UTC, date, datetime, timedelta

from statuspage.core.status import Status
from statuspage.core.uptime import Figures
from statuspage.store import Store
from tests.databases import START
from tests.store.values import at, figures_of, move, publish

HOUR = 3600
NEW_YORK = "America/New_York"


def test_nothing_is_rolled_up_before_a_site_is_published(store: Store) -> None:
    assert store.roll_up(START) == 0


def test_today_is_always_brought_up_to_now(store: Store) -> None:
    publish(store, "chat", "voice")
    assert store.roll_up(at(10)) == 2
    assert store.roll_up(at(30)) == 2
    assert figures_of(store, "chat", START.date()) == {START.date(): Figures({Status.OPERATIONAL: 30 * 60})}
    assert store.head().revision == 1


def test_a_day_begins_and_ends_at_the_midnights_of_the_sites_zone(store: Store) -> None:
    born = datetime(2026, 7, 1, 12, tzinfo=UTC)
    publish(store, "chat", now=born, zone=NEW_YORK)
    store.roll_up(datetime(2026, 7, 3, 3, 59, tzinfo=UTC))
    assert figures_of(store, "chat", date(2026, 7, 2)) == {
        date(2026, 7, 1): Figures({Status.OPERATIONAL: 16 * HOUR}),
        date(2026, 7, 2): Figures({Status.OPERATIONAL: 24 * HOUR - 60}),
    }


def test_the_day_the_clocks_go_forward_has_23_hours(store: Store) -> None:
    publish(store, "chat", now=datetime(2026, 3, 7, 5, tzinfo=UTC), zone=NEW_YORK)
    down, up = datetime(2026, 3, 8, 6, 30, tzinfo=UTC), datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    move(store, "chat", Status.MAJOR, down, down)
    move(store, "chat", Status.OPERATIONAL, up, up)
    store.roll_up(datetime(2026, 3, 9, 16, tzinfo=UTC))
    found = figures_of(store, "chat", date(2026, 3, 9))
    assert found[date(2026, 3, 7)] == Figures({Status.OPERATIONAL: 24 * HOUR})
    assert found[date(2026, 3, 8)] == Figures({Status.OPERATIONAL: 22 * HOUR, Status.MAJOR: HOUR})
    assert found[date(2026, 3, 9)] == Figures({Status.OPERATIONAL: 12 * HOUR})


def test_the_day_the_clocks_go_back_has_25_hours(store: Store) -> None:
    publish(store, "chat", now=datetime(2026, 10, 31, 4, tzinfo=UTC), zone=NEW_YORK)
    down, up = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    move(store, "chat", Status.PARTIAL, down, down)
    move(store, "chat", Status.OPERATIONAL, up, up)
    store.roll_up(datetime(2026, 11, 2, 5, tzinfo=UTC))
    found = figures_of(store, "chat", date(2026, 11, 2))
    assert found[date(2026, 10, 31)] == Figures({Status.OPERATIONAL: 24 * HOUR})
    assert found[date(2026, 11, 1)] == Figures({Status.OPERATIONAL: 24 * HOUR, Status.PARTIAL: HOUR})
    assert date(2026, 11, 2) not in found


def test_a_missed_week_is_filled_and_what_is_past_is_final(store: Store) -> None:
    publish(store, "chat")
    store.roll_up(at(60))
    store.roll_up(START + timedelta(days=7))
    found = figures_of(store, "chat", START.date() + timedelta(days=7))
    assert sorted(found) == [START.date() + timedelta(days=n) for n in range(8)]
    assert found[START.date()] == Figures({Status.OPERATIONAL: 12 * HOUR})
    assert {found[START.date() + timedelta(days=n)].total for n in range(1, 7)} == {24 * HOUR}
    assert store.roll_up(START + timedelta(days=7, minutes=1)) == 1


def test_a_change_after_a_missed_week_fills_it_too(store: Store) -> None:
    publish(store, "chat")
    later = START + timedelta(days=7)
    move(store, "chat", Status.MAJOR, later, later)
    store.roll_up(later + timedelta(hours=1))
    found = figures_of(store, "chat", later.date())
    assert len(found) == 8
    assert found[later.date()] == Figures({Status.OPERATIONAL: 12 * HOUR, Status.MAJOR: HOUR})


def test_days_before_a_component_was_created_have_no_row(store: Store) -> None:
    publish(store, "chat")
    move(store, "chat", Status.MAJOR, START - timedelta(days=3), at(1))
    store.roll_up(at(60))
    assert figures_of(store, "chat", START.date()) == {START.date(): Figures({Status.MAJOR: HOUR})}


def test_days_before_the_start_date_have_no_row(store: Store) -> None:
    begins = START.date() + timedelta(days=2)
    publish(store, "chat", start_date=begins)
    assert store.roll_up(START + timedelta(days=1)) == 0
    assert store.roll_up(START + timedelta(days=3)) == 2
    assert sorted(figures_of(store, "chat", begins + timedelta(days=1))) == [begins, begins + timedelta(days=1)]


def test_a_clock_that_went_back_does_no_harm(store: Store) -> None:
    publish(store, "chat")
    store.roll_up(START + timedelta(days=2))
    store.roll_up(START + timedelta(days=1))
    store.roll_up(START + timedelta(days=2))
    found = figures_of(store, "chat", START.date() + timedelta(days=2))
    assert [found[day].total for day in sorted(found)] == [12 * HOUR, 24 * HOUR, 12 * HOUR]
