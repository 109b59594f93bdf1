"""What follows from an answer: the table, and the laws of the schedule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.retrying import (
    DELAYS,
    GIVE_UP_AFTER,
    JITTER,
    LATER,
    MOST_RETRY_AFTER,
    TROUBLES,
    Answer,
    Dead,
    Delivered,
    Disable,
    Retry,
    Trouble,
    overtaken,
    pointless,
    schedule,
)
from statuspage.core.telling import MessageState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

WANTED: dict[int | Trouble, type[object]] = {
    **dict.fromkeys((200, 201, 202, 204, 299), Delivered),
    **dict.fromkeys((408, 425, 429, 500, 502, 503, 504, 599), Retry),
    **dict.fromkeys((300, 301, 302, 304, 307, 308), Dead),
    **dict.fromkeys((400, 401, 403, 404, 405, 409, 413, 415, 418, 422, 451), Dead),
    410: Disable,
    **dict.fromkeys((Trouble.TIMEOUT, Trouble.DNS, Trouble.CONNECTION, Trouble.TLS, Trouble.PROTOCOL), Retry),
    **dict.fromkeys((Trouble.GUARD, Trouble.INTERNAL), Dead),
}

statuses = st.one_of(st.none(), st.integers(100, 999))
answers = st.builds(
    Answer,
    status=statuses,
    trouble=st.sampled_from(list(Trouble)),
    retry_after=st.one_of(st.none(), st.floats(-1e9, 1e9)),
)


def answer_of(what: int | Trouble) -> Answer:
    return Answer(trouble=what) if isinstance(what, Trouble) else Answer(status=what)


@pytest.mark.parametrize("what", WANTED, ids=str)
def test_every_answer_has_its_outcome(what: int | Trouble) -> None:
    assert isinstance(schedule(1, NOW, answer_of(what), NOW, 0.0), WANTED[what])


def test_every_trouble_is_in_the_table() -> None:
    assert set(TROUBLES) == set(Trouble)
    assert {each for each in WANTED if isinstance(each, Trouble)} == set(Trouble)


def test_the_pace_is_that_of_a_pager() -> None:
    at, seen = NOW, []
    for attempt in range(1, 10):
        outcome = schedule(attempt, NOW, Answer(status=500), at, 0.0)
        assert isinstance(outcome, Retry)
        seen.append((outcome.due - at).total_seconds())
        at = outcome.due
    assert seen == [5, 15, 30, 60, 120, 300, 600, 600, 600]


def test_patience_that_is_asked_for_is_given_within_an_hour() -> None:
    def due(retry_after: float) -> timedelta:
        outcome = schedule(1, NOW, Answer(status=429, retry_after=retry_after), NOW, 0.0)
        assert isinstance(outcome, Retry)
        return outcome.due - NOW

    assert due(40) == timedelta(seconds=40)
    assert due(0) == due(-3) == timedelta(seconds=5)
    assert due(1e8) == MOST_RETRY_AFTER


def test_the_text_of_a_dead_letter_says_what_was_answered() -> None:
    outcome = schedule(1, NOW, Answer(status=401, detail="bad key"), NOW, 0.0)
    assert outcome == Dead("it does not accept our credentials (401: bad key)")


@given(st.integers(0, 500), st.integers(0, 90_000), answers, st.floats(-5, 5))
def test_a_retry_is_later_than_now_and_within_a_day_of_the_first_try(
    attempts: int, age: int, answer: Answer, jitter: float
) -> None:
    first = NOW - timedelta(seconds=age)
    outcome = schedule(attempts, first, answer, NOW, jitter)
    if isinstance(outcome, Retry):
        assert NOW < outcome.due <= first + GIVE_UP_AFTER
        longest = max((*DELAYS, LATER)) * (1 + JITTER)
        assert outcome.due - NOW <= max(longest, MOST_RETRY_AFTER)
    taken = answer.status is not None and 200 <= answer.status < 300
    assert isinstance(outcome, Delivered) == taken


@given(st.data())
def test_whatever_is_answered_the_tries_end(data: st.DataObject) -> None:
    at, attempts = NOW, 1
    answer = Answer(trouble=Trouble.TIMEOUT)
    jitter = data.draw(st.floats(-1, 1))
    while isinstance(outcome := schedule(attempts, NOW, answer, at, jitter), Retry):
        at, attempts = outcome.due, attempts + 1
        assert attempts < 250
    assert isinstance(outcome, Dead)


DEAD, DELIVERED, DROPPED, WAITING = (
    MessageState.DEAD,
    MessageState.DELIVERED,
    MessageState.DROPPED,
    MessageState.WAITING,
)


@pytest.mark.parametrize(
    ("kind", "before", "dropped"),
    [
        ("incident.resolved", [("incident.created", DEAD)], True),
        ("incident.resolved", [("incident.created", DROPPED)], True),
        ("incident.acknowledged", [("incident.created", DEAD)], True),
        ("incident.resolved", [("incident.created", DEAD), ("incident.updated", DEAD)], True),
        ("incident.resolved", [("incident.created", DELIVERED)], False),
        ("incident.resolved", [("incident.created", DEAD), ("incident.updated", DELIVERED)], False),
        ("incident.resolved", [("incident.created", DELIVERED), ("incident.updated", DEAD)], False),
        ("incident.resolved", [], True),
        ("incident.acknowledged", [], True),
        ("incident.resolved", [("incident.acknowledged", DROPPED)], True),
        ("incident.resolved", [("incident.created", DELIVERED), ("incident.resolved", DELIVERED)], False),
        (
            "incident.resolved",
            [("incident.created", DELIVERED), ("incident.resolved", DELIVERED), ("incident.reopened", DEAD)],
            True,
        ),
        ("incident.acknowledged", [("draft.waiting", DELIVERED)], False),
        ("incident.acknowledged", [("draft.waiting", DEAD)], True),
        ("incident.resolved", [("draft.waiting", DELIVERED), ("incident.created", DEAD)], False),
        ("incident.acknowledged", [("draft.waiting", DELIVERED), ("draft.over", DELIVERED)], False),
        (
            "incident.acknowledged",
            [("draft.waiting", DELIVERED), ("draft.over", DELIVERED), ("draft.waiting", DEAD)],
            True,
        ),
        ("incident.resolved", [("draft.waiting", DELIVERED), ("draft.over", DEAD), ("incident.created", DEAD)], False),
        ("incident.updated", [("incident.created", DEAD)], False),
        ("maintenance.completed", [("maintenance.started", DEAD)], False),
    ],
)
def test_an_end_is_told_only_where_the_beginning_was(
    kind: str, before: list[tuple[str, MessageState]], dropped: bool
) -> None:
    assert (pointless(kind, before) is not None) == dropped


@pytest.mark.parametrize(
    ("waiting", "before", "gone"),
    [
        (["incident.created", "incident.resolved"], [], 2),
        (["incident.created", "incident.updated", "incident.overdue", "incident.resolved"], [], 4),
        (["draft.waiting", "draft.over", "draft.waiting"], [], 2),
        (["incident.updated", "incident.resolved"], [("incident.created", DEAD)], 2),
        (
            ["incident.reopened", "incident.resolved"],
            [("incident.created", DELIVERED), ("incident.resolved", DELIVERED)],
            2,
        ),
        (["incident.updated", "incident.resolved"], [("incident.created", DELIVERED)], 0),
        (["incident.created", "incident.updated"], [], 0),
        (["incident.resolved"], [], 0),
        (["incident.overdue", "incident.resolved"], [], 0),
        ([], [], 0),
    ],
)
def test_a_page_for_what_is_over_by_now_goes_with_its_end(
    waiting: list[str], before: list[tuple[str, MessageState]], gone: int
) -> None:
    assert overtaken(waiting, before) == gone


def test_who_never_asked_for_beginnings_hears_the_end() -> None:
    assert pointless("incident.resolved", [], hears_beginnings=False) is None


@given(st.lists(st.tuples(st.sampled_from(["incident.created", "incident.updated"]), st.sampled_from(MessageState))))
def test_who_took_one_beginning_hears_the_end(before: list[tuple[str, MessageState]]) -> None:
    if any(state is DELIVERED for _, state in before):
        assert pointless("incident.resolved", before) is None
