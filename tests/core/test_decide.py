from dataclasses import replace

import pytest

from statuspage.core.decide import VerdictChange, adopt, component_status, decide, resume
from statuspage.core.detection import Belief, Verdict
from statuspage.core.maintenance import Maintenance
from statuspage.core.observation import Reason
from statuspage.core.site import Component, Group, Site
from statuspage.core.state import Held, Override, State
from statuspage.core.status import Status
from tests.core.values import at

UP, DOWN, SLOW = Verdict.UP, Verdict.DOWN, Verdict.SLOW
UNSTABLE, UNKNOWN = Verdict.UNSTABLE, Verdict.UNKNOWN

SITE = Site(
    "Acme",
    "https://status.example.com",
    "Etc/UTC",
    components=(
        Component("firebase", "Firebase Web Sockets", 1, "realtime", checks=("fb-eu", "fb-us")),
        Component("redis", "Redis", 1, checks=("redis",)),
        Component("backend", "Backend", 2, needs=("redis",), checks=("backend",)),
        Component("video", "Video", 3),
    ),
    groups=(Group("realtime", "Realtime"),),
)


def held(**statuses: Status) -> State:
    every = dict.fromkeys(("firebase", "redis", "backend", "video"), Status.OPERATIONAL) | statuses
    return State({name: Held(name, status, at(0)) for name, status in every.items()}, site=SITE)


def believed(**verdicts: tuple[Verdict, float]) -> dict[str, Belief]:
    every = {name.replace("_", "-"): found for name, found in verdicts.items()}
    every = dict.fromkeys(("fb-eu", "fb-us", "redis", "backend"), (UP, 0.0)) | every
    return {
        name: Belief(name, "local", verdict, at(since), Reason.TIMEOUT if verdict is DOWN else None)
        for name, (verdict, since) in every.items()
    }


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((UP, UP), Status.OPERATIONAL),
        ((DOWN, DOWN), Status.MAJOR),
        ((DOWN, UP), Status.PARTIAL),
        ((DOWN, SLOW), Status.PARTIAL),
        ((DOWN, UNKNOWN), Status.PARTIAL),
        ((SLOW, UP), Status.DEGRADED),
        ((UNSTABLE, UP), Status.DEGRADED),
        ((UP, UNKNOWN), Status.OPERATIONAL),
        ((UNKNOWN, UNKNOWN), Status.UNKNOWN),
        ((), Status.UNKNOWN),
    ],
)
def test_a_component_is_what_its_checks_make_it(verdicts: tuple[Verdict, ...], expected: Status) -> None:
    assert component_status(verdicts) is expected


def test_nothing_changes_while_beliefs_and_state_agree() -> None:
    assert decide(held(), believed(), (), at(100)).is_empty


def test_one_of_two_down_is_partial_and_both_are_major_each_back_dated() -> None:
    first = decide(held(), believed(fb_eu=(DOWN, 50)), (), at(60))
    assert [(c.component, c.new, c.since) for c in first.changes] == [("firebase", Status.PARTIAL, at(50))]
    both = decide(held(firebase=Status.PARTIAL), believed(fb_eu=(DOWN, 50), fb_us=(DOWN, 55)), (), at(66))
    assert [(c.new, c.since) for c in both.changes] == [(Status.MAJOR, at(55))]


def test_a_change_never_reaches_behind_the_present_state() -> None:
    state = State({**held().components, "redis": Held("redis", Status.OPERATIONAL, at(40))}, site=SITE)
    found = decide(state, believed(redis=(DOWN, 30)), (), at(60))
    assert found.changes[0].since == at(40)


def test_a_move_of_a_verdict_is_journalled_with_its_evidence_and_its_belief() -> None:
    beliefs = believed(redis=(DOWN, 50))
    found = decide(held(), beliefs, (VerdictChange(UP, beliefs["redis"]),), at(55))
    assert [event.kind for event in found.events] == ["check.changed", "component.updated"]
    assert found.events[0].data["reason"] == "timeout"
    assert found.beliefs == (beliefs["redis"],)


