"""Beacons: taken from anybody, counted in memory, brought to the store by a thread of the worker."""

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from statuspage.clock import SystemClock
from statuspage.core.felt import Beacon, Counts, Outcome, Stretch
from statuspage.store import Store, StoreBusy
from statuspage.web.app import create_app
from statuspage.web.bundle import build
from statuspage.web.counting import KEPT, Bringer, Counted, Counting
from statuspage.web.middleware import serve_first
from statuspage.web.shown import Shown
from tests.databases import database_url, postgres, postgres_url, sqlite_url, store
from tests.web.routed import CHAT, QA, Routed, serving
from tests.web.served import SetClock, eventually

__all__ = ["database_url", "postgres", "postgres_url", "sqlite_url", "store"]

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SAID: dict[str, Any] = {"p": "native", "r": CHAT, "e": 1, "o": "ok", "ms": 62}


class Site:
    """The application in this process, with its counts."""

    def __init__(self, folder: Path) -> None:
        routed = Routed(folder)
        now = datetime.now(UTC)
        snapshot = routed.store.snapshot(now)
        assert snapshot is not None
        routed.store.close()
        self.clock = SetClock(START)
        self.counting = Counting(self.clock)
        self.shown = Shown("https://status.example.com")
        app = create_app(self.shown, folder / "public", self.clock, counting=self.counting)
        self.client = Client(serve_first(self.shown, app), use_cookies=False)
        self.shown.swap(build(folder / "public", snapshot, now))

    def send(self, body: Any = None, **more: Any) -> TestResponse:
        """A beacon with something else in it, or just any bytes."""
        data = body if isinstance(body, bytes) else json.dumps({**SAID, **(body or {})}, separators=(",", ":")).encode()
        return self.client.post("/beacon", data=data, **more)

    def counted(self) -> tuple[Counted, ...]:
        """What has been counted, as soon as it will not change."""
        self.clock.advance(10)
        return self.counting.finished()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# --- the address --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", "application/json", None])
def test_a_beacon_is_taken_whatever_it_calls_itself(site: Site, content_type: str | None) -> None:
    answer = site.send(content_type=content_type)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.counted() == (("native", Stretch(START, Counts(ok=1, within=(0, 1, *(0,) * 8)))),)


