"""Planned work: what people do with it, and how it begins and ends by itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from statuspage.core import planning
from statuspage.core.incident import ROBOT
from statuspage.core.maintenance import TABLE, Maintenance, MaintenanceState
from statuspage.core.planning import Plan
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.state import Decision, State
from statuspage.core.status import Status
from tests.core.pages import PARTS, Page, site_of
from tests.core.values import at

PLAN = Plan("Redis moves", at(600), at(1200), ("redis", "video"))


def planned(plan: Plan = PLAN, page: Page | None = None) -> Page:
    page = page or Page()
    page.act(lambda held: planning.plan_maintenance(held, plan, "ana", page.now))
    return page


def only(page: Page) -> Maintenance:
    (found,) = page.maintenances.values()
    return found


def act(page: Page, command: Callable[[State], Decision]) -> Decision:
    return page.act(command, [each.id for each in page.maintenances.values()])


def move(page: Page, to: str, **more: Any) -> Decision:
    return act(
        page, lambda held: planning.update_maintenance(held, only(page).id, to, "Words.", "ana", page.now, **more)
    )


def withdraw(page: Page) -> Decision:
    return act(
        page, lambda held: planning.withdraw_update(held, only(page).id, only(page).updates[-1].id, "ana", page.now)
    )


def states(page: Page) -> list[tuple[str, str]]:
    return [(each.state, each.by) for each in only(page).published]


def test_the_table_of_states() -> None:
    assert {state.value: {each.value for each in follow} for state, follow in TABLE.items()} == {
        "scheduled": {"scheduled", "in_progress", "cancelled"},
        "in_progress": {"in_progress", "verifying", "completed", "cancelled"},
        "verifying": {"verifying", "in_progress", "completed"},
        "completed": {"completed"},
        "cancelled": {"cancelled"},
    }


def test_it_is_announced_when_the_undo_window_is_over() -> None:
    page = planned()
    assert states(page) == [("scheduled", "ana")]
    (event,) = page.journal
    assert event.kind == "maintenance.scheduled"
    assert event.telling is not None
    assert event.telling.not_before == page.now + timedelta(seconds=20)


def test_a_repeat_under_the_same_key_is_one() -> None:
    page = planned(replace(PLAN, key="k"))
    planned(replace(PLAN, key="k"), page)
    assert len(page.maintenances) == 1


def test_it_begins_and_ends_at_its_times_by_itself_and_shows_in_between() -> None:
    page = planned()
    page.wait(599)
    assert page.status("redis") is Status.OPERATIONAL
    page.wait(1)
    assert (page.status("redis"), page.status("video"), page.status("native")) == (
        Status.MAINTENANCE,
        Status.MAINTENANCE,
        Status.OPERATIONAL,
    )
    page.wait(600)
    assert page.status("video") is Status.OPERATIONAL
    assert states(page) == [("scheduled", "ana"), ("in_progress", ROBOT), ("completed", ROBOT)]
    assert [each.display_at for each in only(page).published[1:]] == [at(600), at(1200)]
    assert page.kinds("maintenance.") == ["maintenance.scheduled", "maintenance.started", "maintenance.completed"]
    assert only(page).ended_at == at(1200)


def test_what_passed_while_nobody_looked_is_made_up_for_with_the_true_times() -> None:
    page = planned()
    page.now = at(5000)
    page.decide()
    assert [each.display_at for each in only(page).published] == [at(0), at(600), at(1200)]
    assert page.decide().is_empty


def test_one_that_is_announced_a_little_late_begins_at_once() -> None:
    page = planned(replace(PLAN, starts=at(-240)))
    page.decide()
    assert only(page).state is MaintenanceState.IN_PROGRESS
    assert page.decide().is_empty


def test_a_later_word_does_not_hide_its_end() -> None:
    page = planned()
    page.wait(600)
    page.now = at(1201)
    move(page, "in_progress")
    page.decide()
    assert only(page).state is MaintenanceState.COMPLETED
    assert page.decide().is_empty


def test_work_that_a_person_is_to_begin_waits_and_shows_nothing_before() -> None:
    page = planned(replace(PLAN, automatic=False))
    page.wait(700)
    assert (only(page).state, page.status("redis")) == (MaintenanceState.SCHEDULED, Status.OPERATIONAL)
    move(page, "in_progress")
    page.wait(1)
    assert page.status("redis") is Status.MAINTENANCE


def test_work_that_begins_early_shows_early() -> None:
    page = planned()
    page.wait(300)
    move(page, "in_progress")
    page.wait(1)
    assert page.status("video") is Status.MAINTENANCE


def test_work_that_is_done_early_ends_what_it_masks() -> None:
    page = planned()
    page.wait(700)
    move(page, "verifying")
    page.wait(1)
    assert page.status("redis") is Status.MAINTENANCE
    move(page, "completed")
    page.wait(1)
    assert page.status("redis") is Status.OPERATIONAL
    assert page.kinds("maintenance.")[-2:] == ["maintenance.updated", "maintenance.completed"]


@pytest.mark.parametrize("before", list(MaintenanceState))
@pytest.mark.parametrize("to", list(MaintenanceState))
def test_every_row_of_the_table(before: MaintenanceState, to: MaintenanceState) -> None:
    page = planned(replace(PLAN, automatic=False))
    way = {
        MaintenanceState.VERIFYING: ("in_progress", "verifying"),
        MaintenanceState.COMPLETED: ("in_progress", "completed"),
        MaintenanceState.SCHEDULED: (),
    }.get(before, (before.value,))
    for state in way:
        move(page, state)
    if to in TABLE[before]:
        move(page, to.value)
        assert only(page).state is to
    else:
        with pytest.raises(Refused, match=f"cannot become {to.value} after {before.value}"):
            move(page, to.value)


def test_a_state_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="must be one of scheduled, in_progress"):
        move(planned(), "done")


def test_a_cancelled_one_masks_nothing_and_stays_in_the_history() -> None:
    page = planned()
    page.wait(300)
    act(page, lambda held: planning.cancel(held, only(page).id, "", "ana", page.now))
    page.wait(600)
    assert states(page) == [("scheduled", "ana"), ("cancelled", "ana")]
    assert page.status("redis") is Status.OPERATIONAL
    assert only(page).window is None


@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"title": " "}, "title", "must not be empty"),
        ({"ends": at(600)}, "ends", "must be after starts"),
        ({"ends": at(600 + 86400 * 31)}, "ends", "within 30 days"),
        ({"starts": at(86400 * 800), "ends": at(86400 * 801)}, "starts", "two years"),
        ({"starts": at(-900), "ends": at(-1)}, "ends", "in the past"),
        ({"starts": at(-900)}, "starts", "in the past"),
        ({"components": ()}, "components", "at least one"),
        ({"components": ("never",)}, "components", 'no component "never"'),
        ({"body": "x" * 10_001}, "body", "at most 10000"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(wrong: dict[str, object], field: str, problem: str) -> None:
    with pytest.raises(Refused, match=problem) as caught:
        planned(replace(PLAN, **wrong))  # type: ignore[arg-type]
    assert caught.value.field == field


def test_what_is_not_there_and_what_was_changed_meanwhile() -> None:
    page = planned()
    with pytest.raises(NotThere, match="there is no maintenance nothing"):
        page.act(lambda held: planning.cancel(held, "nothing", "", "ana", page.now))
    with pytest.raises(NotThere, match="there is no update nothing"):
        page.act(lambda held: planning.withdraw_update(held, only(page).id, "nothing", "ana", page.now))
    move(page, "scheduled")
    with pytest.raises(Conflict):
        move(page, "scheduled", version=1)
    with pytest.raises(Conflict):
        act(page, lambda held: planning.change_plan(held, only(page).id, PLAN, "ana", page.now, 1))


def change(page: Page, **more: object) -> Decision:
    plan = replace(PLAN, **more)  # type: ignore[arg-type]
    return act(page, lambda held: planning.change_plan(held, only(page).id, plan, "ana", page.now))


def test_a_changed_plan_has_a_new_sequence_and_is_told() -> None:
    page = planned()
    change(page, starts=at(900), ends=at(1500), title="Redis moves later", components=("redis",))
    found = only(page)
    assert (found.starts, found.ends, found.title, found.components, found.sequence) == (
        at(900),
        at(1500),
        "Redis moves later",
        ("redis",),
        1,
    )
    assert page.kinds("maintenance.")[-1] == "maintenance.updated"


def test_two_words_in_one_moment_are_two() -> None:
    page = planned()
    change(page, ends=at(1500))
    change(page, ends=at(1600))
    assert len(only(page).updates) == 3


def test_what_has_begun_cannot_begin_at_another_time_but_may_end_later() -> None:
    page = planned()
    page.wait(700)
    with pytest.raises(Refused, match="it has begun"):
        change(page, starts=at(720))
    change(page, ends=at(2400))
    page.wait(600)
    assert only(page).state is MaintenanceState.IN_PROGRESS


def test_what_is_over_cannot_be_changed() -> None:
    page = planned()
    page.wait(1201)
    with pytest.raises(Refused, match="is over"):
        change(page, ends=at(9000))


def test_the_same_key_twice_is_one_word() -> None:
    page = planned()
    move(page, "in_progress", key="k")
    assert move(page, "in_progress", key="k").is_empty


def test_undo_of_the_announcement_calls_it_off_without_a_word() -> None:
    page = planned()
    decided = withdraw(page)
    assert decided.undone == (only(page).updates[0].id,)
    assert only(page).state is MaintenanceState.CANCELLED
    assert (only(page).is_public, only(page).ended_at, only(page).window) == (False, None, None)
    assert page.kinds("") == ["maintenance.withdrawn"]
    page.wait(1300, every=10)
    assert (page.kinds(""), page.status("redis")) == (["maintenance.withdrawn"], Status.OPERATIONAL)


def test_nothing_more_is_said_of_what_was_taken_back() -> None:
    page = planned()
    withdraw(page)
    with pytest.raises(Refused, match="was taken back"):
        move(page, "cancelled")
    with pytest.raises(Refused, match="is over"):
        change(page, ends=at(9000))


def test_words_are_taken_back_one_after_the_other_down_to_the_announcement() -> None:
    page = planned()
    move(page, "in_progress")
    withdraw(page)
    first = only(page).updates[0].id
    act(page, lambda held: planning.withdraw_update(held, only(page).id, first, "ana", page.now))
    assert not only(page).is_public


def test_whoever_calls_off_another_version_than_the_present_one_loses_the_race() -> None:
    page = planned()
    version = only(page).version
    move(page, "scheduled")
    with pytest.raises(Conflict):
        act(page, lambda held: planning.cancel(held, only(page).id, "", "ana", page.now, version))


def test_undo_of_a_word_takes_its_state_back() -> None:
    page = planned()
    page.wait(60)
    move(page, "in_progress")
    withdraw(page)
    assert only(page).state is MaintenanceState.SCHEDULED


def test_undo_has_an_end_and_is_for_what_was_said_last_by_a_person() -> None:
    page = planned()
    page.wait(20)
    with pytest.raises(Refused, match="is out"):
        withdraw(page)
    page.wait(580)
    with pytest.raises(Refused, match="is out"):
        withdraw(page)  # the robot's
    first = only(page).updates[0].id
    page = planned()
    move(page, "in_progress")
    with pytest.raises(Refused, match="followed by another"):
        act(page, lambda held: planning.withdraw_update(held, only(page).id, first, "ana", page.now))
    withdraw(page)
    with pytest.raises(Refused, match="taken back already"):
        withdraw(page)


def test_a_component_that_leaves_the_page_takes_no_plan_with_it() -> None:
    page = planned()
    page.adopt(site_of(*(each for each in PARTS if each.id != "redis")))
    page.wait(700)
    assert only(page).state is MaintenanceState.IN_PROGRESS
    assert page.status("video") is Status.MAINTENANCE
