"""The loop with a real store: looking, folding, deciding, storing, and whose fault it was."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from statuspage.core.detection import Belief, Verdict, fold
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.core.refusals import Refused
from statuspage.core.route import Provider, Route, Switchboard
from statuspage.core.site import Component, Site
from statuspage.core.status import Status
from statuspage.core.telling import Destination
from statuspage.monitor.engine import Engine
from statuspage.store import StaleLease, Store
from statuspage.store.observations import BEGINNING, Place, Pruned
from tests.monitor.engines import CLOCK, QUICK, MovedClock, Scripted, running, seen, site_of, statuses, store_at, watch
from tests.waiting import wait_until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = store_at(tmp_path)
    yield found
    found.close()


def kinds(store: Store) -> list[str]:
    return [entry.event.kind for entry in store.journal()]


def refused(name: str) -> Observation:
    return seen(name, Outcome.FAIL, "connect", Reason.CONNECT)


async def test_an_outage_is_detected_back_dated_and_ended(store: Store) -> None:
    chat = Scripted("chat")
    async with running(store, watch("chat", chat)):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        broken_at = CLOCK.now()
        chat.answer = lambda: seen("chat", Outcome.FAIL)
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")
        held = store.state().components["chat"]
        first_bad = next(o for o in reversed(store.recent("chat", 100)) if o.outcome is Outcome.FAIL)
        assert held.since == first_bad.at >= broken_at
        chat.answer = lambda: seen("chat", Outcome.OK)
        await wait_until(lambda: statuses(store)["chat"] == "operational", "recovery")
    assert [k for k in kinds(store) if k == "check.changed"] == ["check.changed"] * 3


async def test_a_first_bad_run_is_confirmed_by_overlapping_runs_long_before_the_next_interval(store: Store) -> None:
    chat, slow = Scripted("chat"), asyncio.Event()

    async def fail_slowly() -> Observation:
        began = CLOCK.now()
        if not slow.is_set():
            return await chat()
        await asyncio.sleep(0.5)
        return replace(seen("chat", Outcome.FAIL), at=began, took_ms=500.0)

    async with running(store, watch("chat", fail_slowly, every="4s", timeout="3s")):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        slow.set()
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")
        bad = sorted(each.at for each in store.recent("chat", 100) if each.outcome is Outcome.FAIL)[:3]
    # Three runs: the second begins when the first has failed, the third does not wait for the second.
    assert bad[1] - bad[0] >= timedelta(milliseconds=500)
    assert bad[2] - bad[1] < timedelta(milliseconds=500)
    assert bad[2] - bad[0] < timedelta(seconds=4)


async def test_never_more_than_three_runs_of_one_check_at_a_time(store: Store) -> None:
    running_now, most, fail = 0, 0, asyncio.Event()

    async def slow() -> Observation:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        try:
            await asyncio.sleep(0.6 if fail.is_set() else 0)
        finally:
            running_now -= 1
        return seen("chat", Outcome.FAIL if fail.is_set() else Outcome.OK)

    async with running(store, watch("chat", slow, every="0.1s", timeout="2s")):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        fail.set()
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")
    assert most == 3


async def test_an_outage_is_seen_after_the_clock_was_moved_back_an_hour(store: Store) -> None:
    clock, chat = MovedClock(), Scripted("chat")
    chat.answer = lambda: replace(seen("chat", Outcome.OK), at=clock.now())
    async with running(store, watch("chat", chat), clock=clock):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        clock.moved = timedelta(hours=-1)
        chat.answer = lambda: replace(seen("chat", Outcome.FAIL), at=clock.now())
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")
        assert store.state().components["chat"].since <= clock.now()
        chat.answer = lambda: replace(seen("chat", Outcome.OK), at=clock.now())
        await wait_until(lambda: statuses(store)["chat"] == "operational", "recovery")


async def test_runs_under_way_during_a_stall_are_blind_and_decisions_rest(store: Store) -> None:
    chat, hold = Scripted("chat"), asyncio.Event()

    async def held() -> Observation:
        began = CLOCK.now()
        if hold.is_set():
            await asyncio.sleep(0.2)
            return replace(seen("chat", Outcome.FAIL), at=began)
        return await chat()

    async with running(store, watch("chat", held, every="0.1s", timeout="1s")) as engine:
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        hold.set()
        await asyncio.sleep(0.15)
        time.sleep(3)  # noqa: ASYNC251 - the loop itself is to stand still
        hold.clear()
        await wait_until(lambda: Outcome.BLIND in {o.outcome for o in store.recent("chat", 50)}, "a blind run")
        assert engine.deciding.lease > 0
        await wait_until(lambda: store.recent("chat", 1)[0].outcome is Outcome.OK, "looking to go on")
        await wait_until(lambda: "monitor.stalled" in kinds(store), "the stall to be journalled as a gap")
    stalled = [each for each in store.recent("chat", 100) if each.reason is Reason.STALLED]
    assert stalled
    assert statuses(store)["chat"] == "operational"


class JoltedClock:
    """A clock that both its sides are moved of: as if this process had stood still so long."""

    def __init__(self) -> None:
        self.moved = timedelta(0)

    def now(self) -> datetime:
        return CLOCK.now() + self.moved

    def monotonic(self) -> float:
        return CLOCK.monotonic() + self.moved.total_seconds()


async def test_when_stalls_follow_each_other_for_five_minutes_people_are_told_once_and_of_the_end(store: Store) -> None:
    clock, chat = JoltedClock(), Scripted("chat")
    looking = watch("chat", chat)
    site = replace(site_of(looking), destinations=(Destination("on-call", "pagerduty", pages=True),))

    def rests() -> list[str]:
        return [kind for kind in kinds(store) if kind in ("monitor.resting", "monitor.deciding")]

    async def stand_still(engine: Engine) -> None:
        before = engine.beliefs.watching_since
        clock.moved += timedelta(seconds=25)
        await wait_until(lambda: engine.beliefs.watching_since > before, "the stall to be noticed")

    async with running(store, looking, clock=clock, site=site, times=replace(QUICK, rest=3.0)) as engine:
        await wait_until(lambda: "operational" in statuses(store).values(), "operational")
        for _ in range(11):
            await stand_still(engine)
        assert rests() == []
        await stand_still(engine)
        await stand_still(engine)
        await wait_until(rests, "people to be told")
        await stand_still(engine)
        await wait_until(lambda: len(rests()) == 2, "the end to be told")
        await stand_still(engine)  # one alone is nothing to be told of
        await wait_until(lambda: kinds(store).count("monitor.stalled") >= 15, "decisions to be taken again")
    assert rests() == ["monitor.resting", "monitor.deciding"]
    told = [each.kind for each in store.outbox.about("monitor")]
    assert sorted(told) == ["monitor.deciding", "monitor.resting"]


async def test_decisions_rest_after_a_stall_while_looking_goes_on(store: Store) -> None:
    chat = Scripted("chat")
    async with running(store, watch("chat", chat), times=replace(QUICK, rest=5.0)):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        time.sleep(3)  # noqa: ASYNC251 - the loop itself is to stand still
        chat.answer = lambda: seen("chat", Outcome.FAIL)
        frozen_until = await wait_until(lambda: store.heartbeats()[0].frozen_until, "the rest to be told")
        assert frozen_until is not None

        def failed() -> list[Observation]:
            return [each for each in store.recent("chat", 100) if each.outcome is Outcome.FAIL]

        await wait_until(lambda: len(failed()) >= 6, "failed looks")
        assert failed()[3].ended_at < frozen_until, "more than enough was seen before the rest was over"
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")
    (decided,) = [each.event for each in store.journal() if each.event.data.get("to") == "major_outage"]
    assert decided.kind == "component.updated"
    assert decided.at >= frozen_until


async def test_numbers_go_on_after_a_restart(store: Store) -> None:
    chat = Scripted("chat")
    for _ in range(2):
        asked = chat.asked
        async with running(store, watch("chat", chat)):
            await wait_until(lambda asked=asked: chat.asked >= asked + 5, "five looks")  # type: ignore[misc]
    numbers = sorted(each.seq for each in store.recent("chat", 1000))
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_monitor_whose_lease_was_taken_ends_and_changes_nothing(store: Store) -> None:
    chat = Scripted("chat")
    checked = watch("chat", chat)
    engine = Engine(store, CLOCK, times=QUICK)
    task = asyncio.get_running_loop().create_task(engine.run(site_of(checked), (checked,), ()))
    await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
    store.take_lease()
    before = len(store.journal())
    chat.answer = lambda: seen("chat", Outcome.FAIL)
    with pytest.raises(StaleLease):
        await asyncio.wait_for(task, 20)
    assert len(store.journal()) == before
    assert statuses(store)["chat"] == "operational"


async def test_a_reload_while_the_database_is_locked_is_not_lost(store: Store, tmp_path: Path) -> None:
    chat, feed = Scripted("chat"), Scripted("feed")
    async with running(store, watch("chat", chat)) as engine:
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        second = (watch("chat", chat), watch("feed", feed))
        lock = sqlite3.connect(tmp_path / "status.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        adopting = asyncio.get_running_loop().create_task(engine.adopt(site_of(*second), second, ()))
        await wait_until(lambda: feed.asked >= 3, "looks at the new check")
        await asyncio.sleep(2.5)
        lock.execute("COMMIT")
        lock.close()
        await adopting
        await wait_until(lambda: statuses(store).get("feed") == "operational", "the new component")


async def test_an_outage_is_not_back_dated_into_the_time_when_nobody_looked(store: Store) -> None:
    chat = Scripted("chat")
    answers = iter([Outcome.OK] * 5 + [Outcome.FAIL])
    gone = asyncio.Event()

    async def one_bad_run_and_then_silence() -> Observation:
        outcome = next(answers, None)
        if outcome is None:
            gone.set()
            await asyncio.Event().wait()
        return seen("chat", outcome or Outcome.BLIND)

    async with running(store, watch("chat", one_bad_run_and_then_silence)):
        await asyncio.wait_for(gone.wait(), 20)
        assert statuses(store)["chat"] == "operational"
    chat.answer = lambda: seen("chat", Outcome.FAIL)
    stopped = CLOCK.now()
    await asyncio.sleep(1.0)
    async with running(store, watch("chat", chat)):
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")
        assert store.state().components["chat"].since > stopped


async def test_what_is_noted_while_the_database_is_locked_is_written_at_the_end(store: Store, tmp_path: Path) -> None:
    chat = Scripted("chat")
    lock = sqlite3.connect(tmp_path / "status.db", isolation_level=None, check_same_thread=False)
    async with running(store, watch("chat", chat, every="0.1s")):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        lock.execute("BEGIN IMMEDIATE")
        asked = chat.asked
        await wait_until(lambda: chat.asked >= asked + 10, "looks")
        unlock = threading.Timer(1.0, lambda: lock.execute("COMMIT"))
        unlock.start()
    unlock.join()
    lock.close()
    assert len(store.recent("chat", 1000)) >= asked + 10


async def test_a_hundred_hung_probes_delay_nobody_else(store: Store) -> None:
    async def hang() -> Observation:
        await asyncio.Event().wait()
        raise AssertionError

    async def hang_and_refuse_to_die() -> Observation:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if done.is_set():
                    raise

    done = asyncio.Event()
    hung = [watch(f"hung-{n}", hang if n else hang_and_refuse_to_die, timeout="5s") for n in range(100)]
    chat, looks = Scripted("chat"), list[float]()

    async def noted() -> Observation:
        looks.append(CLOCK.monotonic())
        return await chat()

    async with running(store, watch("chat", noted, every="0.3s"), *hung) as engine:
        try:
            await wait_until(lambda: store.recent("hung-1", 1), "the hung probe to be given up")
            await wait_until(lambda: len(looks) >= 10, "ten looks at the healthy check")
            assert statuses(store)["chat"] == "operational"
            late = sorted(engine.looking.late_ms)
            assert late[int(len(late) * 0.9)] < 1000
            # A hung run holds its place for six seconds; whoever waited for one would be that late.
            assert max(later - earlier for earlier, later in pairwise(looks)) - 0.3 < 3.0
            assert store.recent("hung-1", 1)[0].reason is Reason.INTERNAL
            assert statuses(store)["hung-1"] == "unknown"
        finally:  # or the engine could not be stopped
            done.set()
            for task in asyncio.all_tasks():
                if task.get_name().startswith("probe hung-"):
                    task.cancel()


async def test_a_probe_that_crashes_is_blind_and_blames_nobody(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    async def crash() -> Observation:
        raise RuntimeError("a bug of ours")

    async with running(store, watch("chat", crash), watch("inbox", Scripted("inbox"))):
        await wait_until(lambda: len(store.recent("chat", 10)) >= 4, "four crashed runs")
        assert {each.outcome for each in store.recent("chat", 10)} == {Outcome.BLIND}
        assert statuses(store)["chat"] == "unknown"
    assert "check chat could not be run 3 times in a row" in caplog.text


async def test_failing_anchors_make_refused_checks_blind_and_the_page_is_told(store: Store) -> None:
    chat, one, two = Scripted("chat"), Scripted("anchor-0"), Scripted("anchor-1")
    anchors = (watch("anchor-0", one), watch("anchor-1", two))
    async with running(store, watch("chat", chat), anchors=anchors):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        chat.answer = lambda: refused("chat")
        one.answer, two.answer = (lambda: refused("anchor-0")), (lambda: refused("anchor-1"))
        await wait_until(lambda: store.heartbeats()[0].blind_since, "the heartbeat to say that we are blind")
        # A run that began while the anchors still answered counts; everything after it must not.
        await wait_until(lambda: [o.outcome for o in store.recent("chat", 8)] == [Outcome.BLIND] * 8, "blind runs")
        assert statuses(store)["chat"] == "operational"
        one.answer, two.answer = (lambda: seen("anchor-0", Outcome.OK)), (lambda: seen("anchor-1", Outcome.OK))
        chat.answer = lambda: seen("chat", Outcome.OK)
        await wait_until(lambda: store.heartbeats()[0].blind_since is None, "sight to return")
    assert "monitor.blind" in kinds(store)
    assert "monitor.recovered" in kinds(store)


async def test_a_target_beside_us_that_goes_on_answering_hides_no_blindness(store: Store) -> None:
    names = ("firebase", "native", "redis")
    looks = {name: Scripted(name) for name in names}
    one, two = Scripted("anchor-0"), Scripted("anchor-1")
    anchors = (watch("anchor-0", one), watch("anchor-1", two))
    async with running(store, *(watch(name, looks[name]) for name in names), anchors=anchors):
        await wait_until(lambda: set(statuses(store).values()) == {"operational"}, "operational")
        cut = {"firebase": looks["firebase"], "native": looks["native"], "anchor-0": one, "anchor-1": two}
        for name, look in cut.items():
            look.answer = lambda name=name: refused(name)  # type: ignore[misc]
        await wait_until(lambda: store.heartbeats()[0].blind_since, "the page to be told that we cannot see")
        since, asked, rounds = store.heartbeats()[0].blind_since, looks["redis"].asked, one.asked
        await wait_until(lambda: looks["redis"].asked >= asked + 6 and one.asked >= rounds + 4, "more answers")
        assert store.heartbeats()[0].blind_since == since
        assert statuses(store)["redis"] == "operational"
        assert "major_outage" not in statuses(store).values()
        for name, look in cut.items():
            look.answer = lambda name=name: seen(name, Outcome.OK)  # type: ignore[misc]
        await wait_until(lambda: store.heartbeats()[0].blind_since is None, "sight to return")
    assert [kind for kind in kinds(store) if kind in ("monitor.blind", "monitor.recovered")] == [
        "monitor.blind",
        "monitor.recovered",
    ]


async def test_a_credential_that_cannot_be_fetched_while_the_anchors_fail_is_no_outage(store: Store) -> None:
    chat, one, two = Scripted("chat"), Scripted("anchor-0"), Scripted("anchor-1")
    anchors = (watch("anchor-0", one), watch("anchor-1", two))
    async with running(store, watch("chat", chat), anchors=anchors):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        one.answer, two.answer = (lambda: refused("anchor-0")), (lambda: refused("anchor-1"))
        await wait_until(lambda: one.asked >= 3, "a failing round of anchors")
        chat.answer = lambda: seen("chat", Outcome.FAIL, "token", Reason.TIMEOUT)
        await wait_until(lambda: [o.outcome for o in store.recent("chat", 8)] == [Outcome.BLIND] * 8, "blind runs")
        assert statuses(store)["chat"] == "operational"
        assert {each.reason for each in store.recent("chat", 8)} == {Reason.ANCHORS}


async def test_everything_down_together_with_anchors_up_is_believed(store: Store) -> None:
    names = ("firebase", "native", "redis")
    looks = {name: Scripted(name) for name in names}
    anchors = tuple(watch(f"anchor-{n}", Scripted(f"anchor-{n}")) for n in range(2))
    async with running(store, *(watch(name, looks[name]) for name in names), anchors=anchors):
        await wait_until(lambda: set(statuses(store).values()) == {"operational"}, "operational")
        for name in names:
            looks[name].answer = lambda name=name: refused(name)  # type: ignore[misc]
        await wait_until(lambda: set(statuses(store).values()) == {"major_outage"}, "all three down")


async def test_a_run_that_got_through_is_evidence_even_with_the_anchors_down(store: Store) -> None:
    chat = Scripted("chat")
    anchors = tuple(watch(f"anchor-{n}", Scripted(f"anchor-{n}", lambda: refused("anchor"))) for n in range(2))
    async with running(store, watch("chat", chat), anchors=anchors):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        chat.answer = lambda: seen("chat", Outcome.FAIL, "upgrade")
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")


async def test_anchors_that_fail_while_every_target_answers_are_no_blindness(store: Store) -> None:
    chat, one = Scripted("chat"), Scripted("anchor-0", lambda: refused("anchor-0"))
    anchors = (watch("anchor-0", one), watch("anchor-1", Scripted("anchor-1", lambda: refused("anchor-1"))))
    async with running(store, watch("chat", chat), anchors=anchors):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        asked = one.asked
        await wait_until(lambda: one.asked >= asked + 6, "six more rounds of anchors")
        assert store.heartbeats()[0].blind_since is None
    assert "monitor.blind" not in kinds(store)


async def test_a_locked_database_loses_nothing_and_blames_nobody(store: Store, tmp_path: Path) -> None:
    chat = Scripted("chat")
    async with running(store, watch("chat", chat, every="0.1s")):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        lock = sqlite3.connect(tmp_path / "status.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        asked = chat.asked
        await wait_until(lambda: chat.asked >= asked + 40, "looking to go on while the database is locked")
        lock.execute("COMMIT")
        lock.close()
        await wait_until(lambda: len(store.recent("chat", 1000)) >= asked + 40, "the observations to be written")
        assert statuses(store)["chat"] == "operational"
    numbers = sorted(each.seq for each in store.recent("chat", 1000))
    assert numbers == list(range(1, len(numbers) + 1))
    assert "component.updated" not in [
        e.event.kind for e in store.journal() if e.event.data.get("to") == "major_outage"
    ]


async def test_an_outage_during_a_locked_database_is_decided_when_it_is_back(store: Store, tmp_path: Path) -> None:
    chat = Scripted("chat")
    async with running(store, watch("chat", chat, every="0.1s")):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        lock = sqlite3.connect(tmp_path / "status.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        chat.answer = lambda: seen("chat", Outcome.FAIL)
        asked = chat.asked
        await wait_until(lambda: chat.asked >= asked + 10, "failed looks")
        lock.execute("COMMIT")
        lock.close()
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")


async def test_a_restart_goes_on_where_it_stopped_and_leaves_one_neutral_gap(store: Store) -> None:
    chat = Scripted("chat", lambda: seen("chat", Outcome.FAIL))
    async with running(store, watch("chat", chat)):
        await wait_until(lambda: statuses(store).get("chat") == "major_outage", "the outage")
    before = store.state().components["chat"]
    journalled = len(store.journal())
    async with running(store, watch("chat", chat)):
        await wait_until(lambda: "monitor.started" in kinds(store)[journalled:], "the start")
        asked = chat.asked
        await wait_until(lambda: chat.asked >= asked + 6, "some more looks")
        assert statuses(store)["chat"] == "major_outage"
    assert before.status is Status.MAJOR
    assert kinds(store)[journalled:] == ["monitor.started"]


async def test_what_is_stored_folds_to_what_is_believed(store: Store) -> None:
    letters = iter("ooofofffsooofofo" * 20)

    def next_answer() -> Observation:
        letter = next(letters)
        return seen("chat", {"o": Outcome.OK, "s": Outcome.SLOW, "f": Outcome.FAIL}[letter])

    chat = Scripted("chat", next_answer)
    checked = watch("chat", chat, every="0.05s")
    async with running(store, checked):
        await wait_until(lambda: chat.asked >= 40, "forty looks")
    stored = store.beliefs("local")["chat"]
    rules = checked.check.rules
    twin = fold(Belief("chat", "local", since=stored.since), reversed(store.recent("chat", 1000)), rules)
    resumed = fold(stored, store.observations_after("local", {"chat": stored.folded}), rules)
    assert (resumed.verdict, resumed.window, resumed.folded) == (twin.verdict, twin.window, twin.folded)


async def test_decisions_get_in_between_while_old_observations_are_removed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [replace(seen("chat", Outcome.OK), at=CLOCK.now() - timedelta(days=8), seq=n) for n in range(1, 401)]
    store.append(old)
    store.save_beliefs([Belief("chat", "local", folded=400)])
    prune, chat = store.prune, Scripted("chat")

    def one_slow_row(now: datetime, keep: timedelta, place: Place = BEGINNING) -> Pruned:
        time.sleep(0.05)
        return prune(now, keep, place, batch=1)

    monkeypatch.setattr(store, "prune", one_slow_row)
    async with running(store, watch("chat", chat), times=replace(QUICK, prune=0.1)):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        await wait_until(lambda: len(store.recent("chat", 1000)) < 400, "the first rows to go")
        chat.answer = lambda: seen("chat", Outcome.FAIL)
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "the outage")
        assert [each for each in store.recent("chat", 2000) if each.seq <= 400], "the rest of the old rows"


async def test_a_reload_keeps_beliefs_and_archives_what_left(store: Store) -> None:
    chat, inbox, feed = Scripted("chat"), Scripted("inbox"), Scripted("feed")
    first = (watch("chat", chat), watch("inbox", inbox))
    async with running(store, *first) as engine:
        await wait_until(lambda: set(statuses(store).values()) == {"operational"}, "operational")
        second = (watch("chat", chat), watch("feed", feed))
        await engine.adopt(site_of(*second), second, ())
        await wait_until(lambda: statuses(store).get("feed") == "operational", "the new check")
        asked = inbox.asked
        await wait_until(lambda: feed.asked >= 4, "more looks")
        assert inbox.asked == asked
    assert store.state().site == site_of(*second)


async def test_a_check_without_fresh_runs_becomes_unknown_and_not_down(store: Store) -> None:
    chat, inbox = Scripted("chat"), Scripted("inbox")
    quick = watch("chat", chat, every="0.1s", timeout="50ms")
    async with running(store, quick, watch("inbox", inbox)) as engine:
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        object.__setattr__(engine.beliefs.rules("chat"), "stale_after", quick.check.head.every)
        chat.answer = lambda: seen("chat", Outcome.BLIND, "connect", Reason.NO_ROUTE)
        await wait_until(lambda: statuses(store)["chat"] == "unknown", "unknown")
        held = store.state().components["chat"]
        assert held.confirmed is Status.OPERATIONAL
    assert Verdict.DOWN.value not in [e.event.data.get("to") for e in store.journal()]


async def test_a_refused_configuration_changes_nothing_and_the_monitor_goes_on(store: Store) -> None:
    chat, inbox = Scripted("chat"), Scripted("inbox")
    first = (watch("chat", chat),)
    sockets = (Provider("p", "P", "chat"), Provider("q", "Q", "chat"))

    def routed(*prefer: str) -> Site:
        site = site_of(*first)
        module = Component("module", "Module", 9)
        board = Switchboard(sockets, (Route("r", "module", prefer),))
        return replace(site, components=(*site.components, module), switchboard=board)

    async with running(store, *first) as engine:
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        await engine.adopt(routed("p", "q"), first, ())
        await wait_until(lambda: "r" in store.state().routes, "the route")
        second = (watch("chat", chat), watch("inbox", inbox))
        with pytest.raises(Refused, match="does not name"):
            await engine.adopt(routed("q"), second, ())
        assert inbox.asked == 0
        chat.answer = lambda: seen("chat", Outcome.FAIL)
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "a decision after the refusal")
    assert store.state().site == routed("p", "q")


async def test_a_monitor_starts_with_a_configuration_that_is_refused_and_keeps_the_published_one(store: Store) -> None:
    chat = Scripted("chat")
    sockets = (Provider("p", "P", "chat"), Provider("q", "Q", "chat"))
    module = Component("module", "Module", 9)
    published = site_of(watch("chat", chat))
    published = replace(
        published,
        components=(*published.components, module),
        switchboard=Switchboard(sockets, (Route("r", "module", ("p", "q")),)),
    )
    async with running(store, watch("chat", chat), site=published):
        await wait_until(lambda: "r" in store.state().routes, "the route")
    lost = replace(published, switchboard=Switchboard(sockets, (Route("r", "module", ("q",)),)))
    async with running(store, watch("chat", chat), site=lost):
        chat.answer = lambda: seen("chat", Outcome.FAIL)
        await wait_until(lambda: statuses(store)["chat"] == "major_outage", "a decision")
    assert store.state().site == published
