"""Planned work over HTTP: the calendar, planning, changing, saying, beginning and ending early, calling off, undo."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import TestResponse

from statuspage.core import planning
from statuspage.core.maintenance import MaintenanceState
from statuspage.core.refusals import Refused
from statuspage.core.role import Role
from statuspage.web.render import render
from statuspage.web.staff.moments import moment, written
from statuspage.web.staff.month import month
from tests.web.desk import REDIS, Desk, desk, still_desk
from tests.web.snapshots import NOW, make_maintenance
from tests.web.staff import alerts, field
from tests.web.test_staff_post import area, wrong

__all__ = ["desk", "still_desk"]

ALL = "/staff/maintenances"
EASTERN = ZoneInfo("America/New_York")


def plan(form: TestResponse, **typed: str) -> dict[str, str]:
    """A new plan as a browser would send it."""
    given = {name: field(form, name) for name in ("key", "version", "starts", "ends")}
    return {**given, "title": "New disks", "body": "", "automatic": "on", "tell": "on", **typed}


def changed(page: TestResponse, **typed: str) -> dict[str, str]:
    """The form that changes the plan."""
    form = page.text[page.text.index("Change the plan") :]
    names = ("key", "version", "title", "starts", "ends")
    given = {name: re.findall(rf'name="{name}" value="([^"]*)"', form)[0] for name in names}
    ticked = re.findall(r'name="(component\.[^"]+)" value="on" checked', form)
    return {**given, **dict.fromkeys(ticked, "on"), "automatic": "on", "tell": "on", "body": "", **typed}


def test_the_calendar_shows_what_is_planned_on_its_days(still_desk: Desk) -> None:
    browser = still_desk.browser(Role.VIEWER)
    page = browser.get(ALL).text
    assert "Nov 2026" in page
    assert re.search(
        r'Nov 25</span></p>\s*<a class="planned" data-s="maint" href="[^"]+">14:32–16:32 Second cache node', page
    )
    assert ">In progress, by cleo<" in page
    assert "Plan maintenance" not in page
    assert "Second cache node" not in browser.get(f"{ALL}?month=2026-12").text.partition('id="h-going"')[0]
    for strange in ("2026-13", "x", "9999-12", "0001-01", "2026-1"):
        assert "Nov 2026" in browser.get(f"{ALL}?month={strange}").text


def test_work_over_midnight_stands_on_both_days() -> None:
    work = make_maintenance("Move", datetime(2026, 11, 24, 3, 0, tzinfo=UTC), 4, number=1)
    days = {day.name: [each.hours for each in day.planned] for day in month("2026-11", [work], EASTERN, NOW).days}
    assert days["Nov 23"] == ["22:00–24:00"]
    assert days["Nov 24"] == ["00:00–02:00"]


def test_planned_work_is_announced_and_can_be_taken_back(desk: Desk) -> None:
    browser = desk.browser(Role.PUBLISHER)
    form = plan(browser.get(f"{ALL}/new"), **{f"component.{REDIS}": "on"})
    said = browser.post(f"{ALL}/new", **form)
    assert said.status_code == 303
    path, _, rest = said.headers["Location"].partition("?said=")
    id = path.rpartition("/")[2]
    assert desk.maintenance(id).components == (REDIS,)
    assert {each.destination for each in desk.messages(id)} == {"hook", "second-hook"}
    assert browser.post(f"{ALL}/new", **form).headers["Location"] == said.headers["Location"]
    assert "Nobody has been told yet." in browser.get(said.headers["Location"]).text
    browser.post(f"{path}/updates/{rest.partition('.')[2]}/undo")
    assert desk.maintenance(id).state is MaintenanceState.CANCELLED
    assert desk.messages(id) == []
    assert 'href="/incidents/' not in browser.get(path).text
    snapshot = desk.store.snapshot(desk.now)
    assert snapshot is not None
    files = render(snapshot, desk.now)
    assert f"/incidents/{id}" not in files
    assert not [name for name, file in files.items() if b"New disks" in file.body]


def test_what_is_said_of_planned_work_is_for_publishers(still_desk: Desk) -> None:
    browser, id = still_desk.browser(Role.RESPONDER), still_desk.work.planned
    for path in (ALL, f"{ALL}/{id}"):
        page = browser.get(path).text
        assert re.findall(r'<form[^>]*action="([^"]*)"', page) == ["/staff/logout"]
        assert "Plan maintenance" not in page
    assert browser.get(f"{ALL}/new").status_code == 403


def test_of_two_who_complete_it_at_once_one_publishes_and_the_other_reads_their_words(desk: Desk) -> None:
    one, other, id = desk.browser(), desk.browser(Role.ADMIN), desk.work.running
    forms = [(each, each.get(f"{ALL}/{id}")) for each in (one, other)]
    sent = [
        (each, {"key": field(page, "key"), "version": field(page, "version"), "to": "completed", "tell": "on"})
        for each, page in forms
    ]
    assert one.post(f"{ALL}/{id}/updates", **sent[0][1], body="Done, says one.").status_code == 303
    lost = other.post(f"{ALL}/{id}/updates", **sent[1][1], body="Done, says the other.")
    assert lost.status_code == 409
    assert "Somebody else changed this plan" in alerts(lost)
    assert "Done, says one." in lost.text
    assert [each.body for each in desk.maintenance(id).published].count("Done, says the other.") == 0


def test_a_word_on_a_plan_that_changed_meanwhile_comes_back_with_the_newest_one(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.planned
    page = browser.get(f"{ALL}/{id}")
    form = {"key": field(page, "key"), "version": field(page, "version"), "to": "in_progress", "body": "Mine."}
    browser.post(f"{ALL}/{id}/cancel", version="none", body="x")
    desk.store.act(
        lambda state: planning.update_maintenance(state, id, "scheduled", "Theirs.", "cleo", desk.now), desk.now
    )
    for path, typed in (("updates", form), ("cancel", {"version": form["version"], "body": "Mine."})):
        lost = browser.post(f"{ALL}/{id}/{path}", **typed)
        assert lost.status_code == 409
        assert "Theirs." in lost.text.partition('id="h-meanwhile"')[2].partition("</section>")[0]
        assert "Mine.</textarea>" in lost.text
    again = browser.post(f"{ALL}/{id}/updates", **{**form, "version": field(lost, "version")})
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("typed", "name", "says"),
    [({"title": ""}, "title", "Must not be empty."), ({"ends": "2026-11-24 10:00"}, "ends", "Must be after starts."),
     ({"starts": "2026-11-22 10:00"}, "starts", "Lies in the past."), ({"starts": "soon"}, "starts", "Must look like"),
     ({f"component.{REDIS}": ""}, "components", "Must name at least one."),
     ({"component.nothing": "on"}, "components", "There is no component")],
)  # fmt: skip
def test_a_plan_that_cannot_be_meant_comes_back(still_desk: Desk, typed: dict[str, str], name: str, says: str) -> None:
    browser = still_desk.browser()
    form = plan(browser.get(f"{ALL}/new"), **{f"component.{REDIS}": "on", "body": "Mine & only", **typed})
    page = browser.post(f"{ALL}/new", **form)
    assert page.status_code == 422
    assert says in wrong(page, name)
    assert area(page) == "Mine & only"
    assert field(page, "starts") == form["starts"]


def test_a_plan_is_changed_and_a_lost_race_keeps_what_was_typed(desk: Desk) -> None:
    browser, id = desk.browser(Role.PUBLISHER), desk.work.planned
    page = browser.get(f"{ALL}/{id}")
    form = changed(page, ends="2026-11-25 18:00", title="Second node")
    said = browser.post(f"{ALL}/{id}", **form)
    assert said.status_code == 303
    work = desk.maintenance(id)
    assert (work.title, work.sequence) == ("Second node", 1)
    assert work.ends == datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
    assert work.starts == desk.now + timedelta(days=2)  # to the second, though the form shows minutes
    lost = browser.post(f"{ALL}/{id}", **{**form, "title": "Third node"})
    assert lost.status_code == 409
    assert "Somebody else changed this plan" in alerts(lost)
    assert changed(lost)["title"] == "Third node"
    assert browser.post(f"{ALL}/{id}", **changed(lost)).status_code == 303
    bad = browser.post(f"{ALL}/{id}", **changed(browser.get(f"{ALL}/{id}"), ends="2026-11-25 01:00"))
    assert (bad.status_code, wrong(bad, "ends")) == (422, "Must be after starts.")


def test_work_begins_and_ends_early_with_words_of_its_own(desk: Desk) -> None:
    browser, id = desk.browser(Role.PUBLISHER), desk.work.planned
    for to, words in (("in_progress", ""), ("verifying", "Nearly."), ("completed", "")):
        page = browser.get(f"{ALL}/{id}")
        form = {"key": field(page, "key"), "version": field(page, "version"), "to": to, "body": words, "tell": "on"}
        first = browser.post(f"{ALL}/{id}/updates", **form)
        assert first.status_code == 303
        assert browser.post(f"{ALL}/{id}/updates", **form).headers["Location"] == first.headers["Location"]
        desk.office.clock.advance(60)
    work = desk.maintenance(id)
    assert work.state is MaintenanceState.COMPLETED
    assert [each.body for each in work.published[1:]] == ["The work has begun.", "Nearly.", "The planned work is done."]
    over = browser.get(f"{ALL}/{id}").text
    assert re.findall(r'<form[^>]*action="([^"]*)"', over) == ["/staff/logout"]


def test_what_cannot_follow_is_refused_with_a_word(desk: Desk) -> None:
    browser, id = desk.browser(), desk.work.planned
    form = {"key": "k", "version": str(desk.maintenance(id).version), "body": "Mine.", "tell": "on"}
    refused = browser.post(f"{ALL}/{id}/updates", **form, to="completed")
    assert refused.status_code == 422
    assert "cannot become completed after scheduled" in alerts(refused)
    assert "Mine.</textarea>" in refused.text
    assert browser.post(f"{ALL}/{id}/updates", **form, to="fine").status_code == 400
    assert browser.get(f"{ALL}/nothing").status_code == 404


def test_called_off_work_stays_to_be_seen(desk: Desk) -> None:
    browser, id = desk.browser(Role.PUBLISHER), desk.work.planned
    version = field(browser.get(f"{ALL}/{id}"), "version")
    for _ in range(2):
        assert browser.post(f"{ALL}/{id}/cancel", version=version, body="Not this week.").status_code == 303
    assert desk.maintenance(id).state is MaintenanceState.CANCELLED
    assert [each.body for each in desk.maintenance(id).updates].count("Not this week.") == 1
    page = browser.get(ALL).text
    assert "Cancelled, by cleo" in page
    assert "planned over" in page


def test_an_undone_word_is_withdrawn_within_the_window_only(desk: Desk) -> None:
    browser, id = desk.browser(Role.PUBLISHER), desk.work.running
    begun = desk.maintenance(id).updates[-1].id
    assert browser.post(f"{ALL}/{id}/updates/{begun}/undo").headers["Location"] == f"{ALL}/{id}?did=taken"
    assert desk.maintenance(id).state is MaintenanceState.SCHEDULED
    now = desk.now
    desk.store.act(lambda state: planning.update_maintenance(state, id, "scheduled", "Soon.", "cleo", now), now)
    desk.office.clock.advance(21)
    late = browser.post(f"{ALL}/{id}/updates/{desk.maintenance(id).updates[-1].id}/undo")
    assert late.headers["Location"] == f"{ALL}/{id}?did=late"


def test_times_are_read_in_the_zone_of_the_site_and_those_that_are_left_out_are_refused() -> None:
    assert moment("at", "2026-07-01 10:15", EASTERN, NOW) == datetime(2026, 7, 1, 14, 15, tzinfo=UTC)
    assert moment("at", " 2026-11-23T9:05 ", EASTERN, NOW) == datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
    assert moment("at", "08:00", EASTERN, NOW) == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    assert moment("at", "2026-11-01 01:30", EASTERN, NOW) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert written(datetime(2026, 11, 23, 14, 5, 59, tzinfo=UTC), EASTERN) == "2026-11-23 09:05"
    for bad in ("2026-03-08 02:30", "2026-13-01 10:00", "25:00", "10:61", "9999-12-31 23:59", "now", "", "١٠:١٥"):
        with pytest.raises(Refused):
            moment("at", bad, EASTERN, NOW)
