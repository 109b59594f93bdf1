"""One incident as staff see it: everything about it, and what can be done with it."""

import re
from datetime import timedelta

import pytest

from statuspage.core import learning, posting
from statuspage.core.incident import IncidentState
from statuspage.core.learning import MAX_POSTMORTEM
from statuspage.core.posting import Post
from statuspage.core.role import Role
from statuspage.core.telling import MessageState
from statuspage.core.typed import MAX_BODY
from statuspage.web.staff.gate import MAX_FORM
from tests.web.desk import HOST, VIDEO, Desk, desk, still_desk
from tests.web.staff import alerts, field
from tests.web.test_staff_post import area, wrong

__all__ = ["desk", "still_desk"]


def page(desk: Desk, id: str) -> str:
    return f"/staff/incidents/{id}"


def open_one(desk: Desk, title: str) -> None:
    post = Post("x", title, key=title)
    desk.store.act(lambda state: posting.open_incident(state, post, "cleo", desk.now), desk.now)


def test_the_list_has_every_incident_and_goes_on_page_by_page(desk: Desk) -> None:
    browser, titles = desk.browser(Role.VIEWER), [f"Number {number}" for number in range(30)]
    for title in titles:
        open_one(desk, title)
    first = browser.get("/staff/incidents").text
    older = re.search(r'href="(/staff/incidents\?before=\d+)"', first)
    assert older is not None
    second = browser.get(older[1]).text
    old = ["Video starts slowly", "Invitations arrive late", "Redis cache is slow", "Slow web socket connections"]
    assert sorted(re.findall(r'<p><a href="/staff/incidents/[^"]*">([^<]*)</a>', first + second)) == sorted(
        titles + old
    )
    assert browser.get("/staff/incidents?before=x").status_code == 400


def test_an_overdue_promise_is_counted_in_the_head_line_and_marked_in_the_list(desk: Desk) -> None:
    """`open` said at 13:52 that more comes within 30 minutes; it is 14:32."""
    browser, counted = desk.browser(Role.RESPONDER), '>Incidents <span class="count">1</span><span class="vh"> overdue<'
    for at in ("/staff/incidents", "/staff/components"):
        assert counted in browser.get(at).text.replace(' aria-current="page"', "")
    page = browser.get("/staff/incidents").text
    rows = [row for row in page.split("<li ") if "The next update was due" in row]
    assert len(rows) == 1
    assert "Video starts slowly" in rows[0]
    assert ">14:22 UTC</time>" in rows[0]
    assert f'href="/staff/post?incident={desk.work.open}"' in rows[0]
    assert f'href="/staff/post?incident={desk.work.open}"' not in desk.browser(Role.VIEWER).get("/staff/incidents").text
    post = Post("Still at it.", key="again")
    desk.store.act(lambda state: posting.post_update(state, desk.work.open, post, "cleo", desk.now), desk.now)
    page = browser.get("/staff/incidents").text
    assert "was due" not in page
    assert '>Incidents <span class="count">' not in page


def test_a_page_shows_words_evidence_runs_messages_and_journal(still_desk: Desk) -> None:
    browser = still_desk.browser(Role.VIEWER)
    robot = browser.get(page(still_desk, still_desk.work.draft)).text
    for seen in ("Not public", "The robot", "draft</span>", HOST, "The newest 6 runs", "8.0 s", "timeout in hello"):
        assert seen in robot
    mine = browser.get(page(still_desk, still_desk.work.open)).text
    for seen in ("Identified", "opened by cleo", "Next update was due", "Partial outage, as cleo says", "HTTP 410 Gone",
                 "incident.created", "Nov 23, 2026 - 13:42 UTC"):  # fmt: skip
        assert seen in mine
    assert browser.get("/staff/incidents/nothing").status_code == 404
    assert browser.get("/staff/incidents/a%00b").status_code == 404


