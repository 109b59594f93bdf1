"""Components over HTTP: overrides with an end, the corrected past, and what the outbox page lets admins do."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from statuspage.core.role import Role
from statuspage.core.status import Status
from statuspage.core.telling import MessageState
from tests.web.desk import REDIS, Desk, desk, still_desk
from tests.web.test_staff_post import wrong

__all__ = ["desk", "still_desk"]

ALL = "/staff/components"
SAID = {"status": "partial_outage", "hours": "4", "until": "", "reason": "Half of it is away"}
LAST_WEEK = {"started": "2026-11-16 10:00", "ended": "2026-11-16 12:00", "status": "operational", "reason": "A drill"}


def item(page: TestResponse, component: str) -> str:
    """One component of the page."""
    return page.text[page.text.index(f'id="c-{component}"') :].partition("Its past")[0]


def test_each_component_stands_with_its_checks_and_what_people_say(still_desk: Desk) -> None:
    page = still_desk.browser(Role.VIEWER).get(ALL)
    assert "down since" in item(page, "firebase-web-sockets")
    assert "timeout in hello" in item(page, "firebase-web-sockets")
    assert "has said nothing yet" in item(page, REDIS)
    login = item(page, "login")
    assert "cleo says degraded performance, until" in login
    assert "Sign-in takes a minute" in login
    assert "until <a href=" in item(page, "video-and-streaming")
    assert re.findall(r'<form[^>]*action="([^"]*)"', page.text) == ["/staff/logout"]


def test_an_override_holds_until_its_time_and_is_told_in_the_journal(desk: Desk) -> None:
    browser = desk.browser(Role.RESPONDER)
    assert browser.post(f"{ALL}/{REDIS}/override", **SAID).headers["Location"] == f"{ALL}?did=overridden"
    state = desk.store.state(desk.now)
    assert state.components[REDIS].status is Status.PARTIAL
    assert state.overrides[REDIS].until == desk.now + timedelta(hours=4)
    assert "component.overridden" in desk.kinds(REDIS)
    browser.post(f"{ALL}/{REDIS}/override", **{**SAID, "until": "2026-11-23 18:00"})
    assert desk.store.state(desk.now).overrides[REDIS].until == datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    assert browser.post(f"{ALL}/{REDIS}/release").headers["Location"] == f"{ALL}?did=released"
    assert REDIS not in desk.store.state(desk.now).overrides
    assert browser.post(f"{ALL}/{REDIS}/release").status_code == 422


@pytest.mark.parametrize(
    ("typed", "name", "says"),
    [({"reason": ""}, "reason", "Must not be empty"), ({"reason": "x" * 600}, "reason", "at most 500"),
     ({"until": "2026-11-23 09:00"}, "until", "Lies in the past."), ({"until": "soon"}, "until", "Must look like"),
     ({"until": "2027-11-23 09:00"}, "until", "within 30 days"), ({"hours": ""}, "until", "Must say until when."),
     ({"hours": "999"}, "until", "Must say"), ({"status": "unknown"}, "status", "Cannot be set"),
     ({"status": "bad"}, "status", "Must be one of")],
)  # fmt: skip
def test_an_override_that_cannot_be_meant_comes_back(
    still_desk: Desk, typed: dict[str, str], name: str, says: str
) -> None:
    page = still_desk.browser().post(f"{ALL}/{REDIS}/override", **{**SAID, **typed})
    assert page.status_code == 422
    assert says in wrong(page, name)
    mine = item(page, REDIS)
    assert "<details open>" in mine
    assert f'value="{({**SAID, **typed})["reason"]}"' in mine
    assert page.text.count('id="wrong-') == 1


def test_a_component_that_is_not_there_is_not_found(still_desk: Desk) -> None:
    browser = still_desk.browser(Role.ADMIN)
    for act in ("override", "past"):
        given = SAID if act == "override" else LAST_WEEK
        assert browser.post(f"{ALL}/nothing%0d%0aX/{act}", **given).status_code == 404


@pytest.mark.corpus("E10")
def test_only_an_admin_corrects_the_past_and_always_with_a_reason(desk: Desk) -> None:
    at = f"{ALL}/{REDIS}/past"
    assert desk.browser(Role.PUBLISHER).post(at, **LAST_WEEK).status_code == 403
    assert "Only an admin" in desk.browser(Role.PUBLISHER).get(at).text
    browser = desk.browser(Role.ADMIN)
    silent = browser.post(at, **{**LAST_WEEK, "reason": " "})
    assert (silent.status_code, wrong(silent, "reason")) == (422, "Must not be empty: others will ask.")
    assert 'value="2026-11-16 10:00"' in silent.text
    assert browser.post(at, **LAST_WEEK).headers["Location"] == f"{at}?did=reclassified"
    page = desk.browser(Role.VIEWER).get(at).text
    for seen in ("A drill", "2026-11-16T10:00:00+00:00", "admin"):
        assert seen in page
    assert "history.reclassified" in desk.kinds(REDIS)


@pytest.mark.parametrize(
    ("typed", "name"),
    [({"started": "2026-11-17 10:00"}, "ended"), ({"ended": "2027-01-01 10:00"}, "ended"),
     ({"started": "x"}, "started"),
     ({"status": "fine"}, "status"), ({"started": "2001-01-01 10:00"}, "started")],
)  # fmt: skip
def test_a_stretch_that_cannot_be_meant_comes_back(still_desk: Desk, typed: dict[str, str], name: str) -> None:
    page = still_desk.browser(Role.ADMIN).post(f"{ALL}/{REDIS}/past", **{**LAST_WEEK, **typed})
    assert page.status_code == 422
    assert wrong(page, name)


def test_the_outbox_shows_what_waits_what_died_and_who_is_left_alone(still_desk: Desk) -> None:
    page = still_desk.browser(Role.VIEWER).get("/staff/messages").text
    for seen in ("HTTP 410 Gone", "left alone since", "incident.created", "Second cache node"):
        assert seen in page
    assert re.findall(r'<form[^>]*action="([^"]*)"', page) == ["/staff/logout"]


def test_the_head_line_counts_what_is_in_trouble_with_messages(desk: Desk) -> None:
    counted = r'href="/staff/messages"[^>]*>Messages(?: <span class="count">(\d+)</span><span class="vh"> in trouble)?'
    browser = desk.browser(Role.ADMIN)

    def count() -> str | None:
        found = re.search(counted, browser.get("/staff/components").text)
        assert found is not None
        return found[1]

    assert count() == "2"  # a dead letter, and a destination that is left alone
    browser.post("/staff/messages/unsilence", destination="second-hook")
    assert count() == "1"
    browser.post(f"/staff/messages/{desk.work.dead}/drop")
    assert count() is None


@pytest.mark.parametrize(("act", "state"), [("retry", MessageState.WAITING), ("drop", MessageState.DROPPED)])
def test_an_admin_settles_a_dead_letter_once(desk: Desk, act: str, state: MessageState) -> None:
    browser, at = desk.browser(Role.ADMIN), f"/staff/messages/{desk.work.dead}/{act}"
    assert desk.browser(Role.PUBLISHER).post(at).status_code == 403
    first, second = browser.post(at), browser.post(at)
    assert first.headers["Location"] != second.headers["Location"] == "/staff/messages?did=settled"
    message = desk.store.outbox.message(desk.work.dead)
    assert message is not None
    assert message.state is state
    assert desk.kinds(desk.work.dead) == ["message.retried" if act == "retry" else "message.dropped"]
    assert browser.post(f"/staff/messages/msg_nothing/{act}").status_code == 404


def test_an_admin_lets_a_silenced_destination_be_tried_again(desk: Desk) -> None:
    browser = desk.browser(Role.ADMIN)
    for _ in range(2):
        assert browser.post("/staff/messages/unsilence", destination="second-hook").status_code == 303
    assert desk.store.outbox.silenced() == {}
    assert desk.kinds("second-hook") == ["message.unsilenced"]
