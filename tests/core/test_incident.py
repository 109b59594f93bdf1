"""An incident as a value: its state follows from its updates."""

from dataclasses import replace

import pytest

from statuspage.core.incident import (
    ROBOT,
    TABLE,
    Impact,
    Incident,
    IncidentState,
    Postmortem,
    Update,
    impact_of,
    worse,
)
from statuspage.core.status import Status
from tests.core.values import at

START, FOUND, WATCH, ENDED, LEARNED = (state.value for state in IncidentState)


def update(id: str, state: str, seconds: float, *, by: str = "ana", public: bool = True, **more: object) -> Update:
    when = at(seconds)
    made = Update(id, state, "Words.", when, when, by, published_at=when if public else None)
    return replace(made, **more)  # type: ignore[arg-type]


def incident(*updates: Update, **more: object) -> Incident:
    made = Incident("i", "Trouble", at(0), at(0), at(0), "ana", updates=updates, touched_by="ana")
    return replace(made, **more)  # type: ignore[arg-type]


def test_the_table_of_states() -> None:
    rows = {state.value: {each.value for each in follow} for state, follow in TABLE.items()}
    assert rows == {
        START: {START, FOUND, WATCH, ENDED},
        FOUND: {START, FOUND, WATCH, ENDED},
        WATCH: {START, FOUND, WATCH, ENDED},
        ENDED: {START, FOUND, WATCH, ENDED, LEARNED},
        LEARNED: {LEARNED},
    }


@pytest.mark.parametrize("state", IncidentState)
def test_it_is_open_until_it_is_resolved(state: IncidentState) -> None:
    assert state.is_open is (state.value in (START, FOUND, WATCH))


def test_the_state_is_that_of_the_newest_update_by_the_time_shown() -> None:
    assert (
        incident(update("1", START, 0), update("2", ENDED, 100), update("3", FOUND, 50)).state is IncidentState.RESOLVED
    )


def test_of_two_at_the_same_time_the_one_that_was_written_later_counts() -> None:
    assert incident(update("1", ENDED, 50), update("2", FOUND, 50)).state is IncidentState.IDENTIFIED


def test_a_draft_and_what_was_taken_back_change_nothing_of_what_is_public() -> None:
    gone = update("3", ENDED, 70, withdrawn_at=at(71))
    found = incident(update("1", START, 0), update("2", ENDED, 60, public=False), gone)
    assert (found.state, [each.id for each in found.published], [each.id for each in found.drafts]) == (
        IncidentState.INVESTIGATING,
        ["1"],
        ["2"],
    )


def test_what_nobody_has_seen_stands_as_its_newest_draft_says() -> None:
    found = incident(update("1", START, 0, public=False), update("2", FOUND, 5, public=False))
    assert (found.state, found.is_public, found.is_open) == (IncidentState.IDENTIFIED, False, True)


def test_before_that_only_the_drafts_of_whoever_holds_it_count() -> None:
    drafts = update("1", START, 0, by=ROBOT, public=False), update("2", ENDED, 5, public=False)
    assert incident(*drafts, touched_by=None).state is IncidentState.INVESTIGATING
    assert incident(*drafts).state is IncidentState.RESOLVED


def test_a_dismissed_incident_and_one_that_was_over_unheard_are_not_open() -> None:
    assert not incident(update("1", START, 0, public=False), dismissed_at=at(9)).is_open
    assert not incident(update("1", START, 0, public=False), over_at=at(9)).is_open


def test_a_published_postmortem_closes_what_is_resolved_and_nothing_else() -> None:
    learned = Postmortem("Why.", "ana", at(200), published_at=at(200))
    assert incident(update("1", ENDED, 0), postmortem=learned).state is IncidentState.POSTMORTEM
    assert (
        incident(update("1", ENDED, 0), postmortem=replace(learned, published_at=None)).state is IncidentState.RESOLVED
    )
    assert incident(update("1", START, 0), postmortem=learned).state is IncidentState.INVESTIGATING


def test_its_times() -> None:
    found = incident(update("1", START, 0), update("2", WATCH, 50), update("3", WATCH, 60), update("4", ENDED, 100))
    assert (found.monitoring_at, found.resolved_at) == (at(50), at(100))
    again = replace(found, updates=(*found.updates, update("5", START, 150), update("6", WATCH, 160)))
    assert (again.monitoring_at, again.resolved_at) == (at(160), None)


def test_a_promise_counts_only_while_it_goes_on() -> None:
    said = update("1", START, 0, next_by=at(1800))
    assert incident(said).next_by == at(1800)
    assert incident(said, update("2", ENDED, 60)).next_by is None


def test_an_update_is_put_in_the_place_of_the_one_with_its_id() -> None:
    found = incident(update("1", START, 0), update("2", FOUND, 5)).with_update(update("1", WATCH, 0))
    assert [(each.id, each.state) for each in found.updates] == [("1", WATCH), ("2", FOUND)]
    assert found.update("3") is None


def test_a_time_shown_a_minute_before_the_writing_is_back_dated() -> None:
    assert update("1", START, 100, display_at=at(39)).is_backdated
    assert not update("1", START, 100, display_at=at(40)).is_backdated


def test_impacts_and_the_heavier_of_two() -> None:
    assert [impact_of(status).value for status in Status] == ["none", "none", "none", "minor", "major", "critical"]
    assert worse(Impact.MINOR, Impact.CRITICAL) is worse(Impact.CRITICAL, Impact.MINOR) is Impact.CRITICAL