def test_who_was_told_shows_what_was_delivered_too(desk: Desk) -> None:
    id = desk.work.open
    for name in {each.destination for each in desk.messages(id)}:
        for each in desk.store.outbox.claim(desk.now, {name: 10}, timedelta(seconds=30), "here"):
            assert desk.store.outbox.delivered(each.message.id, each.token, desk.now)
    told = [each.state for each in desk.store.outbox.about(id)]
    assert MessageState.DELIVERED in told
    _, _, part = desk.browser(Role.VIEWER).get(page(desk, id)).text.partition("Who was told")
    assert part.count("delivered</") == told.count(MessageState.DELIVERED)


def test_whoever_only_looks_has_no_form_but_the_one_to_leave(still_desk: Desk) -> None:
    for id in (still_desk.work.open, still_desk.work.draft, still_desk.work.resolved):
        text = still_desk.browser(Role.VIEWER).get(page(still_desk, id)).text
        assert re.findall(r'<form[^>]*action="([^"]*)"', text) == ["/staff/logout"]


def test_acknowledging_twice_tells_on_call_once(desk: Desk) -> None:
    browser, id = desk.browser(Role.RESPONDER), desk.work.open
    for _ in range(2):
        assert browser.post(f"{page(desk, id)}/acknowledge").status_code == 303
    assert desk.kinds(id).count("incident.acknowledged") == 1
    assert [each.kind for each in desk.messages(id) if each.destination == "on-call"][-1] == "incident.acknowledged"
    assert "responder is at it." in browser.get(page(desk, id)).text


