"""The history by months: pages, the filter by component, and the document of the same months."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs in the test extra

from statuspage.core.site import public_id
from statuspage.core.state import Snapshot
from statuspage.core.status import Status
from statuspage.web.present_history import History, history, listed_entries, months_of
from statuspage.web.render import render
from statuspage.web.scene import open_scene
from tests.web.snapshots import (
    NOW,
    begun_early,
    make_incident,
    make_maintenance,
    make_site,
    make_snapshot,
    open_incident,
    past_incident,
    sep13,
    told_snapshot,
)


def pages(snapshot: Snapshot, per_page: int = 3) -> list[History]:
    scene = open_scene(snapshot, NOW)
    found = months_of(scene, listed_entries(scene, None), per_page)
    return [history(scene, None, number, len(found), months) for number, months in enumerate(found, 1)]


def test_three_months_a_page_down_to_the_first_incident() -> None:
    old = make_incident("Old", [(datetime(2026, 5, 3, tzinfo=UTC), "resolved", "x", {})])
    first, second, third = pages(make_snapshot(incidents=[past_incident(), old]))
    assert [month.name for month in first.months] == ["November 2026", "October 2026", "September 2026"]
    assert [len(month.rows) for month in first.months] == [1, 0, 0]
    assert [month.name for month in third.months] == ["May 2026", "April 2026", "March 2026"]
    assert third.months[0].rows[0].title == "Old"
    assert (first.newer, first.older) == (None, "/history?page=2")
    assert (second.newer, second.older, third.older) == ("/history", "/history?page=3", None)
    assert first.span == "September 2026 to November 2026"


def test_years_lead_to_their_newest_month_from_every_page() -> None:
    old = make_incident("Old", [(datetime(2023, 5, 3, tzinfo=UTC), "resolved", "x", {})])
    found = pages(make_snapshot(incidents=[past_incident(), old]))
    assert [(each.name, each.path) for each in found[0].years] == [
        ("2026", "/history"),
        ("2025", "/history?page=4#m-3"),
        ("2024", "/history?page=8#m-3"),
        ("2023", "/history?page=12#m-3"),
    ]
    for number, page in enumerate(found, 1):
        assert [(each.name, each.path) for each in page.years] == [(each.name, each.path) for each in found[0].years]
        assert [each.name for each in page.years if each.here] == {
            1: ["2026"],
            4: ["2025"],
            8: ["2024"],
            12: ["2023"],
        }.get(number, [])
    for year in found[0].years:
        path, _, place = year.path.partition("#m-")
        (page,) = [each for each in found if each.path == path]
        months = [month.name for month in page.months]
        assert months[int(place or 1) - 1] == ("November 2026" if year.name == "2026" else f"December {year.name}")


def test_the_years_of_a_component_are_its_own() -> None:
    files = render(told_snapshot(), NOW)
    mine = public_id("component", "firebase-web-sockets")
    shown = files[f"/history?component={mine}"].body.decode()
    assert f'<a href="/history?component={mine}&amp;page=5#m-12">2021</a>' in shown
    assert '<nav class="years"' in files["/history"].body.decode()
    assert '<nav class="years"' not in render(make_snapshot(), NOW)["/history"].body.decode()


def test_without_incidents_there_is_one_page_of_empty_months() -> None:
    (only,) = pages(make_snapshot())
    assert [month.rows for month in only.months] == [(), (), ()]
    shown = render(make_snapshot(), NOW)["/history"].body.decode()
    assert shown.count("No incidents this month.") == 3


def test_months_are_those_of_the_sites_zone() -> None:
    edge = make_incident("At the edge", [(datetime(2026, 11, 1, 2, 0, tzinfo=UTC), "resolved", "x", {})])
    there = pages(make_snapshot(incidents=[edge], site=make_site(time_zone="America/New_York")))[0]
    here = pages(make_snapshot(incidents=[edge]))[0]
    assert [len(month.rows) for month in there.months] == [0, 1, 0]
    assert [len(month.rows) for month in here.months] == [1, 0, 0]


def test_a_row_says_state_impact_time_and_the_newest_word() -> None:
    (row,) = pages(make_snapshot(incidents=[past_incident()]))[0].months[0].rows
    assert (row.title, row.state, row.impact) == ("Invitations arrive late", "Resolved", "minor impact")
    assert (row.text, row.goes_on) == ("A queue had filled up. No invitation was lost.", False)
    (row,) = pages(make_snapshot(incidents=[open_incident()]))[0].months[0].rows
    assert (row.look.slug, row.goes_on, len(row.when)) == ("major", True, 1)


def test_work_to_come_is_not_history_and_what_was_done_is() -> None:
    titles = [row.title for row in pages(told_snapshot())[0].months[0].rows]
    assert titles == ["Login servers move", "Slow web socket connections", "Invitations arrive late",
                      "Certificates renewed"]  # fmt: skip


def test_a_component_has_a_history_of_twelve_months_a_page() -> None:
    files = render(told_snapshot(), NOW)
    mine = public_id("component", "firebase-web-sockets")
    shown = files[f"/history?component={mine}"].body.decode()
    assert "Slow web socket connections" in shown
    assert "Invitations arrive late" not in shown
    assert shown.count("<section") == 12
    assert f'<option value="{mine}" selected>Firebase Web Sockets</option>' in shown
    assert f'href="/history?component={mine}&amp;page=2"' in shown
    last = files[f"/history?component={mine}&page=6"].body.decode()
    assert sep13().title in last


ROW = {"code": str, "name": str, "message": str, "impact": str, "timestamp": str}
MONTH = {"name": str, "year": int, "starts_on": int, "days": int, "incidents": list}
TOP = ["page_status", "components", "months", "show_component_filter", "show_uptime_calendar", "component_filter",
       "start_time", "end_time"]  # fmt: skip


def document(snapshot: Snapshot) -> Any:
    return json.loads(render(snapshot, NOW)["/history.json"].body)


def test_the_document_has_the_keys_of_statuspage_in_their_order() -> None:
    found = document(told_snapshot())
    assert list(found) == TOP
    assert list(found["page_status"]) == ["page", "status"]
    for month in found["months"]:
        assert {name: type(value) for name, value in month.items()} == MONTH
        for row in month["incidents"]:
            assert {name: type(value) for name, value in row.items()} == ROW
            assert list(row) == list(ROW)
    impacts = {"enum": ["none", "minor", "major", "critical", "maintenance"]}
    for row in found["months"][0]["incidents"]:
        Draft202012Validator(impacts).validate(row["impact"])


def test_the_document_counts_days_from_sunday() -> None:
    months = document(make_snapshot())["months"]
    assert [(each["name"], each["year"], each["starts_on"], each["days"]) for each in months] == [
        ("November", 2026, 0, 30),
        ("October", 2026, 4, 31),
        ("September", 2026, 2, 30),
    ]
    found = document(make_snapshot())
    assert (found["start_time"], found["end_time"]) == ("2026-09-01T00:00:00Z", "2026-11-30T23:59:59Z")


def test_the_document_gives_times_as_the_page_of_statuspage_does() -> None:
    night = make_incident(
        "Night",
        [(NOW - timedelta(hours=20), "investigating", "x", {"inbox": (Status.OPERATIONAL, Status.MAJOR)}),
         (NOW - timedelta(hours=10), "resolved", "y", {"inbox": (Status.MAJOR, Status.OPERATIONAL)})],
    )  # fmt: skip
    snapshot = make_snapshot(incidents=[night, open_incident(), past_incident()])
    stamps = {row["name"]: row["timestamp"] for row in document(snapshot)["months"][0]["incidents"]}
    assert stamps == {
        "Slow web socket connections":
            "Nov <var data-var='date'>23</var>, <var data-var='time'>13:52</var> - Ongoing",
        "Night":
            "Nov <var data-var='date'>22</var>, <var data-var='time'>18:32</var> - "
            "Nov <var data-var='date'>23</var>, <var data-var='time'>04:32</var> UTC",
        "Invitations arrive late":
            "Nov <var data-var='date'>20</var>, <var data-var='time'>12:32</var> - "
            "<var data-var='time'>13:10</var> UTC",
    }  # fmt: skip


def test_cancelled_work_is_told_on_the_day_it_was_planned_for() -> None:
    off = make_maintenance("Called off", NOW - timedelta(days=2), states=["scheduled", "cancelled"])
    (row,) = pages(make_snapshot(maintenances=[off]))[0].months[0].rows
    assert (row.state, row.impact) == ("Cancelled", "planned maintenance")
    assert row.when[0].text == "Nov 21, 2026 - 14:32"


def test_work_that_is_begun_before_its_plan_is_history_from_then_on() -> None:
    for states, times in (
        (("in_progress",), ["Nov 23, 2026 - 14:27", "18:32 UTC"]),
        (("in_progress", "completed"), ["Nov 23, 2026 - 14:27", "14:27 UTC"]),
        (("in_progress", "cancelled"), ["Nov 23, 2026 - 14:27", "14:27 UTC"]),
    ):
        snapshot = make_snapshot(maintenances=[begun_early("Early", *states)])
        (row,) = pages(snapshot)[0].months[0].rows
        assert [each.text for each in row.when] == times
        assert [each["name"] for each in document(snapshot)["months"][0]["incidents"]] == ["Early"]


def test_the_document_has_the_true_times_of_work_that_was_over_before_its_plan() -> None:
    done = begun_early("Early", "in_progress", "completed", since=timedelta(minutes=30))
    (row,) = document(make_snapshot(maintenances=[done]))["months"][0]["incidents"]
    assert row["timestamp"] == (
        "Nov <var data-var='date'>23</var>, <var data-var='time'>14:02</var> - <var data-var='time'>14:02</var> UTC"
    )
    going_on = begun_early("Early", "in_progress", since=timedelta(minutes=30))
    (row,) = document(make_snapshot(maintenances=[going_on]))["months"][0]["incidents"]
    assert row["timestamp"].endswith("<var data-var='time'>14:02</var> - Ongoing")
