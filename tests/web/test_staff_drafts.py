"""The inbox over HTTP: evidence under the words, one press to publish, veto, dismissal, edit, undo."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from werkzeug.test import TestResponse

from statuspage.core import posting
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.core.posting import Post
from statuspage.core.role import Role
from statuspage.core.state import Decision
from statuspage.core.status import Status
from tests.web.desk import HOST, Desk, desk, still_desk
from tests.web.staff import alerts, field
from tests.web.test_staff_post import area, wrong

__all__ = ["desk", "still_desk"]

DRAFTS = "/staff/drafts"


def at(desk: Desk, id: str, act: str = "") -> str:
    """The address of an act on the first draft of an incident."""
    return f"/staff/incidents/{id}/updates/{desk.incident(id).updates[0].id}{act and '/'}{act}"


def version(desk: Desk, id: str) -> dict[str, str]:
    return {"version": str(desk.incident(id).version)}


def card(page: TestResponse, title: str) -> str:
    """One draft of the page."""
    found = [each for each in page.text.split("<article")[1:] if f">{title}</a>" in each]
    assert len(found) == 1, title
    return found[0].partition("</article>")[0]


def edited(page: TestResponse, **typed: str) -> dict[str, str]:
    """The form of an edit with what somebody typed."""
    state = re.search(r'name="state" value="([^"]*)" checked', page.text)
    assert state is not None
    form = {name: unescape(field(page, name)) for name in ("version", "title", "display_at")}
    return {**form, "state": state[1], "body": area(page), "act": "save", **typed}


def test_the_evidence_stands_under_the_words_that_it_supports(still_desk: Desk) -> None:
    shown = card(still_desk.browser(Role.VIEWER).get(DRAFTS), "Slow web socket connections")
    words, _, evidence = shown.partition('class="ev"')
    assert "New connections to Firebase wait without an answer." in words
    assert "Firebase Web Sockets:" in words
    for seen in ("virginia", "frankfurt", "2.1 ms", "14 ms", "timeout", "not reached", HOST):
        assert seen in evidence
        assert seen not in words
    assert "4 of the last 5 runs failed, seen from virginia" in evidence


def test_what_publishes_itself_stands_first_and_says_when(still_desk: Desk) -> None:
    page = still_desk.browser().get(DRAFTS)
    assert page.text.index("Redis cache is slow") < page.text.index("Slow web socket connections")
    shown = card(page, "Redis cache is slow")
    assert "Goes out by itself at" in shown
    assert 'data-until="240"' in shown
    assert "Tells PagerDuty and 2 webhooks." in shown


def test_each_role_has_the_buttons_that_it_may_press(still_desk: Desk) -> None:
    acts = {"viewer": set(), "responder": {"hold", "dismiss"}, "publisher": {"hold", "dismiss", "publish"}}
    for role, wanted in acts.items():
        page = still_desk.browser(Role(role)).get(DRAFTS).text
        assert set(re.findall(r'action="/staff/incidents/[^"]*/(publish|hold|dismiss)"', page)) == wanted


def test_somebody_who_signs_in_lands_on_the_drafts_that_wait(still_desk: Desk) -> None:
    assert still_desk.browser().get("/staff").headers["Location"] == DRAFTS


def test_an_open_page_asks_which_drafts_wait_and_hears_no_more_than_it_has_to(desk: Desk) -> None:
    browser, ask = desk.browser(Role.VIEWER), f"{DRAFTS}/waiting"
    first = browser.get(ask)
    mine = {desk.incident(id).updates[0].id for id in (desk.work.waiting, desk.work.draft)}
    assert set(json.loads(first.data)["drafts"]) == mine
    assert first.headers["Cache-Control"] == "no-store"
    again = browser.get(ask, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    desk.browser().post(at(desk, desk.work.draft, "publish"), **version(desk, desk.work.draft))
    changed = browser.get(ask, **{"If-None-Match": first.headers["ETag"]})
    assert json.loads(changed.data)["drafts"] == [desk.incident(desk.work.waiting).updates[0].id]
    assert desk.office.browser().get(ask, Accept="application/json").status_code == 401


def test_a_tab_that_is_left_open_keeps_no_session_alive(desk: Desk) -> None:
    browser = desk.browser(Role.VIEWER)
    for _ in range(9):
        desk.office.clock.advance(3500)
        last = browser.get(f"{DRAFTS}/waiting", Accept="application/json").status_code
    assert last == 401


def test_one_press_publishes_and_the_robot_goes_on(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    said = browser.post(at(desk, id, "publish"), **version(desk, id))
    update = desk.incident(id).updates[0]
    assert said.headers["Location"] == f"{DRAFTS}?said={id}.{update.id}"
    assert update.is_published
    assert desk.incident(id).touched_by is None
    assert {each.due for each in desk.messages(id)} == {desk.now + timedelta(seconds=20)}
    assert desk.kinds(id) == ["incident.published", "incident.created"]
    bar = browser.get(said.headers["Location"]).text
    assert "Nobody has been told yet." in bar
    assert 'data-left="20"' in bar
    assert HOST not in browser.get(f"/incidents/{id}").text


def test_undo_within_the_window_makes_it_a_draft_again_and_nobody_hears_of_it(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    browser.post(at(desk, id, "publish"), **version(desk, id))
    desk.office.clock.advance(19)
    undone = browser.post(at(desk, id, "undo"))
    assert undone.headers["Location"] == f"{DRAFTS}?did=undone"
    assert not desk.incident(id).is_public
    assert desk.messages(id) == []
    page = browser.get(undone.headers["Location"])
    assert "Your text is a draft again." in page.text
    assert "New connections to Firebase" in card(page, "Slow web socket connections")


def test_the_bar_counts_down_and_is_gone_with_the_window(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    said = browser.post(at(desk, id, "publish"), **version(desk, id)).headers["Location"]
    desk.office.clock.advance(12.5)
    assert 'data-left="8"' in browser.get(said).text
    assert "/undo" not in desk.browser(Role.VIEWER).get(said).text
    desk.office.clock.advance(8)
    assert 'id="undo"' not in browser.get(said).text
    late = browser.post(at(desk, id, "undo"))
    assert late.headers["Location"] == f"/staff/incidents/{id}?did=late"
    assert "Too late to take back" in browser.get(late.headers["Location"]).text
    assert desk.incident(id).is_public


@pytest.mark.parametrize("said", ["x", "x.y", "nothing.nothing", "../..", "%00.x", "a" * 90, "é.x"])
def test_a_made_up_word_in_the_address_offers_nothing_to_undo(still_desk: Desk, said: str) -> None:
    page = still_desk.browser().get(f"{DRAFTS}?said={said}")
    assert page.status_code in (200, 400)
    assert 'id="undo"' not in page.text


def test_a_veto_lets_it_wait_for_a_person(desk: Desk) -> None:
    browser, id = desk.browser(Role.RESPONDER), desk.work.waiting
    assert browser.post(at(desk, id, "hold"), **version(desk, id)).headers["Location"] == f"{DRAFTS}?did=held"
    assert desk.incident(id).updates[0].publish_at is None
    assert "Goes out by itself" not in browser.get(DRAFTS).text
    assert desk.kinds(id)[0] == "incident.held"


def test_a_dismissed_draft_is_gone_from_the_inbox_and_told_in_the_journal(desk: Desk) -> None:
    browser, id = desk.browser(Role.RESPONDER), desk.work.draft
    assert browser.post(at(desk, id, "dismiss"), **version(desk, id)).headers["Location"] == f"{DRAFTS}?did=dismissed"
    assert "Slow web socket connections" not in browser.get(DRAFTS).text
    assert "incident.dismissed" in desk.kinds(id)
    assert "Put aside" in browser.get("/staff/incidents").text


def test_a_draft_that_changed_meanwhile_is_not_published_unread(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    old = version(desk, id)
    update = desk.incident(id).updates[0].id
    other = Post("Quite another text.")
    desk.store.act(lambda state: posting.edit_update(state, id, update, other, "cleo", desk.now), desk.now)
    lost = browser.post(at(desk, id, "publish"), **old)
    assert lost.status_code == 409
    assert "Read it again" in alerts(lost)
    assert "Quite another text." in lost.text
    assert not desk.incident(id).is_public


@pytest.mark.parametrize("press", ["dismiss", "hold"])
def test_a_draft_that_changed_meanwhile_is_neither_put_aside_nor_held_unread(desk: Desk, press: str) -> None:
    browser, id = desk.browser(Role.RESPONDER), desk.work.waiting
    old, update = version(desk, id), desk.incident(id).updates[0].id
    other = Post("Quite another text.")
    desk.store.act(lambda state: posting.edit_update(state, id, update, other, "cleo", desk.now), desk.now)
    before = desk.incident(id)
    lost = browser.post(at(desk, id, press), **old)
    assert lost.status_code == 409
    assert "Read it again" in alerts(lost)
    assert desk.incident(id) == before
    assert browser.post(at(desk, id, press), **version(desk, id)).status_code == 303
    assert browser.post(at(desk, id, press), version="x").status_code == 400


def test_a_draft_that_is_out_already_is_told_of_and_not_said_twice(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    browser.post(at(desk, id, "publish"), **version(desk, id))
    twice = browser.post(at(desk, id, "publish"), **version(desk, id))
    assert twice.status_code == 422
    assert "Update: is published already." in alerts(twice)
    assert desk.kinds(id).count("incident.created") == 1


def test_what_was_over_before_anybody_heard_of_it_stands_apart(desk: Desk) -> None:
    incident = desk.incident(desk.work.draft)
    desk.store.transact(lambda _: Decision(incidents=(replace(incident, over_at=desk.now),)), desk.now)
    page = desk.browser().get(DRAFTS)
    waiting, _, over = page.text.partition('id="h-over"')
    assert "Slow web socket connections" not in waiting
    assert "before anybody heard of it" in over


def test_an_edited_draft_is_a_persons_and_waits_for_one(desk: Desk) -> None:
    browser, id = desk.browser(Role.RESPONDER), desk.work.waiting
    page = browser.get(at(desk, id))
    assert browser.post(at(desk, id), **edited(page, body="Other words.")).headers["Location"] == f"{DRAFTS}?did=edited"
    update = desk.incident(id).updates[0]
    assert (update.body, update.publish_at, update.by) == ("Other words.", None, "responder")
    assert browser.post(at(desk, id), **edited(page, act="publish")).status_code == 403


def test_editing_and_publishing_is_one_act(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.draft
    form = edited(browser.get(at(desk, id)), title="Chat connects slowly", body="Better words.", act="publish")
    said = browser.post(at(desk, id), **form)
    incident = desk.incident(id)
    assert said.headers["Location"] == f"/staff/incidents/{id}?said={id}.{incident.updates[0].id}"
    assert (incident.title, incident.published[0].body) == ("Chat connects slowly", "Better words.")
    assert incident.touched_by == "publisher"
    assert "incident.edited" in desk.kinds(id)
    assert "incident.created" in desk.kinds(id)
    assert desk.store.state(desk.now).components["firebase-web-sockets"].status is Status.MAJOR


@pytest.mark.parametrize(
    ("typed", "name", "says"),
    [({"body": ""}, "body", "Must not be empty."), ({"title": " "}, "title", "Must not be empty."),
     ({"display_at": "tomorrow"}, "display_at", "Must look like"), ({"state": "fine"}, "state", "Must be one of")],
)  # fmt: skip
def test_a_bad_edit_comes_back_as_it_was_typed(still_desk: Desk, typed: dict[str, str], name: str, says: str) -> None:
    browser, id = still_desk.browser(), still_desk.work.open
    form = edited(browser.get(at(still_desk, id)), **{"body": "Mine & <b>only</b>", **typed})
    page = browser.post(at(still_desk, id), **form)
    assert page.status_code == 422
    assert says in wrong(page, name)
    assert area(page) == form["body"]


def test_an_edit_of_what_is_public_keeps_what_stood_there_and_tells_nobody(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.open
    before = len(desk.messages(id))
    saved = browser.post(at(desk, id), **edited(browser.get(at(desk, id)), body="It starts **late**."))
    assert saved.headers["Location"] == f"/staff/incidents/{id}?did=edited"
    update = desk.incident(id).updates[0]
    assert [each.body for each in update.edits] == ["Video starts **slowly** for some."]
    assert len(desk.messages(id)) == before
    assert "<strong>slowly</strong>" in browser.get(f"/staff/incidents/{id}").text
    refused = desk.browser(Role.RESPONDER).post(at(desk, id), **edited(browser.get(at(desk, id)), body="Mine."))
    assert refused.status_code == 403
    assert desk.kinds("/staff/incidents/<id>/updates/<update>") == ["act.refused"]


def test_an_edit_that_lost_a_race_shows_both_texts(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.open
    page = browser.get(at(desk, id))
    update, other = desk.incident(id).updates[0].id, Post("Others were faster.")
    desk.store.act(lambda state: posting.edit_update(state, id, update, other, "cleo", desk.now), desk.now)
    lost = browser.post(at(desk, id), **edited(page, body="Mine."))
    assert lost.status_code == 409
    assert area(lost) == "Mine."
    assert "Others were faster." in lost.text
    assert browser.post(at(desk, id), **edited(lost)).status_code == 303
    assert desk.incident(id).updates[0].body == "Mine."


def test_the_preview_of_an_edit_writes_nothing(still_desk: Desk) -> None:
    browser, id = still_desk.browser(Role.RESPONDER), still_desk.work.draft
    before = still_desk.store.head()
    page = browser.get(at(still_desk, id))
    seen = browser.post(at(still_desk, id), **edited(page, act="preview", body="It is **bold**."))
    assert "<strong>bold</strong>" in seen.text
    assert "[Investigating] Slow web socket connections" in seen.text
    assert still_desk.store.head() == before


@pytest.mark.corpus("C2")
def test_what_a_target_says_is_text_on_every_page_that_shows_it(desk: Desk) -> None:
    evil = "</td></table><script>alert(1)</script><img src=x onerror=alert(2)>"
    found = desk.incident(desk.work.draft)
    evidence = tuple(
        replace(each, detail=evil, agent=evil, reason=evil, stages=((evil, 1.0),)) for each in found.evidence
    )
    hostile = replace(found, title=evil, evidence=evidence)
    desk.store.transact(lambda _: Decision(incidents=(hostile,)), desk.now)
    run = Observation(
        "firebase-web-sockets-check", evil, desk.now, Outcome.FAIL, 1.0, Reason.TIMEOUT, evil, evil, seq=99
    )
    desk.store.append([run])
    browser, id = desk.browser(Role.ADMIN), found.id
    for path in (
        DRAFTS,
        "/staff/incidents",
        f"/staff/incidents/{id}",
        at(desk, id),
        "/staff/post",
        f"/staff/post?incident={id}",
    ):
        page = browser.get(path).text
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "<img" not in page