def test_the_root_cause_is_named_and_hides_nothing() -> None:
    found = decide(held(), believed(redis=(DOWN, 50), backend=(DOWN, 51)), (), at(60))
    by_component = {event.subject: event.data for event in found.events}
    assert by_component["backend"]["root_causes"] == ["redis"]
    assert by_component["redis"]["root_causes"] == ["redis"]
    assert {change.component: change.new for change in found.changes} == {
        "redis": Status.MAJOR,
        "backend": Status.MAJOR,
    }


def test_a_component_without_checks_is_left_to_people() -> None:
    assert decide(held(video=Status.MAJOR), believed(), (), at(60)).is_empty


def test_maintenance_masks_its_own_component_only() -> None:
    work = Maintenance("w", "Work", at(40), at(90), ("redis",), at(0), at(0), "ana")
    state = State(held().components, SITE, maintenances={"w": work})
    found = decide(state, believed(redis=(DOWN, 50), backend=(DOWN, 51)), (), at(60))
    assert {change.component: change.new for change in found.changes} == {
        "redis": Status.MAINTENANCE,
        "backend": Status.MAJOR,
    }


def test_a_new_configuration_creates_archives_and_revives() -> None:
    first = adopt(State(), SITE, at(0))
    assert [each.component for each in first.created] == ["firebase", "redis", "backend", "video"]
    assert {each.component: each.status for each in first.created}["video"] is Status.OPERATIONAL
    assert {each.component: each.status for each in first.created}["redis"] is Status.UNKNOWN
    smaller = Site(SITE.name, SITE.url, SITE.time_zone, SITE.components[:2])
    assert adopt(held(), smaller, at(10)).archived == ("backend", "video")
    back = adopt(State(held().components, site=smaller), SITE, at(20))
    assert back.revived == ("backend", "video")
    assert not back.created


def test_the_same_configuration_again_is_no_event() -> None:
    assert adopt(held(), SITE, at(10)).is_empty


def test_what_has_lasted_opens_an_incident_in_the_same_decision() -> None:
    found = decide(held(), believed(redis=(DOWN, 50)), (), at(60))
    assert [event.kind for event in found.events] == ["component.updated", "incident.created"]
    assert [incident.causes for incident in found.incidents] == [("redis",)]


def test_planned_work_begins_with_the_decision_that_finds_it_due() -> None:
    work = Maintenance("w", "Work", at(40), at(90), ("redis", "video"), at(0), at(0), "ana")
    found = decide(State(held().components, SITE, maintenances={"w": work}), believed(), (), at(41))
    assert [each.state.value for each in found.maintenances] == ["in_progress"]
    assert {change.component: change.new for change in found.changes} == {
        "redis": Status.MAINTENANCE,
        "video": Status.MAINTENANCE,
    }


def test_an_override_speaks_instead_of_the_checks_and_they_go_on_when_it_has_run_out() -> None:
    said = Override("redis", Status.DEGRADED, "ana", at(0), at(100))
    state = State(held(redis=Status.DEGRADED).components, SITE, overrides={"redis": said})
    assert decide(state, believed(redis=(DOWN, 50)), (), at(99)).is_empty
    found = decide(state, believed(redis=(DOWN, 50)), (), at(100))
    assert found.cleared == ("redis",)
    assert [(change.old, change.new) for change in found.changes] == [(Status.DEGRADED, Status.MAJOR)]


def test_a_component_that_moves_twice_in_one_decision_moves_once_in_the_journal() -> None:
    """An override of what needs redis runs out in the moment in which the incident sets it."""
    site = replace(SITE, components=(*SITE.components[:3], Component("video", "Video", 3, needs=("redis",))))
    said = Override("video", Status.DEGRADED, "ana", at(0), at(60))
    state = State(held(video=Status.DEGRADED).components, site, overrides={"video": said})
    found = decide(state, believed(redis=(DOWN, 50)), (), at(60))
    assert [(c.old, c.new) for c in found.changes if c.component == "video"] == [(Status.DEGRADED, Status.MAJOR)]


def test_a_restart_leaves_one_neutral_gap() -> None:
    assert resume(at(0), at(60)).gap == (at(0), at(60))
    assert resume(None, at(60)).is_empty
