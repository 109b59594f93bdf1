"""Spans: back-dated changes, gaps, and the law that the last word on a stretch of time holds."""

import itertools
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statuspage.core.state import Change, Decision, Held, State
from statuspage.core.status import Status
from statuspage.core.uptime import Figures
from statuspage.store import Store, spans
from tests.databases import START
from tests.store.values import at, figures_of, history, move, publish


def test_a_change_closes_the_present_span_and_opens_a_new_one(store: Store) -> None:
    publish(store, "chat", "voice")
    move(store, "chat", Status.DEGRADED, at(5), at(6))
    assert history(store, "chat") == [(Status.OPERATIONAL, START, at(5)), (Status.DEGRADED, at(5), None)]
    assert history(store, "voice") == [(Status.OPERATIONAL, START, None)]


def test_a_back_dated_change_trims_and_removes_what_it_overlaps(store: Store) -> None:
    publish(store, "chat")
    move(store, "chat", Status.DEGRADED, at(5), at(6))
    move(store, "chat", Status.OPERATIONAL, at(7), at(8))
    move(store, "chat", Status.MAJOR, at(4), at(9))
    assert history(store, "chat") == [(Status.OPERATIONAL, START, at(4)), (Status.MAJOR, at(4), None)]
    assert figures_of(store, "chat", START.date())[START.date()] == Figures(
        {Status.OPERATIONAL: 4 * 60, Status.MAJOR: 5 * 60}
    )


def test_a_change_back_dated_over_midnight_corrects_both_days(store: Store) -> None:
    publish(store, "chat")
    midnight = START.replace(hour=0) + timedelta(days=1)
    store.roll_up(midnight + timedelta(hours=2))
    move(store, "chat", Status.MAJOR, midnight - timedelta(hours=1), midnight + timedelta(hours=2))
    found = figures_of(store, "chat", midnight.date())
    assert found[START.date()] == Figures({Status.OPERATIONAL: 11 * 3600, Status.MAJOR: 3600})
    assert found[midnight.date()] == Figures({Status.MAJOR: 2 * 3600})


def test_a_gap_is_unknown_and_the_present_status_goes_on_behind_it(store: Store) -> None:
    publish(store, "chat", "voice")
    move(store, "chat", Status.MAJOR, at(5), at(5))
    store.transact(lambda _: Decision(gap=(at(10), at(20))), at(20))
    assert history(store, "chat") == [
        (Status.OPERATIONAL, START, at(5)),
        (Status.MAJOR, at(5), at(10)),
        (Status.UNKNOWN, at(10), at(20)),
        (Status.MAJOR, at(20), None),
    ]
    assert store.state().components["chat"].since == at(5)
    store.roll_up(at(30))
    expected = Figures({Status.OPERATIONAL: 300, Status.MAJOR: 900, Status.UNKNOWN: 600})
    assert figures_of(store, "chat", START.date()) == {START.date(): expected}
    voice = Figures({Status.OPERATIONAL: 20 * 60, Status.UNKNOWN: 10 * 60})
    assert figures_of(store, "voice", START.date()) == {START.date(): voice}


def test_a_gap_swallows_a_span_inside_it_and_keeps_what_reaches_beyond(store: Store) -> None:
    publish(store, "chat")
    move(store, "chat", Status.DEGRADED, at(11), at(12))
    move(store, "chat", Status.PARTIAL, at(13), at(14))
    store.transact(lambda _: Decision(gap=(at(10), at(12))), at(20))
    assert history(store, "chat") == [
        (Status.OPERATIONAL, START, at(10)),
        (Status.UNKNOWN, at(10), at(12)),
        (Status.DEGRADED, at(12), at(13)),
        (Status.PARTIAL, at(13), None),
    ]


def test_a_gap_and_a_change_of_one_decision_agree(store: Store) -> None:
    publish(store, "chat")

    def command(state: State) -> Decision:
        change = Change("chat", state.components["chat"].status, Status.MAJOR, at(15))
        return Decision(changes=(change,), gap=(at(10), at(20)))

    store.transact(command, at(20))
    assert history(store, "chat") == [
        (Status.OPERATIONAL, START, at(10)),
        (Status.UNKNOWN, at(10), at(20)),
        (Status.MAJOR, at(20), None),
    ]


def test_no_gap_is_older_than_its_component(store: Store) -> None:
    publish(store, "chat")
    store.transact(lambda _: Decision(gap=(at(-60), at(1))), at(1))
    assert history(store, "chat") == [(Status.UNKNOWN, START, at(1)), (Status.OPERATIONAL, at(1), None)]


_names = itertools.count()

Stroke = tuple[Status, int, int | None]
_stroke = st.tuples(st.sampled_from(list(Status)), st.integers(0, 20), st.one_of(st.none(), st.integers(0, 24)))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strokes=st.lists(_stroke, max_size=8))
def test_the_last_word_on_every_minute_holds(store: Store, strokes: list[Stroke]) -> None:
    name = f"c{next(_names)}"
    held = Held(name, Status.OPERATIONAL, START, created_at=START)
    store.transact(lambda _: Decision(created=(held,)), START)
    minutes = [Status.OPERATIONAL] * 30
    for status, started, ended in strokes:
        end = None if ended is None else at(ended)
        _paint(store, name, status, at(started), end)
        stop = 30 if ended is None else ended
        minutes[started:stop] = [status] * max(stop - started, 0)

    found = history(store, name)
    assert [_status_at(found, at(minute + 0.5)) for minute in range(30)] == minutes
    for (_, started_at, ended_at), (_, following, _) in itertools.pairwise(found):
        assert ended_at == following
        assert started_at < following
    assert found[-1][2] is None


def _paint(store: Store, name: str, status: Status, started: datetime, ended: datetime | None) -> None:
    store._database.write(lambda connection: spans.paint(connection, name, status, started, ended))


def _status_at(found: list[tuple[Status, datetime, datetime | None]], moment: datetime) -> Status:
    (status,) = [s for s, started, ended in found if started <= moment and (ended is None or moment < ended)]
    return status
