"""What people say against the checks, and of the past."""

from datetime import datetime

import pytest

from statuspage.core import correcting, planning
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.state import Decision, Repaint
from statuspage.core.status import Status
from tests.core.pages import DOWN, PARTS, Page, site_of
from tests.core.values import at


def override(page: Page, component: str, status: Status, until: datetime, reason: str = "we know better") -> Decision:
    return page.act(lambda held: correcting.override(held, component, status, until, reason, "ana", page.now))


def release(page: Page, component: str) -> Decision:
    return page.act(lambda held: correcting.release(held, component, "ana", page.now))


def reclassify(
    page: Page, started: datetime, ended: datetime, status: Status = Status.OPERATIONAL, reason: str = "a false alarm"
) -> Decision:
    return page.act(lambda held: correcting.reclassify(held, "native", started, ended, status, reason, "ana", page.now))


def test_an_override_shows_until_its_time_is_over_whatever_the_checks_say() -> None:
    page = Page()
    override(page, "native", Status.DEGRADED, at(100))
    page.see(DOWN, "native")
    page.wait(99)
    assert page.status("native") is Status.DEGRADED
    page.wait(1)
    assert page.status("native") is Status.MAJOR
    assert page.overrides == {}
    assert page.kinds("component.")[:2] == ["component.overridden", "component.updated"]
    assert [each.subject for each in page.journal if each.kind == "component.released"] == ["native"]


def test_what_has_no_checks_is_well_after_its_override() -> None:
    page = Page()
    override(page, "video", Status.PARTIAL, at(100))
    page.wait(100)
    assert page.status("video") is Status.OPERATIONAL


def test_planned_work_shows_when_the_override_ends_inside_it() -> None:
    page = Page()
    override(page, "video", Status.PARTIAL, at(100))
    plan = planning.Plan("Work", at(50), at(500), ("video",))
    page.act(lambda held: planning.plan_maintenance(held, plan, "ana", page.now))
    page.wait(99)
    assert page.status("video") is Status.PARTIAL
    page.wait(1)
    assert page.status("video") is Status.MAINTENANCE


def test_an_override_speaks_during_planned_work_too() -> None:
    page = Page()
    plan = planning.Plan("Work", at(0), at(500), ("video", "native"))
    page.act(lambda held: planning.plan_maintenance(held, plan, "ana", page.now))
    page.wait(10)
    for component in ("video", "native"):
        override(page, component, Status.PARTIAL, at(400))
    page.wait(10)
    assert page.status("video") is page.status("native") is Status.PARTIAL


def test_a_new_override_takes_the_place_of_the_old_one() -> None:
    page = Page()
    override(page, "native", Status.DEGRADED, at(100))
    override(page, "native", Status.PARTIAL, at(200))
    page.wait(150)
    assert page.status("native") is Status.PARTIAL


def test_a_release_ends_it() -> None:
    page = Page()
    override(page, "native", Status.DEGRADED, at(100))
    override(page, "video", Status.DEGRADED, at(100))
    release(page, "native")
    release(page, "video")
    assert page.status("video") is Status.OPERATIONAL
    page.wait(1)
    assert page.status("native") is Status.OPERATIONAL
    with pytest.raises(Refused, match="has no override"):
        release(page, "native")


def test_the_reason_is_kept_on_one_line() -> None:
    page = Page()
    override(page, "native", Status.DEGRADED, at(100), "because\nof  this")
    assert page.overrides["native"].reason == "because of this"
    assert page.journal[0].data["reason"] == "because of this"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"status": Status.UNKNOWN}, "status: cannot be set to unknown"),
        ({"until": at(0)}, "until: lies in the past"),
        ({"until": at(86400 * 31)}, "until: must be within 30 days"),
        ({"reason": " "}, "reason: must not be empty"),
        ({"reason": "x" * 501}, "reason: must have at most 500"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(wrong: dict[str, object], problem: str) -> None:
    whole = {"status": Status.MAJOR, "until": at(100), "reason": "so", **wrong}
    with pytest.raises(Refused, match=problem):
        override(Page(), "native", **whole)  # type: ignore[arg-type]


def test_an_unknown_component_is_not_there() -> None:
    page = Page()
    page.adopt(site_of(*PARTS[:3]))
    for component in ("never", "native"):
        with pytest.raises(NotThere, match=component):
            override(page, component, Status.MAJOR, at(100))


def test_the_past_can_be_called_something_else_with_a_reason() -> None:
    page = Page()
    page.wait(600)
    decided = reclassify(page, at(100), at(200))
    assert decided.repaints == (Repaint("native", Status.OPERATIONAL, at(100), at(200)),)
    (event,) = decided.events
    assert (event.kind, event.data["reason"], event.data["by"]) == ("history.reclassified", "a false alarm", "ana")


@pytest.mark.parametrize(
    ("started", "ended", "problem"),
    [
        (200, 100, "ended: must be after started"),
        (100, 100, "ended: must be after started"),
        (100, 4000, "ended: lies in the future"),
        (-86400 * 3700, 100, "started: lies more than ten years back"),
    ],
)
def test_a_past_that_cannot_be_meant_is_refused(started: float, ended: float, problem: str) -> None:
    page = Page()
    page.wait(600)
    with pytest.raises(Refused, match=problem):
        reclassify(page, at(started), at(ended))


def test_an_outage_that_was_missed_can_be_recorded() -> None:
    page = Page()
    page.wait(600)
    assert reclassify(page, at(100), at(200), Status.MAJOR, "nobody saw it").repaints[0].status is Status.MAJOR


def test_nothing_was_before_the_component_began() -> None:
    page = Page()
    page.wait(600)
    with pytest.raises(Refused, match="before the component's own beginning"):
        reclassify(page, at(-100), at(200))


def test_a_past_without_a_reason_is_refused() -> None:
    page = Page()
    page.wait(600)
    with pytest.raises(Refused, match="reason: must not be empty"):
        reclassify(page, at(100), at(200), reason="")
