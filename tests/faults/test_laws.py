"""The judge itself: whatever is tampered with, one of the laws says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.faults import laws, rounds
from tests.faults.children import Poster
from tests.faults.client import script
from tests.faults.laws import Arrival, Books

Case = tuple[Books, list[Arrival]]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """What a round leaves in which nobody dies."""
    folder = tmp_path_factory.mktemp("laws")
    with rounds.bench(folder, f"sqlite:///{folder / 'status.db'}", seed=1) as on:
        deliverer, poster = on.deliverer(), Poster(on.url, on.script())
        poster.acknowledged()
        poster.ended()
        on.settle()
        deliverer.end()
        yield laws.read_books(on.store), laws.read_arrivals(folder / "arrivals")


def broken(books: Books, arrivals: list[Arrival]) -> set[str]:
    """The names of the laws that do not hold."""
    found = {
        "none half": laws.none_half(books),
        "none twice": laws.none_twice(books),
        "dense": laws.revisions_dense(books, 1),
        "one end": laws.one_end_each(books),
        "nothing strange": laws.nothing_strange(books, arrivals, torn=False),
        "same on repeat": laws.same_on_repeat(arrivals),
        "in order": laws.in_order(books, arrivals),
        "all told": laws.all_told(books, arrivals),
    }
    return {name for name, violations in found.items() if list(violations)}


def test_a_round_in_which_nobody_dies_breaks_no_law(real: Case) -> None:
    books, arrivals = real
    assert broken(books, arrivals) == set()
    assert len(books.messages) == 8
    assert sum(not each.accepted for each in arrivals) == 2


def without_the_last_message(books: Books, arrivals: list[Arrival]) -> Case:
    return replace(books, messages=books.messages[:-1]), arrivals


def without_the_last_event(books: Books, arrivals: list[Arrival]) -> Case:
    last = [event for _, event in books.events if event.kind in laws.TOLD][-1]
    return replace(books, events=tuple(each for each in books.events if each[1] is not last)), arrivals


def without_the_fifth_revision(books: Books, arrivals: list[Arrival]) -> Case:
    return replace(books, events=tuple(each for each in books.events if each[0] != 5)), arrivals


def without_the_last_incident(books: Books, arrivals: list[Arrival]) -> Case:
    last = max(books.incidents.values(), key=lambda each: each.number).id
    return replace(books, incidents={id: each for id, each in books.incidents.items() if id != last}), arrivals


def with_a_second_opening(books: Books, arrivals: list[Arrival]) -> Case:
    first = min(books.incidents.values(), key=lambda each: each.number)
    again = replace(first, id="again", number=len(books.incidents) + 1, updates=())
    return replace(books, incidents={**books.incidents, "again": again}), arrivals


def with_a_hole_in_the_revisions(books: Books, arrivals: list[Arrival]) -> Case:
    return replace(books, revision=books.revision + 1), arrivals


def never_arrived(books: Books, arrivals: list[Arrival]) -> Case:
    return books, [each for each in arrivals if each.id != arrivals[-1].id]


def arrived_backwards(books: Books, arrivals: list[Arrival]) -> Case:
    return books, arrivals[::-1]


def arrived_under_another_id(books: Books, arrivals: list[Arrival]) -> Case:
    return books, [*arrivals, replace(arrivals[-1], id="msg_another")]


def arrived_with_another_body(books: Books, arrivals: list[Arrival]) -> Case:
    return books, [*arrivals, replace(arrivals[-1], body="another")]


def arrived_unsigned(books: Books, arrivals: list[Arrival]) -> Case:
    return books, [*arrivals, replace(arrivals[-1], trouble="not verified")]


def still_waiting(books: Books, arrivals: list[Arrival]) -> Case:
    *others, last = books.messages
    return replace(books, messages=(*others, replace(last, state="waiting"))), arrivals


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (without_the_last_message, "none half"),
        (without_the_last_message, "nothing strange"),
        (without_the_last_event, "none half"),
        (without_the_fifth_revision, "dense"),
        (without_the_fifth_revision, "none half"),
        (without_the_last_event, "one end"),
        (without_the_last_incident, "none half"),
        (with_a_second_opening, "none twice"),
        (with_a_hole_in_the_revisions, "dense"),
        (never_arrived, "all told"),
        (arrived_backwards, "in order"),
        (arrived_under_another_id, "same on repeat"),
        (arrived_under_another_id, "nothing strange"),
        (arrived_with_another_body, "same on repeat"),
        (arrived_unsigned, "nothing strange"),
        (still_waiting, "all told"),
    ],
)
def test_what_is_tampered_with_breaks_a_law(
    real: Case, tamper: Callable[[Books, list[Arrival]], Case], expected: str
) -> None:
    assert expected in broken(*tamper(*real))


def test_a_lost_post_and_one_that_should_not_be_there_are_named(real: Case) -> None:
    books, _ = real
    lost = list(laws.posts_there(books, script("never"), ()))
    assert [each for each in lost if each.startswith("lost")] == [f"lost: {act.key}" for act in script("never")]
    name = next(iter(books.incidents.values())).title.removeprefix("Incident ").partition("/")[0]
    assert list(laws.posts_there(books, script(name), ())) == []
    assert list(laws.posts_there(books, (), script(name))) == [f"not rolled back: {act.key}" for act in script(name)]
