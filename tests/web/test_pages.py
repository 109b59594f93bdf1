"""What the front page and a component's page say, from snapshots made by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.core.site import Component
from statuspage.core.state import Snapshot
from statuspage.core.status import Status
from statuspage.core.uptime import Figures, Span
from statuspage.web.present import Banner, front, group_summary
from statuspage.web.present_component import detail
from statuspage.web.scene import open_scene
from statuspage.web.times import Stamp
from tests.web.snapshots import NOW, OUTAGE, make_maintenance, make_site, make_snapshot


def banner(snapshot: Snapshot) -> Banner:
    return front(open_scene(snapshot, NOW)).banner


def text(banner: Banner) -> str:
    return " ".join("".join(part if isinstance(part, str) else part.text for part in lead) for lead in banner.leads)


def component(snapshot: Snapshot, name: str) -> Component:
    found = snapshot.site.component(name)
    assert found is not None
    return found


def test_a_good_page_says_so_in_one_sentence() -> None:
    assert banner(make_snapshot()) == Banner("ok", "All Systems Operational")


def test_trouble_is_named_with_its_components_worst_first() -> None:
    found = banner(make_snapshot(OUTAGE))
    assert (found.slug, found.headline) == ("major", "Partial System Outage")
    assert text(found).startswith(
        "Major outage: Firebase Web Sockets. Partial outage: Networking and Group rooms. "
        "Degraded performance: News feed, Invitations and 2 more."
    )
    assert "No fresh data for 1 of 20 components." in text(found)


@pytest.mark.parametrize(
    ("status", "slug", "headline"),
    [
        (Status.DEGRADED, "degraded", "Partially Degraded Service"),
        (Status.PARTIAL, "partial", "Minor Service Outage"),
        (Status.MAJOR, "major", "Partial System Outage"),
        (Status.MAINTENANCE, "maint", "Service Under Maintenance"),
        (Status.UNKNOWN, "unknown", "Some Components Are Out of Sight"),
    ],
)
def test_one_component_in_trouble_sets_ground_and_sentence(status: Status, slug: str, headline: str) -> None:
    found = banner(make_snapshot({"inbox": status}))
    assert (found.slug, found.headline) == (slug, headline)


def test_a_silent_monitor_is_never_green() -> None:
    snapshot = make_snapshot({"inbox": Status.MAJOR}, beat=NOW - timedelta(seconds=21))
    page = front(open_scene(snapshot, NOW))
    assert (page.banner.slug, page.banner.headline) == ("unknown", "No Fresh Data")
    assert text(page.banner) == (
        "This page is out of date: last sign of life of our monitor at Nov 23, 2026 - 14:31:50 UTC. "
        "Before that: Partial System Outage."
    )
    rows = [row for group in page.groups for row in group.rows]
    assert {row.look.slug for row in rows} == {"unknown"}
    assert {row.aside for row in rows if row.name == "Inbox"} == {("Last known: major outage",)}


def test_a_component_that_people_set_by_hand_keeps_its_state_without_a_monitor() -> None:
    site = make_site()
    manual = replace(site, components=(*site.components, Component("press", "Press room", 3)))
    page = front(open_scene(make_snapshot(site=manual, beat=NOW - timedelta(minutes=5)), NOW))
    assert {row.look.slug for row in page.groups[-1].rows if row.name == "Press room"} == {"ok"}


def test_a_blind_monitor_says_that_it_cannot_see() -> None:
    found = banner(make_snapshot(blind_since=NOW - timedelta(minutes=3)))
    assert (found.slug, found.headline) == ("unknown", "Our monitor cannot see at the moment")
    assert "no fresh data since Nov 23, 2026 - 14:29:11 UTC." in text(found)
    assert "Last confirmed: All Systems Operational." in text(found)


def test_before_the_first_check_the_page_waits() -> None:
    found = banner(replace(make_snapshot(), heartbeats=()))
    assert (found.slug, found.headline) == ("unknown", "Waiting for the First Results")


def test_an_unknown_component_says_since_when() -> None:
    page = front(open_scene(make_snapshot({"inbox": Status.UNKNOWN}), NOW))
    (row,) = [row for group in page.groups for row in group.rows if row.name == "Inbox"]
    assert row.look.word == "No fresh data"
    assert row.aside == ("since ", Stamp("2026-11-23T13:51:11Z", "Nov 23, 2026 - 13:51:11 UTC"))


@pytest.mark.parametrize(
    ("statuses", "summary"),
    [
        ([Status.OPERATIONAL] * 2, "All 2 operational"),
        ([Status.OPERATIONAL], "Operational"),
        ([Status.OPERATIONAL, Status.MAJOR], "1 of 2 affected"),
        ([Status.MAINTENANCE, Status.DEGRADED], "1 of 2 affected"),
        ([Status.OPERATIONAL, Status.MAINTENANCE], "1 of 2 under maintenance"),
        ([Status.OPERATIONAL, Status.UNKNOWN], "No fresh data for 1 of 2"),
        ([Status.UNKNOWN, Status.UNKNOWN], "No fresh data"),
    ],
)
def test_a_group_is_told_in_four_words(statuses: list[Status], summary: str) -> None:
    assert group_summary(statuses) == summary


def test_coverage_is_shown_only_below_100_percent_and_percentages_are_floored() -> None:
    snapshot = make_snapshot()
    scene = open_scene(snapshot, NOW)
    assert scene.share(component(snapshot, "redis-cache"), 90).seen == "89.9"
    assert scene.share(component(snapshot, "inbox"), 90).seen is None
    almost = replace(snapshot.days[1], figures=Figures({Status.OPERATIONAL: 86399, Status.MAJOR: 1}))
    days = tuple(almost if day is snapshot.days[1] else day for day in snapshot.days)
    first = snapshot.site.components[0]
    assert open_scene(replace(snapshot, days=days), NOW).share(first, 2).uptime == "99.999"


def test_uptime_starts_at_the_start_date() -> None:
    site = make_site()
    late = replace(site.components[0], start_date=NOW.date())
    snapshot = make_snapshot(site=replace(site, components=(late, *site.components[1:])))
    assert open_scene(snapshot, NOW).share(late, 90).uptime == "100"


def test_days_follow_the_zone_of_the_site() -> None:
    snapshot = make_snapshot(site=make_site(time_zone="Pacific/Auckland"))
    scene = open_scene(snapshot, NOW)
    assert scene.today.isoformat() == "2026-11-24"
    assert len(scene.days) == 90


def test_recent_days_join_one_trouble_and_call_no_unseen_day_quiet() -> None:
    snapshot = make_snapshot()
    unseen = tuple(
        replace(day, figures=Figures({Status.UNKNOWN: 86400})) if day.day.isoformat() == "2026-11-19" else day
        for day in snapshot.days
    )
    recent = {day.text: day for day in front(open_scene(replace(snapshot, days=unseen), NOW)).recent}
    assert len(recent) == 14
    assert recent["Today, Nov 23"].quiet == "No incidents reported today."
    (backend,) = recent["Nov 17, 2026"].troubles
    assert (backend.name, backend.look.slug, backend.lasted) == ("Backend", "major", "lasted 1 h")
    assert recent["Nov 19, 2026"].quiet == "Nobody was watching."
    assert recent["Nov 20, 2026"].quiet == "No incidents reported. Trouble seen on 1 of 20 components."


def test_a_component_page_tells_since_when_and_what_hangs_on_it() -> None:
    snapshot = make_snapshot(OUTAGE)
    page = detail(open_scene(snapshot, NOW), component(snapshot, "firebase-web-sockets"))
    assert page.lead == ("Major outage since ", Stamp("2026-11-23T13:51:11Z", "Nov 23, 2026 - 13:51:11 UTC"))
    assert [name for name, _ in page.shares] == ["24 hours", "7 days", "30 days", "90 days"]
    assert page.shares[0][1].uptime == "97.152"  # 41 of 1440 minutes
    assert page.events[0].lasted == "still going on"
    assert [each.name for each in page.needed_by][:2] == ["News feed", "Inbox"]
    assert page.bad_days[0].spent == "41 min major outage"


def test_24_hours_are_not_claimed_where_nobody_looked() -> None:
    snapshot = make_snapshot({"inbox": Status.UNKNOWN})
    (name, _), *_ = detail(open_scene(snapshot, NOW), component(snapshot, "inbox")).shares
    assert name == "Since yesterday"


def test_24_hours_are_not_claimed_from_a_list_that_was_cut() -> None:
    snapshot = make_snapshot()
    spans = tuple(
        Span("inbox", Status.MAJOR, NOW - timedelta(minutes=2 * n + 1), NOW - timedelta(minutes=2 * n))
        for n in range(60)
    )
    cut = replace(snapshot, troubles=spans)
    (name, _), *_ = detail(open_scene(cut, NOW), component(cut, "login")).shares
    assert name == "Since yesterday"


def test_maintenance_windows_do_not_change_what_is_shown_by_themselves() -> None:
    planned = make_maintenance("Inbox moves", NOW - timedelta(minutes=1), components=["inbox"])
    assert banner(make_snapshot(maintenances=[planned])).slug == "ok"