def test_an_incident_is_handed_back_to_the_robot_where_a_check_is_behind_it(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    desk.store.act(lambda state: posting.post_update(state, id, Post("Mine."), "cleo", desk.now), desk.now)
    assert desk.incident(id).touched_by == "cleo"
    assert "Hand back to the robot" in browser.get(page(desk, id)).text
    assert browser.post(f"{page(desk, id)}/hand-back").status_code == 303
    assert desk.incident(id).touched_by is None
    refused = browser.post(f"{page(desk, desk.work.open)}/hand-back")
    assert (refused.status_code, "no check behind it" in alerts(refused)) == (422, True)


def resolving(desk: Desk, **typed: str) -> dict[str, str]:
    shown = desk.browser().get(page(desk, desk.work.open))
    form = {"key": field(shown, "key"), "body": area(shown), "version": field(shown, "version")}
    return {**form, "reset": "on", "tell": "on", **typed}


def test_the_short_cut_resolves_sets_components_right_and_can_be_undone(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.open
    form = resolving(desk)
    said = browser.post(f"{page(desk, id)}/resolve", **form)
    incident = desk.incident(id)
    assert incident.state is IncidentState.RESOLVED
    assert [each.component for each in incident.published[-1].changes] == [VIDEO]
    assert VIDEO not in desk.store.state(desk.now).overrides
    assert said.headers["Location"] == f"{page(desk, id)}?said={id}.{incident.published[-1].id}"
    assert browser.post(f"{page(desk, id)}/resolve", **form).headers["Location"] == said.headers["Location"]
    assert desk.kinds(id).count("incident.resolved") == 1
    browser.post(f"{page(desk, id)}/updates/{incident.published[-1].id}/undo")
    assert desk.incident(id).is_open


def test_last_words_that_are_refused_or_too_late_come_back(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.open
    form = resolving(desk, body=" ")
    refused = browser.post(f"{page(desk, id)}/resolve", **form)
    assert (refused.status_code, wrong(refused, "body")) == (422, "Must not be empty.")
    desk.store.act(lambda state: posting.post_update(state, id, Post("Others."), "cleo", desk.now), desk.now)
    lost = browser.post(f"{page(desk, id)}/resolve", **{**form, "body": "My last words."})
    assert lost.status_code == 409
    assert area(lost) == "My last words."
    assert "Others." in lost.text
    assert desk.incident(id).is_open


def test_a_postmortem_is_drafted_looked_at_and_published(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.resolved
    at = f"{page(desk, id)}/postmortem"
    form = browser.get(at)
    assert area(form) == "### What happened\n\nA queue filled up."
    typed = {"version": field(form, "version"), "body": "A queue **filled** up."}
    assert "<strong>filled</strong>" in browser.post(at, **typed, act="preview").text
    assert browser.post(at, **typed, act="save").headers["Location"] == f"{page(desk, id)}?did=learned"
    assert "A queue" not in browser.get(f"/incidents/{id}").text
    again = browser.get(at)
    typed = {"version": field(again, "version"), "body": area(again)}
    word = learning.word_id
    shared = browser.post(at, **typed, act="publish").headers["Location"]
    assert shared == f"{page(desk, id)}?did=shared&said={id}.{word(desk.incident(id))}"
    assert desk.incident(id).state is IncidentState.POSTMORTEM
    assert browser.post(at, **typed, act="publish").status_code == 409
    newest = {"version": field(browser.get(at), "version"), "body": "Mine."}
    assert desk.browser(Role.RESPONDER).post(at, **newest, act="save").status_code == 403
    empty = browser.post(at, version=newest["version"], body="", act="save")
    assert (empty.status_code, wrong(empty, "body")) == (422, "Must not be empty.")


@pytest.mark.parametrize("letter", ["x", "\N{HIRAGANA LETTER A}"])
def test_a_postmortem_may_be_as_long_as_it_may_be(desk: Desk, letter: str) -> None:
    browser, id = desk.browser(), desk.work.resolved
    at = f"{page(desk, id)}/postmortem"
    typed = {"version": field(browser.get(at), "version"), "act": "save"}
    assert browser.post(at, **typed, body=letter * MAX_POSTMORTEM).status_code == 303
    written = desk.incident(id).postmortem
    assert written is not None
    assert len(written.body) == MAX_POSTMORTEM
    if letter == "x":
        newest = {"version": field(browser.get(at), "version"), "act": "save"}
        long = browser.post(at, **newest, body=letter * (MAX_POSTMORTEM + 1))
        assert long.status_code == 422
        assert len(area(long)) == MAX_POSTMORTEM + 1


def test_ten_thousand_japanese_characters_are_posted(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    path = f"{page(desk, id)}/updates/{desk.incident(id).updates[0].id}"
    text = "\N{HIRAGANA LETTER A}" * MAX_BODY
    form = {"version": str(desk.incident(id).version), "title": desk.incident(id).title, "state": "investigating"}
    assert browser.post(path, **form, body=text, act="save").status_code == 303
    assert desk.incident(id).updates[0].body == text


def test_a_form_of_more_than_a_megabyte_is_refused(still_desk: Desk) -> None:
    browser, id = still_desk.browser(), still_desk.work.resolved
    for over in (browser.post(f"{page(still_desk, id)}/postmortem", body="x" * MAX_FORM),
                 still_desk.office.browser().post("/staff/login", name="publisher", password="x" * 10**6)):  # fmt: skip
        assert over.status_code == 413


def test_a_published_postmortem_can_be_taken_back_before_anybody_is_told(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.resolved
    at = f"{page(desk, id)}/postmortem"
    typed = {"version": field(browser.get(at), "version"), "body": "A queue filled up.", "act": "publish"}
    shared = browser.get(browser.post(at, **typed).headers["Location"])
    assert "Nobody has been told yet." in shared.text
    assert f'action="{at}/undo"' in shared.text
    assert [each.kind for each in desk.messages(id)].count("incident.postmortem") == 1
    assert browser.post(f"{at}/undo").headers["Location"] == f"{page(desk, id)}?did=unshared"
    assert desk.incident(id).state is IncidentState.RESOLVED
    assert "incident.postmortem" not in [each.kind for each in desk.messages(id)]
    again = browser.post(at, **{**typed, "version": field(browser.get(at), "version")})
    desk.office.clock.advance(20)
    assert 'id="undo"' not in browser.get(again.headers["Location"]).text
    assert browser.post(f"{at}/undo").headers["Location"] == f"{page(desk, id)}?did=late"


def test_a_postmortem_waits_for_the_end(still_desk: Desk) -> None:
    browser, at = still_desk.browser(), f"{page(still_desk, still_desk.work.open)}/postmortem"
    form = browser.get(at)
    early = browser.post(at, version=field(form, "version"), body="Learned.", act="publish")
    assert early.status_code == 422
    assert "is not resolved yet" in alerts(early)
    assert area(early) == "Learned."
