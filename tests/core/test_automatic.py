"""What the robot does with incidents, rule by rule. The laws for any order are in test_incident_laws.py."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.core import correcting, planning, posting
from statuspage.core.detection import Run, Verdict
from statuspage.core.incident import ROBOT, Impact, Incident
from statuspage.core.observation import Outcome, Reason
from statuspage.core.policy import strictest
from statuspage.core.posting import Post
from statuspage.core.site import Times
from statuspage.core.status import Status
from statuspage.core.telling import Message
from statuspage.fields import Secret
from statuspage.notifiers.pagerduty import Config, compose
from tests.core.pages import DOWN, PARTS, SLOW, UNKNOWN, UP, Page, draft, said, site_of
from tests.core.values import at
from tests.notifiers.messages import CONTEXT

FIREBASE = ("fb-eu", "fb-us")


def with_policies(**publish: str) -> Page:
    return Page(site_of(publish=publish))


def post(page: Page, incident: Incident, state: str | None = None, **more: object) -> None:
    """A person posts into the incident."""
    words = replace(Post("We are on it.", state=state), **more)  # type: ignore[arg-type]
    page.act(lambda held: posting.post_update(held, incident.id, words, "ana", page.now))


def down_for(seconds: float, *checks: str, page: Page | None = None) -> Page:
    """A page on which these checks have been down for so long."""
    page = page or Page()
    page.see(DOWN, *checks)
    page.wait(seconds)
    return page


# --- opening ------------------------------------------------------------------------------------------------------


def test_trouble_becomes_an_incident_when_it_has_lasted_and_counts_from_its_beginning() -> None:
    page = down_for(9, "native")
    assert page.incidents == {}
    page.wait(1)
    opened = page.only()
    assert (opened.started_at, opened.created_at) == (at(0), at(10))
    assert said(opened) == [("investigating", ROBOT)]
    assert (opened.causes, opened.components, opened.impact) == (("native",), ("native",), Impact.CRITICAL)
    assert opened.title == "Native Web Sockets does not work"
    assert page.kinds() == ["incident.created"]


def test_trouble_that_passes_before_that_becomes_none() -> None:
    page = down_for(9, "native")
    page.see(UP, "native")
    page.wait(30)
    assert page.incidents == {}


def test_being_slow_has_to_last_longer() -> None:
    page = Page()
    page.see(SLOW, "native")
    page.wait(59)
    assert page.incidents == {}
    page.wait(1)
    assert page.only().impact is Impact.MINOR


def test_what_is_not_known_opens_nothing() -> None:
    page = Page()
    page.see(UNKNOWN, "native")
    page.wait(300)
    assert page.incidents == {}


def test_what_the_checks_saw_is_attached_for_staff() -> None:
    page = Page()
    page.see(DOWN, "native", reason=Reason.UPGRADE, detail="403 from 10.0.0.7 \x00\ud800 half")
    page.wait(10)
    (found,) = page.only().evidence
    assert (found.check, found.component, found.verdict, found.since) == ("native", "native", "down", at(0))
    assert (found.reason, found.stage, found.stages) == ("upgrade", "upgrade", (("connect", 12.5),))
    assert found.detail == "403 from 10.0.0.7 half"
    page.restart()


def test_several_causes_at_once_make_one_incident() -> None:
    page = down_for(10, *FIREBASE, "native")
    opened = page.only()
    assert opened.causes == ("firebase", "native")
    assert said(opened) == [("investigating", ROBOT)]
    assert "Native Web Sockets is affected too." in opened.published[0].body
    assert page.kinds() == ["incident.created"]


# --- causes and what needs them -----------------------------------------------------------------------------------


def test_the_root_cause_gets_the_incident_and_drags_down_what_needs_it() -> None:
    page = down_for(10, "redis", "backend")
    opened = page.only()
    assert opened.causes == ("redis",)
    assert opened.components == ("redis", "backend", "lobby")
    assert "What needs it may not work either: Backend and Virtual Lobby." in opened.published[0].body
    assert "Not affected: Firebase Web Sockets and Native Web Sockets." in opened.published[0].body


def test_what_begins_to_fail_or_has_no_check_is_not_called_unaffected() -> None:
    page = down_for(9, "redis")
    failing = replace(page.beliefs["native"], window=(Run(page.now, Outcome.FAIL),))
    page.beliefs["native"] = failing
    page.wait(1)
    assert "Not affected: Backend and Firebase Web Sockets." in page.only().published[0].body


def test_a_draft_that_calls_something_unaffected_is_written_anew_when_that_fails() -> None:
    page = down_for(30, "redis", page=with_policies(redis="draft"))
    assert "Native Web Sockets" in draft(page.only()).body
    page.see(DOWN, "native")
    page.wait(1)
    assert "Native Web Sockets" not in draft(page.only()).body


def test_a_component_without_checks_stands_as_the_incident_says_and_is_set_right_at_its_end() -> None:
    page = down_for(10, "redis")
    assert page.status("lobby") is Status.MAJOR
    assert page.status("backend") is Status.OPERATIONAL
    page.see(UP, "redis")
    page.wait(1)
    assert page.status("lobby") is Status.OPERATIONAL


def test_a_component_without_checks_stays_as_another_open_incident_says() -> None:
    page = down_for(10, "redis")
    page.act(
        lambda held: posting.open_incident(
            held, Post("x", "The lobby", components={"lobby": Status.PARTIAL}), "ana", page.now
        )
    )
    assert page.status("lobby") is Status.PARTIAL
    page.see(UP, "redis")
    page.wait(1)
    assert page.status("lobby") is Status.PARTIAL


def test_an_override_of_a_component_without_checks_stands() -> None:
    page = Page()
    until = at(9000)
    page.act(lambda held: correcting.override(held, "lobby", Status.DEGRADED, until, "by hand", "ana", page.now))
    down_for(10, "redis", page=page)
    assert page.status("lobby") is Status.DEGRADED


def test_trouble_reaches_through_a_component_without_checks() -> None:
    parts = (PARTS[0], replace(PARTS[1], checks=()), replace(PARTS[2], checks=("lobby",)))
    page = down_for(10, "redis", "lobby", page=Page(site_of(*parts)))
    assert page.only().causes == ("redis",)
    assert page.only().components == ("redis", "backend", "lobby")


def test_what_a_person_says_without_an_incident_explains_nobody_elses_trouble() -> None:
    page = Page(site_of(replace(PARTS[0], checks=()), PARTS[1]))
    page.act(lambda held: correcting.override(held, "redis", Status.MAJOR, at(9000), "by hand", "ana", page.now))
    down_for(10, "backend", page=page)
    assert page.only().causes == ("backend",)


def test_an_override_opens_nothing_by_itself() -> None:
    page = Page()
    page.act(lambda held: correcting.override(held, "native", Status.MAJOR, at(9000), "by hand", "ana", page.now))
    page.wait(300)
    assert page.incidents == {}


def test_what_an_open_incident_of_a_person_tells_already_is_not_told_twice() -> None:
    page = down_for(5, "native")
    words = Post("It is down.", "Native", components={"native": Status.MAJOR})
    page.act(lambda held: posting.open_incident(held, words, "ana", page.now))
    page.wait(60)
    assert page.only().by == "ana"


# --- joining ------------------------------------------------------------------------------------------------------


def test_a_further_cause_joins_a_young_incident() -> None:
    page = down_for(60, *FIREBASE)
    down_for(30, "native", page=page)
    joined = page.only()
    assert joined.causes == ("firebase", "native")
    assert said(joined) == [("investigating", ROBOT)] * 2
    assert page.kinds() == ["incident.created", "incident.updated"]
    assert {each.component for each in joined.evidence} == {"firebase", "native"}


def test_two_causes_join_with_one_update() -> None:
    page = down_for(30, *FIREBASE)
    down_for(30, "native", "redis", page=page)
    assert page.only().causes == ("firebase", "native", "redis")
    assert len(page.only().published) == 2


def test_a_further_cause_later_has_an_incident_of_its_own() -> None:
    page = down_for(131, *FIREBASE)
    down_for(10, "native", page=page)
    assert [each.causes for each in page.incidents.values()] == [("firebase",), ("native",)]


def test_a_cause_does_not_join_what_a_person_has_touched() -> None:
    page = down_for(20, *FIREBASE)
    post(page, page.only())
    down_for(20, "native", page=page)
    assert [each.causes for each in page.incidents.values()] == [("firebase",), ("native",)]


def test_an_incident_that_widens_says_so_once() -> None:
    page = down_for(20, "redis")
    down_for(20, "backend", page=page)
    page.wait(60)
    assert len(page.only().published) == 2
    change = {each.component: each.new for each in page.only().published[-1].changes}
    assert change == {"backend": Status.MAJOR}


def test_a_cause_that_gets_worse_is_said() -> None:
    page = down_for(20, "fb-eu")
    assert page.only().impact is Impact.MAJOR
    down_for(5, "fb-us", page=page)
    assert page.only().impact is Impact.CRITICAL
    assert [each.new for each in page.only().published[-1].changes] == [Status.MAJOR]


# --- recovering ---------------------------------------------------------------------------------------------------


def test_recovery_is_told_at_once_and_the_end_after_five_minutes_of_good() -> None:
    page = down_for(30, "native")
    page.see(UP, "native")
    page.wait(300)
    assert said(page.only()) == [("investigating", ROBOT), ("monitoring", ROBOT)]
    page.wait(1)
    ended = page.only()
    assert said(ended)[-1] == ("resolved", ROBOT)
    assert (ended.is_open, ended.resolved_at) == (False, at(331))
    assert page.kinds() == ["incident.created", "incident.updated", "incident.resolved"]
    assert {each.component: each.new for each in ended.published[1].changes} == {"native": Status.OPERATIONAL}


def test_an_incident_waits_until_all_its_causes_are_well() -> None:
    page = down_for(30, *FIREBASE, "native")
    page.see(UP, "native")
    page.wait(400)
    assert said(page.only()) == [("investigating", ROBOT)]


def test_a_relapse_is_told_and_the_five_minutes_begin_anew() -> None:
    page = down_for(30, "native")
    page.see(UP, "native")
    page.wait(200)
    page.see(DOWN, "native")
    page.wait(1)
    assert said(page.only())[-1] == ("investigating", ROBOT)
    assert "fails again" in page.only().published[-1].body
    page.see(UP, "native")
    page.wait(200)
    assert page.only().is_open


def test_what_cannot_be_seen_stops_the_five_minutes() -> None:
    page = down_for(30, "native")
    page.see(UP, "native")
    page.wait(200)
    page.see(UNKNOWN, "native")
    page.wait(400)
    assert said(page.only())[-1] == ("monitoring", ROBOT)
    page.see(UP, "native")
    page.wait(299)
    assert page.only().is_open
    page.wait(2)
    assert not page.only().is_open


def test_a_cause_that_leaves_the_configuration_ends() -> None:
    page = down_for(30, "native")
    page.adopt(site_of(*(each for each in PARTS if each.id != "native")))
    page.wait(302)
    assert said(page.only())[-1] == ("resolved", ROBOT)
    assert "no longer watched" in page.only().published[-1].body


def test_a_cause_that_loses_its_checks_ends_even_if_others_drag_it_down() -> None:
    page = down_for(200, "backend")
    down_for(200, "redis", page=page)
    page.adopt(site_of(*(replace(each, checks=()) if each.id == "backend" else each for each in PARTS)))
    page.wait(302)
    first, second = page.incidents.values()
    assert (first.is_open, second.is_open) == (False, True)
    assert page.status("backend") is Status.MAJOR


def test_planned_work_that_begins_later_does_not_excuse_trouble_from_before() -> None:
    page = down_for(30, "native")
    plan = planning.Plan("Work", page.now, page.now + timedelta(seconds=600), ("native",))
    page.act(lambda held: planning.plan_maintenance(held, plan, "ana", page.now))
    page.wait(60)
    assert said(page.only()) == [("investigating", ROBOT)]


def test_trouble_inside_planned_work_opens_nothing_and_lasting_beyond_it_opens() -> None:
    page = Page()
    plan = planning.Plan("Work", page.now, page.now + timedelta(seconds=100), ("native",))
    page.act(lambda held: planning.plan_maintenance(held, plan, "ana", page.now))
    page.wait(10)
    down_for(90, "native", page=page)
    assert page.incidents == {}
    page.wait(10)
    assert page.only().started_at == at(100)


# --- again --------------------------------------------------------------------------------------------------------


def resolved() -> Page:
    page = down_for(30, "native")
    page.see(UP, "native")
    page.wait(302)
    assert not page.only().is_open
    return page


def test_the_same_cause_soon_after_the_end_reopens_the_incident() -> None:
    page = resolved()
    page.wait(880)
    down_for(10, "native", page=page)
    assert said(page.only())[-2:] == [("resolved", ROBOT), ("investigating", ROBOT)]
    assert page.kinds()[-2:] == ["incident.resolved", "incident.reopened"]
    assert page.only().resolved_at is None


def test_reopening_too_waits_until_the_trouble_has_lasted() -> None:
    page = resolved()
    page.see(SLOW, "native")
    page.wait(59)
    assert not page.only().is_open
    page.wait(1)
    assert page.only().is_open


def test_later_it_is_another_incident() -> None:
    page = resolved()
    page.wait(910)
    down_for(10, "native", page=page)
    assert len(page.incidents) == 2


def test_what_was_learned_from_is_not_reopened() -> None:
    page = resolved()
    page.act(lambda held: posting.write_postmortem(held, page.only().id, "Why.", "ana", page.now, publish=True))
    down_for(10, "native", page=page)
    assert len(page.incidents) == 2


def test_a_cause_that_another_incident_has_by_now_stays_there() -> None:
    page = down_for(30, *FIREBASE, "native")
    page.see(UP, *FIREBASE, "native")
    page.wait(302)
    page.wait(880)
    page.see(SLOW, *FIREBASE)  # reopens the first, but only after a minute
    page.wait(30)
    down_for(12, "native", page=page)
    page.wait(30)
    first, second = page.incidents.values()
    assert (first.is_open, first.causes) == (True, ("firebase",))
    assert (second.is_open, second.causes) == (True, ("native",))


# --- policies -----------------------------------------------------------------------------------------------------


def test_a_draft_waits_for_a_person() -> None:
    page = down_for(600, "native", page=with_policies(native="draft"))
    waiting = page.only()
    assert (waiting.is_public, waiting.is_open, waiting.state.value) == (False, True, "investigating")
    assert draft(waiting).publish_at is None
    assert page.kinds("draft.") == ["draft.waiting"]
    assert page.kinds() == []


def test_a_draft_publishes_itself_after_its_wait() -> None:
    page = down_for(309, "native", page=with_policies(native="after 300s"))
    assert not page.only().is_public
    assert draft(page.only()).publish_at == at(310)
    page.wait(1)
    assert said(page.only()) == [("investigating", ROBOT)]
    assert page.only().published[0].display_at == at(310)
    assert page.kinds() == ["incident.created"]


def test_a_veto_keeps_it_until_a_person_publishes_it() -> None:
    page = down_for(60, "native", page=with_policies(native="after 300s"))
    page.act(lambda held: posting.hold_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    page.wait(600)
    assert not page.only().is_public
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    page.see(UP, "native")
    page.wait(302)
    assert said(page.only()) == [("investigating", ROBOT), ("monitoring", ROBOT), ("resolved", ROBOT)]


@pytest.mark.parametrize(
    ("one", "other", "strictest_of_both"),
    [("auto", "after 300s", "after 300s"), ("after 300s", "after 60s", "after 300s"), ("after 60s", "draft", "draft")],
)
def test_the_strictest_policy_of_several_is_the_one_that_waits_longest(
    one: str, other: str, strictest_of_both: str
) -> None:
    site = site_of(publish={"native": one, "redis": other})
    assert strictest(site, ["native", "redis"]) == strictest(site, ["redis", "native"]) == strictest_of_both


@pytest.mark.parametrize("together", [True, False])
def test_causes_of_different_policies_have_incidents_of_their_own(together: bool) -> None:
    page = with_policies(redis="draft")
    down_for(0 if together else 5, "native", page=page)
    down_for(10, "redis", page=page)
    first, second = page.incidents.values()
    assert (first.is_public, first.causes) == (True, ("native",))
    assert (second.is_public, second.causes) == (False, ("redis",))


def test_a_draft_waits_for_as_long_as_the_strictest_policy_of_now_says() -> None:
    page = down_for(30, "native", page=with_policies(native="after 300s", redis="after 300s"))
    page.adopt(site_of(publish={"native": "draft", "redis": "after 300s"}))
    down_for(10, "redis", page=page)
    assert page.only().publish == "draft"
    assert draft(page.only()).publish_at is None


def test_a_draft_says_what_is_so_by_now() -> None:
    page = down_for(30, "redis", page=with_policies(redis="draft"))
    first = draft(page.only())
    down_for(30, "backend", page=page)
    assert draft(page.only()).id == first.id
    assert {each.component for each in draft(page.only()).changes} == {"redis", "backend", "lobby"}
    assert page.kinds("draft.") == ["draft.waiting", "draft.changed"]


def test_a_draft_does_not_promise_what_is_past() -> None:
    page = down_for(10, "native", page=with_policies(native="draft"))
    page.wait(1800)
    assert "Next update by 14:41 UTC" in draft(page.only()).body
    assert page.kinds("draft.") == ["draft.waiting", "draft.changed"]


def test_a_draft_whose_trouble_is_just_passing_does_not_publish_itself() -> None:
    page = down_for(250, "native", page=with_policies(native="after 300s"))
    page.see(UP, "native")
    page.wait(200)
    assert not page.only().is_public
    page.see(DOWN, "native")
    page.wait(1)
    assert said(page.only()) == [("investigating", ROBOT)]


def test_a_draft_whose_trouble_cannot_be_seen_does_not_publish_itself() -> None:
    page = down_for(250, "native", page=with_policies(native="after 300s"))
    page.see(UNKNOWN, "native")
    page.wait(200)
    assert not page.only().is_public


def over_unheard() -> Page:
    page = down_for(30, "native", page=with_policies(native="draft"))
    page.see(UP, "native")
    page.wait(302)
    return page


def test_what_is_over_before_anybody_heard_of_it_waits_as_such() -> None:
    page = over_unheard()
    assert (page.only().is_open, page.only().over_at, draft(page.only()).state) == (False, at(331), "resolved")
    assert page.kinds("draft.") == ["draft.waiting", "draft.changed", "draft.over"]


def test_a_person_may_still_tell_of_it_and_it_began_and_ended_when_it_did() -> None:
    page = over_unheard()
    page.wait(600)
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    assert (page.only().started_at, page.only().resolved_at) == (at(0), at(331))
    assert page.kinds()[:2] == ["incident.created", "incident.resolved"]


def test_it_is_put_away_after_a_day() -> None:
    page = over_unheard()
    page.wait(86400 + 3600, every=600)
    assert page.only().dismissed_at is not None
    down_for(20, "native", page=page)
    assert len(page.incidents) == 2


def test_the_same_again_soon_after_is_the_same_draft_and_its_wait_begins_anew() -> None:
    page = down_for(30, "native", page=with_policies(native="after 300s"))
    page.see(UP, "native")
    page.wait(302)
    assert page.only().over_at is not None
    down_for(10, "native", page=page)
    assert page.only().is_open
    assert draft(page.only()).publish_at == page.now + timedelta(seconds=300)
    assert page.kinds("draft.")[-1] == "draft.waiting"


def test_a_dismissed_draft_is_no_incident_for_as_long_as_its_trouble_lasts() -> None:
    page = down_for(30, "native", page=with_policies(native="draft"))
    page.act(lambda held: posting.dismiss(held, page.only().id, draft(page.only()).id, "ana", page.now))
    page.wait(4000, every=10)
    page.see(Verdict.UNSTABLE, "native")
    page.wait(200)
    assert page.only().dismissed_at is not None
    page.see(UP, "native")
    page.wait(30)
    down_for(10, "native", page=page)
    assert len(page.incidents) == 2
    assert page.newest_incident().is_open


def test_a_dismissed_draft_whose_trouble_gets_worse_is_news() -> None:
    page = down_for(30, "fb-eu", page=with_policies(firebase="draft"))
    page.act(lambda held: posting.dismiss(held, page.only().id, draft(page.only()).id, "ana", page.now))
    down_for(10, "fb-us", page=page)
    assert [each.impact for each in page.incidents.values()] == [Impact.MAJOR, Impact.CRITICAL]


# --- a person outranks the robot ----------------------------------------------------------------------------------


def touched() -> Page:
    page = down_for(30, "native")
    post(page, page.only(), "identified")
    return page


def test_what_a_person_has_touched_the_robot_only_makes_drafts_for() -> None:
    page = touched()
    page.see(UP, "native")
    page.wait(30)
    assert said(page.only()) == [("investigating", ROBOT), ("identified", "ana")]
    assert (draft(page.only()).state, draft(page.only()).by) == ("monitoring", ROBOT)
    page.wait(300)
    assert (draft(page.only()).state, page.only().is_open) == ("resolved", True)
    assert page.kinds("draft.") == ["draft.waiting", "draft.waiting"]


def test_an_offer_that_is_no_longer_true_is_taken_back() -> None:
    page = touched()
    page.see(UP, "native")
    page.wait(330)
    page.see(DOWN, "native")
    page.wait(1)
    assert page.only().drafts == ()
    assert page.kinds("draft.")[-1] == "draft.taken_back"


def test_an_offer_that_was_turned_down_is_not_made_again_until_the_person_says_more() -> None:
    page = touched()
    page.see(UP, "native")
    page.wait(330)
    page.act(lambda held: posting.dismiss(held, page.only().id, draft(page.only()).id, "ana", page.now))
    page.wait(60)
    assert page.only().drafts == ()
    post(page, page.only())
    page.wait(1)
    assert draft(page.only()).state == "resolved"


def test_an_offer_published_by_a_person_is_theirs_to_continue() -> None:
    page = touched()
    page.see(UP, "native")
    page.wait(330)
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    assert not page.only().is_open
    assert page.only().published[-1].by == ROBOT


def test_a_person_says_well_and_the_checks_say_not_is_no_relapse() -> None:
    page = touched()
    post(page, page.only(), "monitoring")
    page.wait(30)
    assert page.only().drafts == ()
    page.see(UP, "native")
    page.wait(10)
    page.see(DOWN, "native")
    page.wait(1)
    assert "fails again" in draft(page.only()).body


def test_what_a_person_ended_is_not_reopened_but_offered() -> None:
    page = touched()
    post(page, page.only(), "resolved")
    page.wait(30)
    assert not page.only().is_open
    assert draft(page.only()).state == "investigating"
    page.see(UP, "native")
    page.wait(1)
    assert page.only().drafts == ()


def test_it_is_offered_for_as_long_as_it_lasts_and_no_second_incident_opens() -> None:
    page = touched()
    post(page, page.only(), "resolved")
    page.wait(2000, every=5)
    assert draft(page.only()).state == "investigating"


def pages_for(page: Page, incident: Incident) -> list[str]:
    """What PagerDuty is asked to do, in the order of the journal."""
    config = Config(routing_key=Secret("0" * 32))
    found = []
    for number, event in enumerate(page.journal):
        told = event.telling
        if told is not None and told.queue == incident.id:
            message = Message("msg", "pager", told.queue, number, event.kind, event.subject, event.at, event.at)
            made = compose(config, replace(message, data=told.data, evidence=told.evidence), CONTEXT)
            found.append(json.loads(made.body).get("event_action", "change"))
    return found


@pytest.mark.parametrize("policy", ["auto", "draft"])
def test_trouble_that_comes_back_after_the_end_pages_until_it_is_over(policy: str) -> None:
    page = down_for(30, "native", page=with_policies(native=policy))
    if policy == "draft":
        page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
        page.see(UP, "native")
        page.wait(330, every=5)
    else:
        post(page, page.only())
        page.see(UP, "native")
        page.wait(20)
        post(page, page.only(), "resolved")
    assert not page.only().is_open
    page.wait(290, every=5)
    page.journal.clear()
    page.see(DOWN, "native")
    page.wait(600, every=5)
    assert page.kinds("draft.") == ["draft.waiting"]
    assert pages_for(page, page.only()) == ["trigger"]
    page.see(UP, "native")
    page.wait(5)
    assert page.kinds("draft.") == ["draft.waiting", "draft.over"]
    assert pages_for(page, page.only()) == ["trigger", "resolve"]


def test_whoever_calls_it_resolved_while_it_is_on_is_not_paged_for_it_again() -> None:
    page = touched()
    post(page, page.only(), "resolved")
    page.journal.clear()
    page.wait(600, every=5)
    assert page.kinds("draft.") == ["draft.waiting"]
    assert pages_for(page, page.only()) == ["change"]
    page.see(UP, "native")
    page.wait(5)
    page.see(DOWN, "native")
    page.wait(10)
    assert pages_for(page, page.only()) == ["change", "resolve", "trigger"]


def test_trouble_that_nobody_could_know_of_when_they_said_resolved_pages() -> None:
    page = touched()
    page.see(UP, "native")
    page.wait(30)
    page.see(DOWN, "native")
    page.wait(5)
    post(page, page.only(), "resolved")
    page.journal.clear()
    page.wait(30)
    assert pages_for(page, page.only()) == ["trigger"]


def test_an_offer_to_reopen_that_is_turned_down_ends_its_page() -> None:
    page = touched()
    page.see(UP, "native")
    page.wait(5)
    post(page, page.only(), "resolved")
    page.wait(5)
    page.journal.clear()
    page.see(DOWN, "native")
    page.wait(20)
    page.act(lambda held: posting.dismiss(held, page.only().id, draft(page.only()).id, "ana", page.now))
    page.wait(60)
    assert pages_for(page, page.only()) == ["trigger", "resolve"]


def test_a_wider_outage_is_offered_once_and_again_when_it_widens_more() -> None:
    page = down_for(30, "redis")
    post(page, page.only())
    down_for(30, "backend", page=page)
    assert {each.component for each in draft(page.only()).changes} == {"backend"}
    assert page.only().components == ("redis", "lobby")
    assert page.kinds("draft.") == ["draft.waiting"]
    page.see(SLOW, "backend")
    page.wait(1)
    assert {each.component: each.new for each in draft(page.only()).changes} == {"backend": Status.DEGRADED}
    assert page.kinds("draft.") == ["draft.waiting", "draft.changed"]


def test_handing_back_lets_the_robot_go_on() -> None:
    page = touched()
    page.see(UP, "native")
    page.wait(30)
    page.act(lambda held: posting.hand_back(held, page.only().id, "ana", page.now))
    page.wait(302)
    assert said(page.only())[2:] == [("monitoring", ROBOT), ("resolved", ROBOT)]
    assert page.only().drafts == ()


def test_handing_back_ends_what_the_person_made_of_the_component() -> None:
    page = down_for(30, "native")
    post(page, page.only(), "identified", components={"native": Status.PARTIAL})
    page.see(UP, "native")
    page.wait(10)
    assert page.status("native") is Status.PARTIAL
    page.act(lambda held: posting.hand_back(held, page.only().id, "ana", page.now))
    page.wait(302)
    assert (page.status("native"), page.only().is_open) == (Status.OPERATIONAL, False)


def test_a_draft_that_a_person_edited_is_not_published_by_the_robot() -> None:
    page = down_for(30, "native", page=with_policies(native="after 300s"))
    page.act(
        lambda held: posting.edit_update(held, page.only().id, draft(page.only()).id, Post("Mine."), "ana", page.now)
    )
    page.wait(600)
    assert not page.only().is_public
    page.see(UP, "native")
    page.wait(330)
    assert page.only().is_open
    assert [(each.by, each.state) for each in page.only().drafts] == [("ana", "investigating"), (ROBOT, "resolved")]


def test_a_persons_draft_in_the_robots_draft_decides_nothing() -> None:
    page = down_for(30, "native", page=with_policies(native="draft"))
    post(page, page.only(), "resolved", draft=True)
    page.wait(60)
    assert (page.only().is_open, page.only().state.value) == (True, "investigating")


# --- promises -----------------------------------------------------------------------------------------------------


def test_the_robot_keeps_its_promise() -> None:
    page = down_for(10, "native")
    assert page.only().next_by == at(1810)
    page.wait(1799, every=10)
    assert len(page.only().published) == 1
    page.wait(1)
    assert len(page.only().published) == 2
    assert page.only().next_by == at(3610)
    assert "This is still going on." in page.only().published[-1].body


def test_of_what_it_cannot_see_it_says_so() -> None:
    page = down_for(10, "native")
    page.see(UNKNOWN, "native")
    page.wait(1800, every=10)
    assert page.only().published[-1].body.startswith("We cannot see at the moment how Native Web Sockets is doing.")


def test_while_it_watches_a_recovery_it_says_that_all_is_well() -> None:
    page = Page(site_of(times=Times(next_update=timedelta(seconds=60))))
    down_for(20, "native", page=page)
    page.see(UP, "native")
    page.wait(62)
    assert said(page.only())[-1] == ("monitoring", ROBOT)
    assert "Everything has been well" in page.only().published[-1].body


def test_a_person_is_reminded_once_a_promise() -> None:
    page = touched()
    page.wait(1900, every=10)
    assert page.kinds().count("incident.overdue") == 1
    post(page, page.only())
    page.wait(1900, every=10)
    assert page.kinds().count("incident.overdue") == 2


def test_a_clock_that_is_moved_back_changes_no_order() -> None:
    page = down_for(30, "native")
    page.now -= timedelta(seconds=3600)
    page.see(UP, "native")
    page.decide()
    assert page.only().state.value == "monitoring"
    assert page.decide().is_empty


def test_what_the_robot_dragged_down_works_again_with_its_cause_whoever_has_the_incident() -> None:
    page = Page()
    page.see(DOWN, "redis")
    page.wait(11)
    assert page.status("lobby") is Status.MAJOR
    mine = page.only()
    page.act(lambda held: posting.post_update(held, mine.id, posting.Post("By us."), "ana", page.now))
    page.see(UP, "redis")
    page.wait(1)
    assert page.status("lobby") is Status.OPERATIONAL
    assert said(page.only())[-1] == ("investigating", "ana")


def test_what_a_touched_incident_says_no_longer_holds_up_what_another_one_sets_right() -> None:
    page = down_for(200, "backend")
    down_for(12, "redis", page=page)
    first = next(iter(page.incidents.values()))
    page.act(lambda held: posting.post_update(held, first.id, Post("By us."), "ana", page.now))
    page.see(UP, "redis", "backend")
    page.decide()
    assert page.status("lobby") is Status.OPERATIONAL
    assert page.decide().is_empty
