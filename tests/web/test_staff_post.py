"""The post screen over HTTP: what is said, to whom, what is refused, and that nothing typed is ever lost."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from werkzeug.test import TestResponse

from statuspage.core import posting
from statuspage.core.posting import Post, id_of
from statuspage.core.role import Role
from statuspage.core.state import Decision
from statuspage.core.status import Status
from statuspage.core.telling import Destination
from tests.web.desk import FIREBASE, REDIS, VIDEO, Desk, desk, desk_site, still_desk
from tests.web.staff import OURS, alerts, field

__all__ = ["desk", "still_desk"]

POST = "/staff/post"
TEXT = "Video **starts** again.\n\n<script>alert(1)</script> & more"


def filled(page: TestResponse, **typed: str) -> dict[str, str]:
    """The form of a page as a browser would send it, with what somebody typed."""
    on = re.search(r'<option value="([^"]*)" selected>[^<]*</option>', page.text)
    assert on is not None
    state = re.search(r'name="state" value="([^"]*)" checked', page.text)
    form = {"key": field(page, "key"), "incident": on[1], "act": "publish", "tell": "on", "reset": "on", "body": ""}
    form |= {"state": state[1] if state else "", "title": unescape(field(page, "title")), "next_in": "", "template": ""}
    return {**form, "display_at": "", **typed}


def area(page: TestResponse) -> str:
    """What stands in the text field."""
    found = re.search(r'<textarea id="body"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def wrong(page: TestResponse, name: str) -> str:
    found = re.search(rf'id="wrong-{name}">([^<]*)', page.text)
    return found[1] if found else ""


def test_a_new_incident_is_public_at_once_and_nobody_is_told_before_the_undo_window_ends(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get(f"{POST}?incident=new")
    chosen = {f"component.{FIREBASE}": "major_outage", f"component.{REDIS}": ""}
    said = browser.post(POST, **filled(page, title="Chat is down", body=TEXT, **chosen))
    assert said.status_code == 303
    key = field(page, "key")
    id = id_of("incident", "publisher", key)
    update = id_of("update", "publisher", f"{id}/{key}")
    assert said.headers["Location"] == f"/staff/incidents/{id}?said={id}.{update}"
    incident = desk.incident(id)
    assert incident.is_public
    assert (incident.title, incident.by, incident.components) == ("Chat is down", "publisher", (FIREBASE,))
    assert desk.store.state(desk.now).components[FIREBASE].status is Status.MAJOR
    assert {each.due for each in desk.messages(id)} == {desk.now + timedelta(seconds=20)}
    assert {each.destination for each in desk.messages(id)} == {"hook", "on-call"}


def test_the_newest_incident_that_goes_on_is_what_one_posts_about(still_desk: Desk) -> None:
    browser = still_desk.browser()
    page = browser.get(POST)
    newest = max(
        (each for each in still_desk.store.state(still_desk.now).incidents.values() if each.is_open),
        key=lambda x: x.number,
    )
    assert f'value="{newest.id}.{newest.version}" selected' in page.text
    assert f'value="{still_desk.work.resolved}' not in page.text
    assert (
        "Update 3 of this incident. The last one said: next by"
        in browser.get(f"{POST}?incident={still_desk.work.open}").text
    )
    assert f'value="{still_desk.work.resolved}' in browser.get(f"{POST}?incident={still_desk.work.resolved}").text
    assert browser.get(f"{POST}?incident=nothing").status_code == 404


def test_a_repeat_of_the_same_form_changes_nothing(desk: Desk) -> None:
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident={desk.work.open}"), body="It is better.", state="monitoring")
    first, second = browser.post(POST, **form), browser.post(POST, **form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert [each.body for each in desk.incident(desk.work.open).published].count("It is better.") == 1


def test_untouched_components_stay_out_of_it(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get(f"{POST}?incident={desk.work.open}")
    nothing = dict.fromkeys(re.findall(r'name="(component\.[^"]+)" value="" checked', page.text), "")
    assert len(nothing) == 20
    browser.post(POST, **filled(page, body="Still at it.", **nothing))
    assert desk.incident(desk.work.open).published[-1].changes == ()


def test_only_those_in_trouble_and_those_of_the_incident_stand_first(still_desk: Desk) -> None:
    page = still_desk.browser().get(f"{POST}?incident={still_desk.work.open}").text
    first, _, others = page.partition("other components")
    assert f'name="component.{VIDEO}"' in first
    assert 'name="component.login"' in first
    assert f'name="component.{REDIS}"' in others
    assert f'name="component.{VIDEO}"' not in others


@pytest.mark.parametrize(
    ("typed", "name", "says"),
    [
        ({"body": " "}, "body", "Must not be empty."),
        ({"body": "x" * 10_001}, "body", "at most 10000"),
        ({"title": ""}, "title", "Must not be empty."),
        ({"title": "x" * 300}, "title", "at most 255"),
        ({"state": "postmortem"}, "state", "a postmortem is written"),
        ({"state": "fine"}, "state", "Must be one of"),
        ({"display_at": "2026-11-24 10:15"}, "display_at", "Lies in the future."),
        ({"display_at": "yesterday"}, "display_at", "Must look like 2026-11-23 10:15"),
        ({"display_at": "2026-02-30 10:15"}, "display_at", "Is not a time"),
        ({"display_at": "0001-01-01 00:00"}, "display_at", "ten years"),
        ({"next_in": "-5"}, "next_in", "number of minutes"),
        ({f"component.{REDIS}": "under_maintenance"}, "components", "cannot make it"),
        ({f"component.{REDIS}": "broken"}, "components", "no such state"),
        ({"component.nothing": "major_outage"}, "components", "no component"),
    ],
)
def test_bad_input_comes_back_with_a_word_at_its_field_and_all_that_was_typed(
    still_desk: Desk, typed: dict[str, str], name: str, says: str
) -> None:
    browser = still_desk.browser()
    form = {"body": TEXT, "title": 'Chat "slow" <b>', "display_at": "2026-11-23 14:00", "state": "identified"}
    form |= {"next_in": "60", f"component.{FIREBASE}": "major_outage", **typed}
    before = still_desk.store.head()
    page = browser.post(POST, **filled(browser.get(f"{POST}?incident=new"), **form))
    assert page.status_code == 422
    assert says.lower() in wrong(page, name).lower()
    assert still_desk.store.head() == before
    assert area(page) == form["body"]
    assert unescape(field(page, "title")) == form["title"]
    assert unescape(field(page, "display_at")) == form["display_at"]
    assert f'name="component.{FIREBASE}" value="major_outage" checked' in page.text
    assert '<option value="60" selected>' in page.text or typed.get("next_in")


@pytest.mark.corpus("E1")
@pytest.mark.parametrize("name", ["id", "by", "author_id", "created_at", "published_at", "version", "touched_by"])
def test_no_field_is_taken_that_the_form_does_not_have(still_desk: Desk, name: str) -> None:
    browser = still_desk.browser()
    before = still_desk.store.head()
    page = browser.post(POST, **filled(browser.get(f"{POST}?incident=new"), title="x", body="x"), **{name: "x"})
    assert page.status_code == 400
    assert f"{name}: is not a field" in alerts(page).lower()
    assert still_desk.store.head() == before


def test_whoever_loses_a_race_sees_both_texts_and_publishes_with_the_next_press(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.open
    page = browser.get(f"{POST}?incident={id}")
    other = Post("Others were faster: <i>really</i>.", key="other")
    desk.store.act(lambda state: posting.post_update(state, id, other, "cleo", desk.now), desk.now)
    lost = browser.post(POST, **filled(page, body=TEXT))
    assert lost.status_code == 409
    assert "Somebody else wrote" in alerts(lost)
    assert "Others were faster: &lt;i&gt;really&lt;/i&gt;." in lost.text
    assert area(lost) == TEXT
    assert TEXT not in [each.body for each in desk.incident(id).updates]
    assert browser.post(POST, **filled(lost, body=area(lost))).status_code == 303
    assert desk.incident(id).published[-1].body == TEXT


def test_an_incident_that_is_gone_leaves_the_text_on_the_form(still_desk: Desk) -> None:
    browser = still_desk.browser()
    form = filled(browser.get(f"{POST}?incident={still_desk.work.open}"), body=TEXT, incident="nothing.3")
    page = browser.post(POST, **form)
    assert page.status_code == 404
    assert area(page) == TEXT


def test_a_database_that_is_away_costs_nobody_their_text(desk: Desk) -> None:
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident=new"), title="Chat <b>is</b> down", body=TEXT)
    desk.store.close()
    away = desk.file.rename(desk.file.with_suffix(".away"))
    page = browser.post(POST, **form)
    away.rename(desk.file)
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    kept = {
        name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    }
    assert kept.items() >= form.items()
    again = browser.open("POST", POST, data=kept, headers=OURS)
    assert again.status_code == 303
    assert desk.incident(id_of("incident", "publisher", form["key"])).published[0].body == TEXT


def test_a_responder_saves_drafts_and_cannot_publish_and_keeps_the_text(desk: Desk) -> None:
    browser = desk.browser(Role.RESPONDER)
    page = browser.get(f"{POST}?incident=new")
    assert 'value="publish"' not in page.text
    refused = browser.post(POST, **filled(page, title="Chat is down", body=TEXT))
    assert refused.status_code == 403
    assert "Save it as a draft" in alerts(refused)
    assert area(refused) == TEXT
    saved = browser.post(POST, **filled(refused, act="draft", title="Chat is down", body=TEXT))
    assert saved.headers["Location"] == "/staff/drafts?did=drafted"
    id = id_of("incident", "responder", field(page, "key"))
    assert not desk.incident(id).is_public
    assert desk.kinds(id) == ["incident.drafted"]
    assert "Chat is down" in browser.get("/staff/drafts").text


def test_a_responder_does_not_rename_what_is_public(desk: Desk) -> None:
    browser = desk.browser(Role.RESPONDER)
    page = browser.get(f"{POST}?incident={desk.work.open}")
    refused = browser.post(POST, **filled(page, act="draft", title="All is lost", body="x"))
    assert refused.status_code == 422
    assert "Changes for everybody at once" in wrong(refused, "title")
    assert desk.incident(desk.work.open).title == "Video starts slowly"
    assert browser.post(POST, **filled(page, act="draft", body="x")).status_code == 303


def test_a_template_fills_empty_fields_and_no_others(still_desk: Desk) -> None:
    browser = still_desk.browser()
    page = browser.get(f"{POST}?incident=new")
    empty = browser.post(POST, **filled(page, act="template", template="reconnect STORM"))
    assert area(empty) == "Everybody connects **again** at once."
    assert field(empty, "title") == "Connections come back slowly"
    assert 'value="identified" checked' in empty.text
    typed = {"title": "Mine", "body": "My own words", "state": "monitoring"}
    kept = browser.post(POST, **filled(page, act="template", template="Reconnect storm", **typed))
    assert (area(kept), field(kept, "title")) == ("My own words", "Mine")
    assert 'value="monitoring" checked' in kept.text
    assert area(browser.post(POST, **filled(page, act="template", template="none such", body="Mine"))) == "Mine"


def test_changing_the_incident_takes_the_text_along(still_desk: Desk) -> None:
    browser = still_desk.browser()
    page = browser.get(f"{POST}?incident=new")
    to = still_desk.incident(still_desk.work.open)
    moved = browser.post(POST, **filled(page, act="switch", incident=f"{to.id}.{to.version}", body=TEXT, title="Old"))
    assert area(moved) == TEXT
    assert field(moved, "title") == "Video starts slowly"
    assert 'value="identified" checked' in moved.text


def test_who_will_be_told_is_counted_by_what_is_about_to_happen(still_desk: Desk) -> None:
    browser = still_desk.browser()

    def told(**typed: str) -> str:
        page = browser.post(
            POST, **filled(browser.get(f"{POST}?incident={still_desk.work.open}"), act="switch", **typed)
        )
        found = re.search(r'id="told">([^<]*)<', page.text)
        assert found is not None
        return found[1]

    assert told() == "1 webhook"
    assert told(**{f"component.{REDIS}": "degraded_performance"}) == "2 webhooks"
    page = browser.get(f"{POST}?incident=new")
    # What touches no component yet is for everybody, also for the hook of one component.
    assert 'id="told">PagerDuty and 2 webhooks<' in page.text


def test_who_listens_to_components_is_counted_where_one_of_them_moves(desk: Desk) -> None:
    ears = Destination("ears", "listener", ("component.updated",), (VIDEO,))
    site = desk_site(desk.office.url)
    desk.store.transact(lambda _: Decision(site=replace(site, destinations=(*site.destinations, ears))), desk.now)
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident={desk.work.open}"), act="switch")
    assert "listener" not in browser.post(POST, **form).text
    moving = browser.post(POST, **{**form, f"component.{VIDEO}": "major_outage"}).text
    assert 'id="told">1 listener and 1 webhook<' in moving


def test_the_bar_says_whether_anybody_is_going_to_be_told(desk: Desk) -> None:
    only_pager = (Destination("on-call", "pagerduty", ("incident.created", "incident.resolved"), pages=True),)
    site = replace(desk_site(desk.office.url), destinations=only_pager)
    desk.store.transact(lambda _: Decision(site=site), desk.now)
    browser = desk.browser()

    def bar(**typed: str) -> str:
        sent = browser.post(POST, **filled(browser.get(f"{POST}?incident=new"), title="New", body="x", **typed))
        return browser.get(sent.headers["Location"]).text

    assert "Nobody has been told yet." in bar()
    assert "Nobody is going to be told." in bar(tell="")
    update = filled(browser.get(f"{POST}?incident={desk.work.open}"), body="More.")
    more = browser.get(browser.post(POST, **update).headers["Location"]).text
    assert "Nobody is going to be told." in more


def test_without_the_tick_nobody_is_told(desk: Desk) -> None:
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident=new"), title="Quiet", body="x")
    del form["tell"]
    browser.post(POST, **form)
    assert desk.messages(id_of("incident", "publisher", form["key"])) == []


@pytest.mark.parametrize("reset", [True, False])
def test_a_resolved_incident_sets_its_components_right_unless_told_otherwise(desk: Desk, reset: bool) -> None:
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident={desk.work.open}"), state="resolved", body="Over.")
    if not reset:
        del form["reset"]
    assert browser.post(POST, **form).status_code == 303
    changes = desk.incident(desk.work.open).published[-1].changes
    assert [each.component for each in changes] == ([VIDEO] if reset else [])


def test_a_back_dated_time_is_in_the_zone_of_the_site(desk: Desk) -> None:
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident=new"), title="x", body="x", display_at="2026-11-23 14:02")
    browser.post(POST, **form)
    update = desk.incident(id_of("incident", "publisher", form["key"])).published[0]
    assert update.is_backdated
    assert update.display_at.isoformat() == "2026-11-23T14:02:00+00:00"


@pytest.mark.corpus("G1")
def test_looking_at_a_preview_writes_nothing(still_desk: Desk) -> None:
    browser = still_desk.browser(Role.RESPONDER)
    before = still_desk.store.head()
    form = filled(browser.get(f"{POST}?incident={still_desk.work.open}"), body=TEXT, act="preview")
    assert browser.post(POST, **form).status_code == 200
    assert browser.post("/staff/preview", **form).status_code == 200
    assert still_desk.store.head() == before


def test_what_a_terminal_leaves_in_a_text_costs_nobody_the_text(desk: Desk) -> None:
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident=new"), title="Chat\x0b is\x00 down", body="\x1b[31mred\x07\x00 alert\n")
    assert browser.post(POST, **form).status_code == 303
    incident = desk.incident(id_of("incident", "publisher", form["key"]))
    assert (incident.title, incident.published[0].body) == ("Chat is down", "[31mred alert")
