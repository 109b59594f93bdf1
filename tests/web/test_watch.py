"""The keeper with a real SQLite database: who builds, when, and what happens when the database is gone."""

import errno
import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statuspage.core.state import Heartbeat
from statuspage.core.status import Status
from statuspage.store import Head, open_store
from statuspage.web.bundle import Bundle, build, current_name
from statuspage.web.feed import LOCAL_PERIOD, is_due, is_news
from statuspage.web.shown import Shown
from statuspage.web.watch import Built, Keeper, needs_building, read_reading
from tests.web.served import SetClock, beat, eventually, move, seeded_store
from tests.web.snapshots import NOW, make_maintenance, make_site, make_snapshot


def start() -> datetime:
    return datetime(2026, 11, 23, 14, 32, 11, tzinfo=UTC)


@contextmanager
def keeper(public: Path, address: str, clock: SetClock) -> Iterator[tuple[Keeper, Shown]]:
    """A running worker's keeper and what it shows."""
    shown = Shown()
    made = Keeper(public, shown, clock, lambda: open_store(address), LOCAL_PERIOD)
    made.start()
    try:
        yield made, shown
    finally:
        made.stop()
        made.join()


def front(shown: Shown) -> str:
    answer = shown.table.get("/")
    return answer.plain.body[0].decode() if answer is not None else ""


