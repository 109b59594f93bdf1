"""What people do with incidents: one test a rule, and one a refusal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.core import correcting, posting
from statuspage.core.incident import ROBOT, TABLE, Impact, IncidentState, Update
from statuspage.core.learning import word_id
from statuspage.core.posting import MAX_UPDATES, Post
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.renaming import rename
from statuspage.core.state import Decision, State
from statuspage.core.status import Status
from tests.core.pages import DOWN, UP, Page, draft, said, site_of
from tests.core.values import at

FIRST = Post("We are looking into it.", title="Chat is slow")
UNDO = timedelta(seconds=20)


def opened(post: Post = FIRST, page: Page | None = None, by: str = "ana") -> Page:
    page = page or Page()
    page.act(lambda held: posting.open_incident(held, post, by, page.now))
    return page


def post(page: Page, body: str = "More.", by: str = "ana", **more: object) -> Decision:
    words = replace(Post(body), **more)  # type: ignore[arg-type]
    return page.act(lambda held: posting.post_update(held, page.only().id, words, by, page.now))


def withdraw(page: Page, update: Update) -> Decision:
    return page.act(lambda held: posting.withdraw(held, page.only().id, update.id, "ana", page.now))


def last(page: Page) -> Update:
    return page.only().updates[-1]


def robots(policy: str = "auto") -> Page:
    """A page with an incident of the robot."""
    page = Page(site_of(publish={"native": policy}))
    page.see(DOWN, "native")
    page.wait(10)
    return page


# --- opening ------------------------------------------------------------------------------------------------------


def test_an_incident_is_opened_and_told_of_when_the_undo_window_is_over() -> None:
    page = opened(replace(FIRST, components={"firebase": Status.PARTIAL}))
    found = page.only()
    assert (found.title, found.state.value, found.touched_by, found.impact) == (
        "Chat is slow",
        "investigating",
        "ana",
        Impact.MAJOR,
    )
    assert (found.components, found.causes) == (("firebase",), ())
    assert page.kinds("") == ["incident.created", "component.updated"]
    assert [event.telling.not_before for event in page.journal if event.telling] == [page.now + UNDO] * 2
    assert last(page).published_by == "ana"


def test_it_may_be_back_dated_and_begins_then() -> None:
    page = opened(replace(FIRST, display_at=at(-600)))
    assert (page.only().started_at, page.only().created_at) == (at(-600), at(0))


def test_a_repeat_under_the_same_key_changes_nothing() -> None:
    page = opened(replace(FIRST, key="k1"))
    assert page.act(lambda held: posting.open_incident(held, replace(FIRST, key="k1"), "ana", at(60))).is_empty
    opened(replace(FIRST, key="k1"), page, by="bob")
    assert len(page.incidents) == 2


def test_what_is_over_already_is_created_and_resolved_at_once() -> None:
    page = opened(replace(FIRST, state="resolved"))
    assert page.kinds() == ["incident.created", "incident.resolved"]


def test_a_draft_tells_nobody_and_publishes_later_under_the_time_of_then() -> None:
    page = opened(replace(FIRST, draft=True, components={"video": Status.MAJOR}))
    assert (page.only().is_public, page.status("video")) == (False, Status.OPERATIONAL)
    assert [event.telling for event in page.journal] == [None]
    page.wait(300)
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "bob", page.now))
    shown = page.only().published[0]
    assert (shown.display_at, shown.by, shown.published_by) == (at(300), "ana", "bob")
    assert page.status("video") is Status.MAJOR
    assert page.kinds() == ["incident.drafted", "incident.created", "incident.published"]


def test_a_back_dated_draft_keeps_its_time() -> None:
    page = opened(replace(FIRST, draft=True, display_at=at(-600)))
    page.wait(300)
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    assert page.only().started_at == page.only().published[0].display_at == at(-600)


def test_a_promise_in_the_past_counts_anew_when_the_draft_is_published() -> None:
    page = opened(replace(FIRST, draft=True))
    page.wait(3600, every=60)
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    assert page.only().next_by == at(3600 + 1800)


def test_an_update_without_telling_anybody() -> None:
    page = opened(replace(FIRST, tell=False, components={"video": Status.MAJOR}))
    assert [event.telling for event in page.journal] == [None, None]


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"title": None}, "title", "must not be empty"),
        ({"title": " \u200d\n "}, "title", "must not be empty"),
        ({"title": "x" * 256}, "title", "at most 255"),
        ({"body": " \n\t"}, "body", "must not be empty"),
        ({"body": "x" * 10_001}, "body", "at most 10000"),
        ({"state": "fixed"}, "state", "must be one of investigating, identified, monitoring, resolved"),
        ({"state": "postmortem"}, "state", "written, not posted"),
        ({"display_at": at(3600)}, "display_at", "in the future"),
        ({"display_at": at(-86400 * 3700)}, "display_at", "ten years"),
        ({"next_by": at(0)}, "next_by", "in the past"),
        ({"components": {"never": Status.MAJOR}}, "components", 'no component "never"'),
        ({"components": {"video": Status.UNKNOWN}}, "components", 'cannot make it "unknown"'),
        ({"components": {"video": Status.MAINTENANCE}}, "components", 'cannot make it "under_maintenance"'),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(wrong: dict[str, object], field: str, problem: str) -> None:
    page = Page()
    with pytest.raises(Refused, match=problem) as caught:
        opened(replace(FIRST, **wrong), page)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert page.incidents == {}


def test_nothing_is_posted_before_there_is_a_page() -> None:
    with pytest.raises(Refused, match="start the monitor first"):
        posting.open_incident(State(), FIRST, "ana", at(0))


def test_what_is_not_there_is_named() -> None:
    page = opened()
    with pytest.raises(NotThere, match="there is no incident nothing"):
        page.act(lambda held: posting.post_update(held, "nothing", Post("x"), "ana", page.now))
    with pytest.raises(NotThere, match="there is no update nothing"):
        page.act(lambda held: posting.publish_draft(held, page.only().id, "nothing", "ana", page.now))


def test_a_form_that_was_filled_in_on_an_older_version_is_a_conflict() -> None:
    page = opened()
    id, update = page.only().id, last(page).id
    post(page)
    acts = [
        lambda held: posting.post_update(held, id, Post("x"), "bob", page.now, 1),
        lambda held: posting.publish_draft(held, id, update, "bob", page.now, 1),
        lambda held: posting.edit_update(held, id, update, Post("x"), "bob", page.now, 1),
        lambda held: posting.write_postmortem(held, id, "x", "bob", page.now, publish=True, version=1),
    ]
    for act in acts:
        with pytest.raises(Conflict) as caught:
            page.act(act)
        assert caught.value.present == 2


def test_an_incident_has_an_end_of_updates() -> None:
    page = opened()
    many = tuple(replace(last(page), id=str(n)) for n in range(MAX_UPDATES))
    page.incidents[page.only().id] = replace(page.only(), updates=many)
    with pytest.raises(Refused, match="open a new one"):
        post(page)


# --- further updates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", list(IncidentState))
@pytest.mark.parametrize("to", list(IncidentState))
def test_every_row_of_the_table(before: IncidentState, to: IncidentState) -> None:
    page = opened()
    if before is IncidentState.POSTMORTEM:
        post(page, state="resolved")
        page.act(lambda held: posting.write_postmortem(held, page.only().id, "Why.", "ana", page.now, publish=True))
    elif before is not IncidentState.INVESTIGATING:
        post(page, state=before.value)
    assert page.only().state is before
    if to in TABLE[before] and to is not IncidentState.POSTMORTEM:
        post(page, state=to.value)
        assert page.only().state is to
    else:
        with pytest.raises(Refused, match="state"):
            post(page, state=to.value)


def test_an_update_without_a_state_leaves_it() -> None:
    page = opened(replace(FIRST, state="identified"))
    post(page)
    assert said(page.only()) == [("identified", "ana")] * 2
    assert page.kinds() == ["incident.created", "incident.updated"]


def test_a_back_dated_update_changes_what_was_and_not_what_is() -> None:
    page = opened()
    page.wait(600)
    post(page, state="resolved", components={"video": Status.MAJOR})
    page.wait(60)
    post(page, state="identified", display_at=at(300), components={"video": Status.PARTIAL})
    assert [each.state for each in page.only().published] == ["investigating", "identified", "resolved"]
    assert page.status("video") is Status.MAJOR
    assert page.kinds()[-1] == "incident.updated"


def test_an_open_state_after_the_end_reopens() -> None:
    page = opened()
    post(page, state="resolved")
    post(page, state="investigating")
    assert page.kinds() == ["incident.created", "incident.resolved", "incident.reopened"]


def test_the_same_key_twice_is_one_update() -> None:
    page = opened()
    post(page, key="k")
    assert post(page, key="k").is_empty
    assert len(page.only().updates) == 2


def test_two_updates_in_the_same_moment_are_two() -> None:
    page = opened()
    post(page)
    post(page, draft=True)
    assert len(page.only().updates) == 3


def test_another_title() -> None:
    page = opened()
    post(page, title="Chat and Q&A are\nslow")
    assert page.only().title == "Chat and Q&A are slow"


# --- components ---------------------------------------------------------------------------------------------------


def test_a_component_without_checks_is_what_the_update_says_from_the_time_shown() -> None:
    page = Page()
    page.wait(600)
    opened(replace(FIRST, components={"video": Status.MAJOR}, display_at=at(120)), page)
    assert (page.status("video"), page.components["video"].since) == (Status.MAJOR, at(120))
    assert page.overrides == {}


def test_for_one_with_checks_it_holds_against_them_until_the_end() -> None:
    page = opened(replace(FIRST, components={"native": Status.PARTIAL}))
    page.wait(600)
    assert page.status("native") is Status.PARTIAL
    assert page.overrides["native"].incident == page.only().id
    post(page, state="resolved")
    assert page.overrides == {}
    page.wait(1)
    assert page.status("native") is Status.OPERATIONAL


def test_the_end_sets_the_components_right_unless_it_is_told_not_to() -> None:
    page = opened(replace(FIRST, components={"video": Status.MAJOR, "lobby": Status.PARTIAL}))
    post(page, state="resolved", components={"lobby": Status.DEGRADED})
    assert (page.status("video"), page.status("lobby")) == (Status.OPERATIONAL, Status.DEGRADED)
    page = opened(replace(FIRST, components={"video": Status.MAJOR}))
    post(page, state="resolved", reset=False)
    assert page.status("video") is Status.MAJOR


def test_the_newest_word_of_a_person_is_the_one_that_holds() -> None:
    page = Page()
    page.act(lambda held: correcting.override(held, "video", Status.DEGRADED, at(9000), "so", "bob", page.now))
    opened(replace(FIRST, components={"video": Status.MAJOR}), page)
    page.wait(60)
    assert (page.status("video"), page.overrides) == (Status.MAJOR, {})


def test_every_move_of_a_component_is_in_the_journal() -> None:
    page = opened(replace(FIRST, components={"video": Status.MAJOR, "native": Status.DEGRADED}))
    moves = [(each.subject, each.data["from"], each.data["to"], each.data["by"]) for each in page.journal[1:]]
    assert moves == [
        ("video", "operational", "major_outage", "ana"),
        ("native", "operational", "degraded_performance", "ana"),
    ]


# --- drafts -------------------------------------------------------------------------------------------------------


def test_a_published_draft_of_the_robot_stays_the_robots() -> None:
    page = robots("draft")
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    assert page.only().touched_by is None
    page.see(UP, "native")
    page.wait(302)
    assert [who for _, who in said(page.only())] == [ROBOT] * 3


def test_what_is_no_draft_cannot_be_published() -> None:
    page = opened()
    with pytest.raises(Refused, match="is published already"):
        page.act(lambda held: posting.publish_draft(held, page.only().id, last(page).id, "ana", page.now))
    post(page, draft=True)
    update = last(page).id
    page.act(lambda held: posting.dismiss(held, page.only().id, update, "ana", page.now))
    with pytest.raises(Refused, match="was taken back"):
        page.act(lambda held: posting.publish_draft(held, page.only().id, update, "ana", page.now))


def test_a_dismissed_draft_leaves_what_is_public() -> None:
    page = opened()
    post(page, draft=True)
    page.act(lambda held: posting.dismiss(held, page.only().id, last(page).id, "ana", page.now, "not so"))
    assert (page.only().is_open, page.only().drafts) == (True, ())
    assert page.journal[-1].data["reason"] == "not so"


def test_an_incident_nobody_saw_goes_with_its_last_draft() -> None:
    page = opened(replace(FIRST, draft=True))
    page.act(lambda held: posting.dismiss(held, page.only().id, last(page).id, "ana", page.now))
    assert (page.only().is_open, page.only().dismissed_at) == (False, at(0))


def test_a_persons_draft_outlives_the_robots_that_was_dismissed_for_it() -> None:
    page = robots("draft")
    theirs = draft(page.only()).id
    post(page, draft=True)
    page.act(lambda held: posting.dismiss(held, page.only().id, theirs, "ana", page.now))
    page.wait(60)
    assert (page.only().is_open, page.only().touched_by) == (True, "ana")
    assert [each.by for each in page.only().drafts] == ["ana"]


def test_a_veto_is_journalled_once() -> None:
    page = robots("after 300s")
    hold = lambda held: posting.hold_draft(held, page.only().id, draft(page.only()).id, "ana", page.now)  # noqa: E731
    page.act(hold)
    assert page.act(hold).is_empty
    assert page.kinds() == ["incident.held"]


def test_a_persons_word_puts_the_robots_draft_aside() -> None:
    page = robots("after 300s")
    post(page)
    page.wait(600)
    assert said(page.only()) == [("investigating", "ana")]
    assert [each.publish_at for each in page.only().drafts] == [None]


# --- editing ------------------------------------------------------------------------------------------------------


def edit(page: Page, update: Update, words: Post) -> None:
    page.act(lambda held: posting.edit_update(held, page.only().id, update.id, words, "bob", page.now))


def test_an_edit_keeps_what_stood_there() -> None:
    page = opened()
    page.wait(60)
    page.incidents[page.only().id] = page.only().with_update(replace(last(page), html="<p>old</p>"))
    edit(page, last(page), Post("Better words.", title="Better title", display_at=at(-60)))
    update = last(page)
    assert (update.body, update.html, update.display_at, update.by) == ("Better words.", "", at(-60), "ana")
    (kept,) = update.edits
    assert (kept.body, kept.by, kept.at, kept.display_at) == ("We are looking into it.", "bob", at(60), at(0))
    assert (page.only().title, page.only().touched_by) == ("Better title", "bob")
    assert page.journal[-1].telling is None
    assert page.journal[-1].data["was_title"] == "Chat is slow"
    post(page, title="Best title")
    assert page.journal[-1].data["was_title"] == "Better title"
    post(page, title="Best title")
    assert "was_title" not in page.journal[-1].data


def test_a_title_that_the_public_has_read_is_kept_with_the_time_of_its_end() -> None:
    page = opened()
    page.wait(60)
    edit(page, last(page), Post("Better words.", title="Better title"))
    page.wait(60)
    post(page, title="Best title")
    page.act(lambda held: rename(held, page.only().id, "Best title", "cleo", page.now))
    page.act(lambda held: rename(held, page.only().id, "The very best", "cleo", page.now))
    assert page.only().title == "The very best"
    assert [(each.title, each.until, each.by) for each in page.only().titles] == [
        ("Chat is slow", at(60), "bob"),
        ("Better title", at(120), "ana"),
        ("Best title", at(120), "cleo"),
    ]


def test_a_title_that_nobody_has_read_leaves_nothing() -> None:
    page = opened(replace(FIRST, draft=True))
    page.act(lambda held: rename(held, page.only().id, "Another", "bob", page.now))
    post(page, title="A third", draft=False)
    assert (page.only().title, page.only().is_public, page.only().titles) == ("A third", True, ())


# --- times --------------------------------------------------------------------------------------------------------


def test_nothing_is_said_of_an_incident_before_it_began() -> None:
    page = opened(replace(FIRST, display_at=at(-600)))
    for as_draft in (False, True):
        with pytest.raises(
            Refused, match=r"^display_at: lies before the incident began \(.* UTC\); .* edit its first update$"
        ):
            post(page, display_at=at(-661), draft=as_draft)
    post(page, state="identified", display_at=at(-600))
    assert page.only().started_at == page.only().published[0].display_at == at(-600)


def test_the_minute_in_which_it_began_is_its_beginning() -> None:
    """Forms know minutes only."""
    page = opened(replace(FIRST, display_at=at(-590)))
    post(page, display_at=at(-590).replace(second=0))
    assert last(page).display_at == at(-590)


def test_a_draft_for_a_time_before_what_is_public_began_is_not_published() -> None:
    page = opened(replace(FIRST, draft=True))
    post(page, draft=True, display_at=at(-600))
    old = last(page)
    post(page, "Now.")
    assert page.only().started_at == at(0)
    with pytest.raises(Refused, match="display_at: lies before the incident began"):
        page.act(lambda held: posting.publish_draft(held, page.only().id, old.id, "ana", page.now))
    edit(page, old, Post("At the same time.", display_at=at(0)))
    page.act(lambda held: posting.publish_draft(held, page.only().id, old.id, "ana", page.now))
    assert len(page.only().published) == 2


def test_the_first_word_moves_the_beginning_back_and_no_other_does() -> None:
    page = opened()
    page.wait(60)
    post(page)
    with pytest.raises(Refused, match="display_at: lies before the incident began"):
        edit(page, last(page), Post("x", display_at=at(-61)))
    edit(page, page.only().published[0], Post("It began before.", display_at=at(-600)))
    assert (page.only().started_at, page.only().state.value) == (at(-600), "investigating")
    edit(page, last(page), Post("x", display_at=at(-60)))
    assert page.only().published[-1].display_at == at(-60)
    edit(page, page.only().published[0], Post("It was said later.", display_at=at(-300)))
    assert page.only().started_at == at(-600)


def test_an_edited_draft_is_the_editors_and_waits_for_a_person() -> None:
    page = robots("after 300s")
    edit(page, draft(page.only()), Post("Mine."))
    assert (draft(page.only()).by, draft(page.only()).publish_at, draft(page.only()).edits) == ("bob", None, ())


def test_an_edit_neither_opens_nor_ends_an_incident() -> None:
    page = opened()
    with pytest.raises(Refused, match="cannot open or end"):
        edit(page, last(page), Post("x", state="resolved"))
    with pytest.raises(Refused, match="written, not posted"):
        edit(page, last(page), Post("x", state="postmortem"))
    edit(page, last(page), Post("x", state="identified"))
    assert page.only().state is IncidentState.IDENTIFIED


def test_what_was_taken_back_cannot_be_edited() -> None:
    page = opened()
    post(page, draft=True)
    page.act(lambda held: posting.dismiss(held, page.only().id, last(page).id, "ana", page.now))
    with pytest.raises(Refused, match="was taken back"):
        edit(page, last(page), Post("x"))


# --- undo ---------------------------------------------------------------------------------------------------------


def test_undo_makes_a_draft_of_it_again_and_nobody_is_told() -> None:
    page = opened(replace(FIRST, components={"video": Status.MAJOR, "native": Status.PARTIAL}))
    page.wait(19)
    decided = withdraw(page, last(page))
    assert decided.undone == (last(page).id,)
    assert (page.only().is_public, page.only().impact) == (False, Impact.NONE)
    assert (page.status("video"), page.overrides) == (Status.OPERATIONAL, {})
    page.wait(1)
    assert page.status("native") is Status.OPERATIONAL
    assert [event.telling for event in page.journal if event.kind.startswith("incident.")] == [None]


def test_undo_of_the_end_leaves_it_open() -> None:
    page = opened()
    post(page, state="resolved")
    withdraw(page, last(page))
    assert page.only().is_open
    assert page.kinds() == ["incident.created", "incident.withdrawn"]


def test_undo_of_the_end_lets_what_people_said_of_watched_components_hold_again() -> None:
    page = opened(replace(FIRST, components={"native": Status.PARTIAL, "video": Status.MAJOR}))
    page.wait(60)
    post(page, components={"native": Status.DEGRADED})
    page.wait(60)
    held = page.overrides
    post(page, state="resolved")
    page.wait(2)
    assert (page.status("native"), page.status("video")) == (Status.OPERATIONAL, Status.OPERATIONAL)
    assert page.overrides == {}
    withdraw(page, last(page))
    page.wait(5)
    assert page.overrides == held
    assert (page.status("native"), page.status("video")) == (Status.DEGRADED, Status.MAJOR)


def test_undo_of_the_end_leaves_the_robots_words_and_an_operators_own_override_alone() -> None:
    page = robots()
    post(page, components={"redis": Status.PARTIAL})
    post(page, state="resolved")
    until = page.now + timedelta(hours=1)
    page.act(lambda held: correcting.override(held, "redis", Status.DEGRADED, until, "so", "bob", page.now))
    withdraw(page, last(page))
    assert {name: (each.by, each.incident) for name, each in page.overrides.items()} == {"redis": ("bob", None)}


def test_undo_leaves_what_somebody_changed_since() -> None:
    page = opened(replace(FIRST, components={"video": Status.MAJOR}))
    override = lambda held: correcting.override(held, "video", Status.PARTIAL, at(900), "so", "bob", page.now)  # noqa: E731
    page.act(override)
    withdraw(page, last(page))
    assert page.status("video") is Status.PARTIAL


@pytest.mark.parametrize("seconds", [20, 21, 3600])
def test_undo_ends_when_people_may_have_been_told(seconds: float) -> None:
    page = opened()
    page.now += timedelta(seconds=seconds)
    with pytest.raises(Refused, match="is out: edit it, or post a correction"):
        withdraw(page, last(page))


def test_what_the_robot_said_is_out_at_once() -> None:
    page = robots()
    with pytest.raises(Refused, match="is out"):
        withdraw(page, last(page))


def test_the_robots_draft_that_a_person_published_can_be_taken_back() -> None:
    page = robots("draft")
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    withdraw(page, last(page))
    assert not page.only().is_public


def test_only_the_newest_word_can_be_taken_back() -> None:
    page = opened()
    first = last(page)
    page.wait(1)
    post(page)
    with pytest.raises(Refused, match="followed by another"):
        withdraw(page, first)
    withdraw(page, last(page))
    withdraw(page, first)
    assert not page.only().is_public


def test_a_draft_cannot_be_taken_back() -> None:
    page = opened(replace(FIRST, draft=True))
    with pytest.raises(Refused, match="is not published"):
        withdraw(page, last(page))


# --- whose it is --------------------------------------------------------------------------------------------------


def test_an_acknowledgement_is_for_on_call_and_changes_nothing() -> None:
    page = robots()
    before = page.only()
    decided = page.act(lambda held: posting.acknowledge(held, before.id, "ana", page.now))
    (event,) = decided.events
    assert (event.kind, event.data["by"]) == ("incident.acknowledged", "ana")
    assert event.telling is not None
    assert page.only() == before


def test_handing_back_what_is_the_robots_already_is_nothing() -> None:
    page = robots()
    assert page.act(lambda held: posting.hand_back(held, page.only().id, "ana", page.now)).is_empty


def test_an_incident_without_a_check_behind_it_cannot_be_handed_back() -> None:
    page = opened()
    with pytest.raises(Refused, match="no check behind it"):
        page.act(lambda held: posting.hand_back(held, page.only().id, "ana", page.now))


def test_what_was_dismissed_cannot_be_handed_back() -> None:
    page = robots("draft")
    page.act(lambda held: posting.dismiss(held, page.only().id, draft(page.only()).id, "ana", page.now))
    with pytest.raises(Refused, match="was dismissed"):
        page.act(lambda held: posting.hand_back(held, page.only().id, "ana", page.now))


def test_a_draft_that_is_handed_back_publishes_itself_as_its_policy_says() -> None:
    page = robots("after 300s")
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    withdraw(page, last(page))
    page.act(lambda held: posting.hand_back(held, page.only().id, "ana", page.now))
    assert draft(page.only()).publish_at == page.now + timedelta(seconds=300)


def test_reopening_leaves_a_cause_to_the_incident_that_has_it_by_now() -> None:
    page = robots()
    first = page.only().id
    post(page, state="resolved")
    page.see(UP, "native")
    page.wait(1000)
    page.see(DOWN, "native")
    page.wait(10)
    assert len(page.incidents) == 2
    again = Post("There is more to it.", state="investigating")
    page.act(lambda held: posting.post_update(held, first, again, "ana", page.now))
    assert [each.causes for each in page.incidents.values()] == [(), ("native",)]


# --- postmortems --------------------------------------------------------------------------------------------------


def learn(page: Page, body: str = "Why.", *, publish: bool = True) -> Decision:
    return page.act(lambda held: posting.write_postmortem(held, page.only().id, body, "ana", page.now, publish=publish))


def test_a_postmortem_is_written_as_a_draft_and_published_once() -> None:
    page = opened()
    post(page, state="resolved")
    learn(page, publish=False)
    assert page.only().state is IncidentState.RESOLVED
    learn(page, "Why, in better words.")
    assert page.only().state is IncidentState.POSTMORTEM
    page.wait(60)
    learn(page, "Why, corrected.", publish=False)
    written = page.only().postmortem
    assert written is not None
    assert (written.body, written.published_at, len(written.edits)) == ("Why, corrected.", at(0), 1)
    assert written.edits[0].body == "Why, in better words."
    told = [event.kind for event in page.journal if event.telling]
    assert told == ["incident.created", "incident.resolved", "incident.postmortem"]


def test_a_published_postmortem_is_a_draft_again_within_the_window_and_nobody_is_told() -> None:
    page = opened()
    post(page, state="resolved")
    page.wait(60)
    learn(page)
    told = page.journal[-1].telling
    assert told is not None
    assert told.update == word_id(page.only())
    page.wait(19)
    undone = page.act(lambda held: posting.withdraw_postmortem(held, page.only().id, "ana", page.now))
    assert undone.undone == (told.update,)
    assert page.only().state is IncidentState.RESOLVED
    assert page.only().postmortem is not None
    assert word_id(page.only()) == ""
    assert [event.kind for event in page.journal if event.telling] == ["incident.created", "incident.resolved"]
    with pytest.raises(Refused, match="is not published"):
        page.act(lambda held: posting.withdraw_postmortem(held, page.only().id, "ana", page.now))
    learn(page)
    assert word_id(page.only()) not in (told.update, "")
    page.now += UNDO
    with pytest.raises(Refused, match="is out"):
        page.act(lambda held: posting.withdraw_postmortem(held, page.only().id, "ana", page.now))


def test_only_what_is_resolved_can_be_learned_from() -> None:
    for page in (opened(), opened(replace(FIRST, draft=True, state="resolved"))):
        with pytest.raises(Refused, match="is not resolved yet"):
            learn(page)
    page = opened(replace(FIRST, state="resolved"))
    with pytest.raises(Refused, match="at most 100000"):
        learn(page, "x" * 100_001)


# --- the text that is kept ----------------------------------------------------------------------------------------


@pytest.mark.corpus("B10")
def test_a_title_is_one_line_without_control_characters() -> None:
    page = opened(replace(FIRST, title="x\r\nBcc: v@e.x\x00\x1b[31m \ud800 \u202eevil"))
    assert page.only().title == "x Bcc: v@e.x [31m evil"


def test_a_body_keeps_what_people_write() -> None:
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    page = opened(replace(FIRST, body=f"one\r\ntwo\rthree\x00\x07 10\u00a0000 {family}\u2028end\ud800"))
    assert last(page).body == f"one\ntwo\nthree 10 000 {family} end"


@pytest.mark.corpus("B4", "B5")
@pytest.mark.parametrize(
    "text",
    [
        "{{7*7}}",
        "{{cycler.__init__.__globals__.os.popen('id').read()}}",
        "{% include '/etc/passwd' %}",
        "{{ ''.__class__.__mro__ }}",
        "{% for i in range(10**9) %}",
        "{incident.__init__.__globals__[app].secret_key}",
        "%(title)s ${title} {0} {title!r}",
    ],
)
def test_whatever_looks_like_a_template_stays_as_it_was_typed(text: str) -> None:
    page = opened(replace(FIRST, title=text, body=text))
    assert (page.only().title, last(page).body) == (text, text)


def test_what_the_robot_wrote_and_a_person_took_back_waits_for_them() -> None:
    page = robots("draft")
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    withdraw(page, last(page))
    page.wait(60)
    assert draft(page.only()).publish_at is None
    page.act(lambda held: posting.publish_draft(held, page.only().id, draft(page.only()).id, "ana", page.now))
    assert page.only().is_public


def test_a_draft_of_one_person_that_another_publishes_takes_the_incident_over() -> None:
    page = robots()
    page.act(
        lambda held: posting.post_update(
            held, page.only().id, posting.Post("By us.", None, "identified", draft=True), "bob", page.now
        )
    )
    theirs = page.only().drafts[-1].id
    page.act(lambda held: posting.publish_draft(held, page.only().id, theirs, "ana", page.now))
    assert page.only().touched_by == "ana"


def test_an_incident_full_of_updates_can_still_be_ended() -> None:
    page = robots()
    full = replace(page.only(), updates=tuple(replace(last(page), id=f"u{n}") for n in range(posting.MAX_UPDATES)))
    page.incidents[full.id] = full
    with pytest.raises(Refused, match="resolve it"):
        page.act(lambda held: posting.post_update(held, full.id, posting.Post("More."), "ana", page.now))
    page.act(lambda held: posting.post_update(held, full.id, posting.Post("Over.", state="resolved"), "ana", page.now))
    assert not page.only().is_open


def test_the_end_does_not_talk_away_a_check_that_still_fails() -> None:
    page = robots()
    post(page, state="resolved")
    said = {change.component: change.new for change in last(page).changes}
    assert "native" not in said


def test_a_draft_cannot_rename_what_is_public() -> None:
    page = robots()
    with pytest.raises(Refused, match="title"):
        page.act(
            lambda held: posting.post_update(
                held, page.only().id, posting.Post("More.", "Another name", draft=True), "ana", page.now
            )
        )