def test_another_page_may_ask_whether_it_may(site: Site) -> None:
    answer = site.client.open("/beacon", method="OPTIONS", headers={"Origin": "https://app.example.com"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_nothing_else_is_answered_there(site: Site, method: str) -> None:
    answer = site.client.open("/beacon", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    assert (answer.data == b"") is (method == "HEAD")


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        (b"", "", "is not JSON"),
        (b"\xff\xfe", "", "is not UTF-8"),
        (b"[]", "document", "must be an object"),
        (b"[" * 150, "", "nested deeper"),
        (b'{"p":"native","p":"x"}', "p", "is given twice"),
        ({"o": "splendid"}, "o", "must be one of ok, timeout, refused, limited"),
        ({"ms": "fast"}, "ms", "must be a number"),
        ({"ms": 10**20}, "ms", "is not a number that can be kept"),
        ({"e": 1.5}, "e", "must be a whole number"),
        ({"p": "a\x00"}, "p", "NUL"),
        ({"id": "ana"}, "id", "is not known here"),
        (json.dumps({**SAID, "ms": 1}).encode().replace(b"1}", b"NaN}"), "ms", "is not a number"),
    ],
)
def test_what_is_wrong_is_named(site: Site, body: Any, field: str, detail: str) -> None:
    answer = site.send(body)
    found = json.loads(answer.data)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json; charset=utf-8")
    assert found.get("field", "") == field
    assert detail in found["detail"]
    assert site.counted() == ()


def test_a_length_that_is_no_number_is_refused(site: Site) -> None:
    answer = site.client.post("/beacon", environ_overrides={"CONTENT_LENGTH": "many"})
    assert (answer.status_code, json.loads(answer.data)["field"]) == (400, "Content-Length")


@pytest.mark.parametrize(("length", "status"), [(200, 204), (201, 413)])
def test_a_beacon_has_two_hundred_bytes_at_most(site: Site, length: int, status: int) -> None:
    body = json.dumps(SAID).encode()
    assert site.send(body + b" " * (length - len(body))).status_code == status
    assert len(site.counted()) == (status == 204)


@pytest.mark.parametrize(
    "said", [{"p": "redis"}, {"r": "cache.main"}, {"p": "limited", "o": "limited"}, {"p": "", "r": ""}]
)
def test_what_is_not_there_is_taken_and_forgotten(site: Site, said: dict[str, str]) -> None:
    assert site.send(said).status_code == 204
    assert site.counted() == ()


def test_before_there_are_directives_nothing_is_kept(tmp_path: Path) -> None:
    clock = SetClock(START)
    counting = Counting(clock)
    client = Client(create_app(Shown(), tmp_path, clock, counting=counting))
    assert client.post("/beacon", data=json.dumps(SAID)).status_code == 204
    clock.advance(10)
    assert counting.finished() == ()


# --- counting -----------------------------------------------------------------------------------------------------


def beacon(provider: str = "native", outcome: Outcome = Outcome.REFUSED) -> Beacon:
    return Beacon(provider, CHAT, 1, outcome, 10)


def test_beacons_are_counted_by_provider_and_slot(site: Site) -> None:
    for said in ({}, {"o": "timeout", "ms": 8000}, {"r": QA, "ms": 9000}, {"p": "firebase", "o": "refused"}):
        site.send(said)
    site.clock.advance(10)
    site.send({"o": "limited"})
    assert site.counting.finished() == (
        ("firebase", Stretch(START, Counts(refused=1))),
        ("native", Stretch(START, Counts(ok=2, timeout=1, within=(0, 1, *(0,) * 7, 1)))),
    )
    assert site.counted()[-1] == ("native", Stretch(START + timedelta(seconds=10), Counts(limited=1)))


def test_a_slot_that_goes_on_is_not_finished(site: Site) -> None:
    site.send()
    assert site.counting.finished() == ()
    site.clock.advance(9.999)
    assert site.counting.finished() == ()


def test_a_flood_is_a_handful_of_numbers(site: Site) -> None:
    for n in range(2000):
        site.send({"p": "native" if n % 2 else f"x{n}", "e": n})
    assert len(site.counting._counts) == 1
    ((_, slot),) = site.counted()
    assert slot.counts.ok == 1000


def test_while_the_store_takes_nothing_some_minutes_are_kept_and_the_oldest_go() -> None:
    clock = SetClock(START)
    counting = Counting(clock)
    for _ in range(3 * KEPT):
        counting.count(beacon())
        clock.advance(10)
    found = counting.finished()
    assert len(found) == KEPT
    assert found[-1][1].at == clock.at - timedelta(seconds=10)


@pytest.mark.parametrize("back", [5, 120])
def test_a_clock_that_is_set_back_opens_no_finished_slot(back: float) -> None:
    clock = SetClock(START)
    counting = Counting(clock)
    counting.count(beacon())
    clock.advance(10)
    brought = counting.finished()
    counting.forget(brought)
    counting.count(beacon())
    clock.advance(-back)
    counting.count(beacon())
    clock.advance(back + 10)
    found = counting.finished()
    assert [(each.at, each.counts.refused) for _, each in found] == [(START + timedelta(seconds=10), 2)]


# --- bringing -----------------------------------------------------------------------------------------------------


class Sink:
    """A store that may be away."""

    def __init__(self) -> None:
        self.is_away, self.brought, self.closed = False, list[tuple[str, Sequence[Counted]]](), False

    def add_felt(self, worker: str, counted: Sequence[Counted]) -> None:
        if self.is_away:
            raise StoreBusy("the database is locked")
        self.brought.append((worker, counted))

    def close(self) -> None:
        self.closed = True


def test_finished_slots_are_brought_once(site: Site) -> None:
    sink = Sink()
    bringer = Bringer(site.counting, lambda: sink)
    bringer.tick()
    site.send()
    bringer.tick()
    assert sink.brought == []
    site.clock.advance(10)
    bringer.tick()
    bringer.tick()
    assert [len(counted) for _, counted in sink.brought] == [1]


def test_a_store_that_is_away_loses_nothing_and_is_complained_of_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Sink()
    bringer = Bringer(site.counting, lambda: sink)
    sink.is_away = True
    for _ in range(3):
        site.send()
        site.clock.advance(10)
        bringer.tick()
    sink.is_away = False
    bringer.tick()
    assert [len(counted) for _, counted in sink.brought] == [3]
    assert len([each for each in caplog.records if "waits for the store" in each.message]) == 1


def test_two_workers_bring_the_same_slot(store: Store) -> None:
    clock = SetClock(START)
    for _ in range(2):
        counting = Counting(clock)
        counting.count(beacon())
        counting.count(beacon("firebase"))
        clock.advance(10)
        Bringer(counting, lambda: store).tick()
        clock.advance(-10)
    found = store.state(START + timedelta(seconds=10)).felt
    assert found["native"] == (Stretch(START, Counts(refused=2)),)
    assert found["firebase"] == (Stretch(START, Counts(refused=2)),)


def test_what_is_finished_is_brought_at_the_end() -> None:
    clock, sink = SetClock(START), Sink()
    counting = Counting(clock)
    bringer = Bringer(counting, lambda: sink)
    bringer.start()
    counting.count(beacon())
    clock.advance(10)
    bringer.stop()
    bringer.join(10)
    assert sum(len(counted) for _, counted in sink.brought) == 1
    assert sink.closed


def test_beacons_from_many_threads_are_all_counted() -> None:
    counting = Counting(SystemClock())

    def send() -> None:
        for _ in range(200):
            counting.count(beacon())

    threads = [threading.Thread(target=send) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(counts.refused for counts in counting._counts.values()) == 1600


# --- as it is served ----------------------------------------------------------------------------------------------


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[Routed]:
    found = Routed(tmp_path)
    yield found
    found.store.close()


def test_a_worker_brings_what_it_counts_and_no_request_waits_for_the_store(tmp_path: Path, routed: Routed) -> None:
    import sqlite3
    from http.client import HTTPConnection
    from time import perf_counter

    with serving(tmp_path, routed) as web:

        def send(body: bytes = json.dumps(SAID).encode()) -> int:
            connection = HTTPConnection("127.0.0.1", web.port, timeout=10)
            connection.request("POST", "/beacon", body, {"Content-Type": "text/plain"})
            status = connection.getresponse().status
            connection.close()
            return status

        assert send() == 204
        assert send(b"x" * 100_000) == 413
        lock = sqlite3.connect(tmp_path / "statuspage.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        begun = perf_counter()
        assert {send() for _ in range(20)} == {204}
        assert perf_counter() - begun < 2
        lock.close()

        def told() -> int:
            felt = routed.store.state(datetime.now(UTC)).felt
            return sum(each.counts.ok for each in felt.get("native", ()))

        eventually(lambda: told() == 21, 40)