def test_a_change_in_the_database_is_on_the_page_within_moments(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    with keeper(tmp_path / "public", address, SetClock(start())) as (_, shown):
        eventually(lambda: "All Systems Operational" in front(shown))
        move(store, "inbox", Status.OPERATIONAL, Status.MAJOR, start())
        eventually(lambda: "Partial System Outage" in front(shown))
    store.close()


def test_one_worker_builds_and_the_other_loads_the_same_bytes(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    public, clock = tmp_path / "public", SetClock(start())
    with ExitStack() as workers:
        first, one = workers.enter_context(keeper(public, address, clock))
        eventually(lambda: front(one))
        second, two = workers.enter_context(keeper(public, address, clock))
        eventually(lambda: front(two))
        assert (first.is_builder, second.is_builder) == (True, False)
        move(store, "inbox", Status.OPERATIONAL, Status.MAJOR, start())
        eventually(lambda: "Partial System Outage" in front(two))
        eventually(lambda: one.table["/"].gzip == two.table["/"].gzip)
    store.close()


def test_when_the_builder_ends_another_worker_takes_over(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    public, clock = tmp_path / "public", SetClock(start())
    with ExitStack() as workers:
        first, one = workers.enter_context(keeper(public, address, clock))
        eventually(lambda: front(one))
        second, two = workers.enter_context(keeper(public, address, clock))
        first.stop()
        eventually(lambda: second.is_builder)
        move(store, "inbox", Status.OPERATIONAL, Status.MAJOR, start())
        eventually(lambda: "Partial System Outage" in front(two))
    store.close()


def test_a_silent_monitor_turns_the_page_stale_by_our_own_clock_and_a_new_beat_turns_it_back(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    clock = SetClock(start())
    with keeper(tmp_path / "public", address, clock) as (_, shown):
        eventually(lambda: "All Systems Operational</h1>" in front(shown))
        clock.advance(21)
        eventually(lambda: "This page is out of date: last sign of life of our monitor at" in front(shown))
        beat(store, clock.now())
        clock.advance(1)
        eventually(lambda: "All Systems Operational</h1>" in front(shown))
    store.close()


def test_signs_of_life_are_news_when_they_change_what_is_said_or_when_the_old_ones_age() -> None:
    def sign(age: float, blind: bool = False) -> tuple[Heartbeat, ...]:
        at = start() - timedelta(seconds=age)
        return (Heartbeat("main", at, at, at, blind_since=at if blind else None),)

    assert not is_news(sign(6), sign(1), start())
    assert is_news(sign(11), sign(1), start())
    assert is_news(sign(21), sign(1), start())
    assert is_news(sign(2), sign(1, blind=True), start())
    assert is_news((), sign(1), start())
    assert not is_news(sign(30), sign(30), start())


def test_a_database_that_vanishes_leaves_the_page_up_and_then_stale(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    public, clock = tmp_path / "public", SetClock(start())
    with keeper(public, address, clock) as (_, shown):
        eventually(lambda: front(shown))
        store.close()
        for file in tmp_path.glob("statuspage.db*"):
            file.unlink()
        eventually(lambda: (reading := read_reading(public)) is not None and reading.error is not None)
        assert "All Systems Operational</h1>" in front(shown)
        clock.advance(21)
        eventually(lambda: "No Fresh Data</h1>" in front(shown))


def test_a_web_restarted_without_its_database_serves_the_last_page_marked_stale(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    public = tmp_path / "public"
    with keeper(public, address, SetClock(start())) as (_, shown):
        eventually(lambda: front(shown))
    store.close()
    for file in tmp_path.glob("statuspage.db*"):
        file.unlink()
    later = SetClock(start() + timedelta(minutes=5))
    with keeper(public, address, later) as (_, shown):
        eventually(lambda: "This page is out of date" in front(shown))
        assert "Before that: All Systems Operational." in front(shown)


def test_without_a_database_and_without_a_bundle_there_is_nothing_but_the_assets(tmp_path: Path) -> None:
    public = tmp_path / "public"
    with keeper(public, f"sqlite:///{tmp_path / 'none.db'}", SetClock(start())) as (_, shown):
        eventually(lambda: (reading := read_reading(public)) is not None and reading.error is not None)
        assert shown.bundle is None
        assert all(path.startswith("/static/") for path in shown.table)
    assert not (tmp_path / "none.db").exists()


def test_a_disk_that_refuses_leaves_the_last_page(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    public, clock = tmp_path / "public", SetClock(start())
    with keeper(public, address, clock) as (made, shown):
        eventually(lambda: front(shown))
        name = current_name(public)
        (public / f"{store.head().generation}-2-2").write_text("in the way")
        move(store, "inbox", Status.OPERATIONAL, Status.MAJOR, start())
        eventually(lambda: (reading := read_reading(public)) is not None and reading.at >= start())
        assert made.is_alive()
        assert current_name(public) == name
        assert "All Systems Operational" in front(shown)
        (public / f"{store.head().generation}-2-2").unlink()
        eventually(lambda: "Partial System Outage" in front(shown))
    store.close()


def test_where_the_folder_cannot_be_written_the_last_page_is_shown_and_turns_stale(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address, store = seeded_store(tmp_path, start())
    public, clock = tmp_path / "public", SetClock(start())
    with keeper(public, address, clock) as (_, shown):
        eventually(lambda: front(shown))
    (public / ".lock").unlink()
    (public / ".lock").mkdir()  # no modes: root may write whatever they say
    with keeper(public, address, clock) as (made, shown):
        eventually(lambda: "All Systems Operational</h1>" in front(shown))
        clock.advance(21)
        eventually(lambda: "No Fresh Data</h1>" in front(shown))
        assert not made.is_builder
        said = f"pages cannot be written to {public}, the last ones are shown: Is a directory"
        assert [each.getMessage() for each in caplog.records] == [said]
        (public / ".lock").rmdir()
        beat(store, clock.at)
        eventually(lambda: made.is_builder and "All Systems Operational</h1>" in front(shown))
    store.close()


def test_a_snapshot_is_read_on_a_new_revision_a_new_slice_and_a_known_moment() -> None:
    snapshot = make_snapshot(now=start())
    same, newer = Head("g4k2x9", 7, 0), Head("g4k2x9", 8, 0)
    assert is_due(None, same, start())
    assert not is_due(snapshot, same, start() + timedelta(seconds=5))
    assert is_due(snapshot, newer, start())
    assert is_due(snapshot, Head("another", 7, 0), start())
    assert is_due(snapshot, same, start() + timedelta(seconds=9))


def test_a_page_is_built_again_when_the_same_snapshot_reads_differently() -> None:
    snapshot = make_snapshot(now=start(), beat=start())
    built = Built(snapshot, start())
    assert needs_building(None, snapshot, start())
    assert needs_building(built, make_snapshot(now=start(), beat=start()), start())
    assert not needs_building(built, snapshot, start() + timedelta(seconds=20))
    assert needs_building(built, snapshot, start() + timedelta(seconds=21))


def test_midnight_of_the_sites_zone_and_maintenance_edges_are_known_moments() -> None:
    eve = datetime(2026, 11, 23, 10, 59, 58, tzinfo=UTC)  # two seconds before midnight in Auckland
    snapshot = make_snapshot(now=eve, beat=eve, site=make_site(time_zone="Pacific/Auckland"))
    assert not needs_building(Built(snapshot, eve), snapshot, eve + timedelta(seconds=1))
    assert needs_building(Built(snapshot, eve), snapshot, eve + timedelta(seconds=2))
    work = make_maintenance("Inbox moves", start() + timedelta(seconds=3), components=["inbox"])
    planned = make_snapshot(now=start(), beat=start(), maintenances=[work])
    assert not needs_building(Built(planned, start()), planned, start() + timedelta(seconds=2))
    assert needs_building(Built(planned, start()), planned, start() + timedelta(seconds=3))


def test_a_bundle_of_a_foreign_snapshot_is_served_as_it_is(tmp_path: Path) -> None:
    name = build(tmp_path, make_snapshot(), NOW).name
    (tmp_path / name / "snapshot.json").unlink()
    with keeper(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", SetClock(NOW)) as (_, shown):
        eventually(lambda: "All Systems Operational" in front(shown))


def refuse(*_: object) -> Bundle:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_keeps_no_other_worker_green_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address, store = seeded_store(tmp_path, start())
    public, clock = tmp_path / "public", SetClock(start())
    with ExitStack() as workers:
        _, one = workers.enter_context(keeper(public, address, clock))
        eventually(lambda: "All Systems Operational</h1>" in front(one))
        second, two = workers.enter_context(keeper(public, address, clock))
        eventually(lambda: "All Systems Operational</h1>" in front(two))
        monkeypatch.setattr("statuspage.web.watch.build", refuse)
        clock.at = start() + timedelta(seconds=60)
        eventually(lambda: "No Fresh Data</h1>" in front(two))
        assert not second.is_builder
        monkeypatch.undo()
        beat(store, clock.at)
        clock.advance(1)
        eventually(lambda: "All Systems Operational</h1>" in front(two))
        eventually(lambda: one.table["/"].gzip == two.table["/"].gzip)
    store.close()


def test_a_builder_that_is_stopped_and_keeps_its_lock_keeps_nobody_green(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path, start())
    public, clock = tmp_path / "public", SetClock(start())
    with keeper(public, address, clock) as (_, shown):
        eventually(lambda: front(shown))
    with (public / ".lock").open("rb") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with keeper(public, address, clock) as (made, shown):
            eventually(lambda: "All Systems Operational</h1>" in front(shown))
            clock.advance(21)
            eventually(lambda: "No Fresh Data</h1>" in front(shown))
            assert not made.is_builder
            beat(store, clock.at)
            fcntl.flock(stopped, fcntl.LOCK_UN)
            eventually(lambda: "All Systems Operational</h1>" in front(shown))
            eventually(lambda: made.is_builder)
    store.close()


def test_a_full_disk_does_not_keep_the_page_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address, store = seeded_store(tmp_path, start())
    clock = SetClock(start())
    with keeper(tmp_path / "public", address, clock) as (_, shown):
        eventually(lambda: "All Systems Operational" in front(shown))
        monkeypatch.setattr("statuspage.web.watch.build", refuse)
        clock.at = start() + timedelta(seconds=60)
        eventually(lambda: "No Fresh Data" in front(shown))
        monkeypatch.undo()
        beat(store, clock.at)
        clock.advance(1)
        eventually(lambda: "All Systems Operational" in front(shown))
    store.close()
