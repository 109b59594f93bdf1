"""What the page of an incident or of planned work says."""

from dataclasses import replace
from datetime import timedelta

from statuspage.core.incident import Former, Incident
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import public_id
from statuspage.core.state import Snapshot
from statuspage.core.status import Status
from statuspage.web.entries import told_at
from statuspage.web.lanes import LEFT, RIGHT, Lanes
from statuspage.web.present_incident import Page, incident_page
from statuspage.web.render import render
from statuspage.web.scene import open_scene
from statuspage.web.times import Stamp
from tests.web.snapshots import (
    NOW,
    OUTAGE,
    Told,
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

NEW_YORK = make_site(time_zone="America/New_York")


def page(entry: Incident | Maintenance, snapshot: Snapshot | None = None) -> Page:
    return incident_page(open_scene(snapshot or make_snapshot(OUTAGE, site=NEW_YORK), NOW), entry, None, None)


def text(sentence: tuple[str | Stamp, ...]) -> str:
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


def html(entry: Incident | Maintenance) -> str:
    """Its page as rendered."""
    incidents, planned = ([entry], []) if isinstance(entry, Incident) else ([], [entry])
    snapshot = make_snapshot(OUTAGE, site=NEW_YORK, incidents=incidents, maintenances=planned)
    return render(snapshot, NOW)[f"/incidents/{entry.id}"].body.decode()


def test_september_13_reads_as_it_was_told() -> None:
    found = page(sep13())
    assert [(each.at.text, each.word) for each in found.said] == [
        ("Sep 13, 2021 - 17:15 EDT", "Resolved"),
        ("Sep 13, 2021 - 13:07 EDT", "Monitoring"),
        ("Sep 13, 2021 - 11:45 EDT", "Update"),
        ("Sep 13, 2021 - 10:55 EDT", "Identified"),
        ("Sep 13, 2021 - 09:45 EDT", "Investigating"),
    ]
    assert text(found.lead) == "Resolved Sep 13, 2021 - 17:15 EDT. Minor impact."
    assert found.learned is not None
    assert found.learned.at.text == "Sep 13, 2021 - 17:33 EDT"
    assert [(fact.name, fact.text, text(fact.small)) for fact in found.facts] == [
        ("Lasted", "7 h 30 min", "Sep 13, 2021 - 09:45 – 17:15 EDT")
    ]
    assert (found.look.slug, found.zone, found.live) == ("ok", "EDT", False)
    assert '<p class="named">This incident affected: Firebase Web Sockets.</p>' in html(sep13())


def test_the_postmortem_stands_above_the_updates() -> None:
    shown = html(sep13())
    assert shown.index('<h2 id="h-learned">Postmortem</h2>') < shown.index('<h2 id="h-updates">Updates</h2>')
    assert "<h3>What we change</h3>" in shown
    hidden = sep13()
    assert hidden.postmortem is not None
    draft = replace(hidden, postmortem=replace(hidden.postmortem, published_at=None))
    assert "A large crowd" not in html(draft)


def test_times_follow_the_clock_of_their_own_day() -> None:
    began = NOW.replace(month=10, day=31, hour=12)
    told: list[Told] = [(began, "investigating", "Slow.", {}), (began + timedelta(days=2), "resolved", "Over.", {})]
    found = page(make_incident("Over the end of summer time", told))
    assert [each.at.text for each in found.said] == ["Nov 2, 2026 - 07:32 EST", "Oct 31, 2026 - 08:32 EDT"]
    assert text(found.facts[0].small) == "Oct 31, 2026 - 08:32 EDT – Nov 2, 2026 - 07:32 EST"


def test_an_edit_shows_what_stood_there_and_when() -> None:
    (edited,) = [each for each in page(sep13()).said if each.edits]
    (earlier,) = edited.edits
    assert (earlier.until.text, earlier.word) == ("Sep 13, 2021 - 11:00 EDT", "Investigating")
    assert earlier.html == "<p>Firebase is slow; &lt;b&gt;we&lt;/b&gt; do not know why.</p>"
    assert "<summary>edited <time" in html(sep13())


def test_several_edits_are_told_newest_first_each_with_its_state_where_it_changed() -> None:
    incident = past_incident()
    at = incident.started_at
    first = sep13().updates[1].edits[0]
    edits = (
        replace(first, at=at + timedelta(minutes=5), state="identified", body="One"),
        replace(first, at=at + timedelta(minutes=9), state="investigating", body="Two"),
    )
    found = page(replace(incident, updates=(replace(incident.updates[0], edits=edits), incident.updates[1])))
    assert [(each.html, each.word) for each in found.said[-1].edits] == [
        ("<p>Two</p>", None),
        ("<p>One</p>", "Identified"),
    ]


def test_a_former_title_stays_on_the_page_with_the_time_of_its_end() -> None:
    began = past_incident().started_at
    former = (Former("Nothing <b>works</b>", began + timedelta(minutes=2), "secret-person"),
              Former("Invitations", began + timedelta(minutes=9), "secret-person"))  # fmt: skip
    renamed = replace(past_incident(), titles=former)
    assert [(each.at.text, each.was) for each in page(renamed).renamed] == [
        ("Nov 20, 2026 - 07:41 EST", "Invitations"),
        ("Nov 20, 2026 - 07:34 EST", "Nothing <b>works</b>"),
    ]
    shown = html(renamed)
    assert "Renamed <time" in shown
    assert "was “Nothing &lt;b&gt;works&lt;/b&gt;”." in shown
    assert "secret-person" not in shown
    assert "Renamed" not in html(past_incident())
    assert told_at(replace(renamed, titles=(replace(former[0], until=NOW),))) == NOW


def test_a_back_dated_update_says_when_it_was_written() -> None:
    written = {each.word: each.written for each in page(sep13()).said}
    assert written["Identified"] == Stamp("2021-09-13T14:59:00Z", "Sep 13, 2021 - 10:59 EDT")
    assert written["Resolved"] is None
    assert "<span>back-dated, written <time" in html(sep13())


def test_what_nobody_typed_says_so_once_and_nobody_is_named() -> None:
    found = page(open_incident())
    assert [each.note for each in found.said] == [None, None, "detected automatically"]
    assert {each.note for each in page(sep13()).said} == {None}
    taken = replace(open_incident(), by="secret-person")
    assert {each.note for each in page(taken).said} == {None}


def test_changes_alike_are_told_together_the_worst_first() -> None:
    _, identified, first = page(open_incident()).said
    assert [(each.names, each.old and each.old.slug, each.new.slug) for each in identified.moved] == [
        ("Networking and Group rooms", "ok", "partial"),
        ("News feed", "ok", "degraded"),
    ]
    assert first.moved[0].names == "Firebase Web Sockets"


def test_an_open_incident_shows_how_its_components_are_now() -> None:
    found = page(open_incident())
    assert [(each.name, each.look and each.look.slug) for each in found.affected] == [
        ("Firebase Web Sockets", "major"), ("Networking", "partial"), ("Group rooms", "partial"),
        ("News feed", "degraded"), ("Invitations", "degraded"),
    ]  # fmt: skip
    assert (found.next_by, found.also, found.overdue) == (
        Stamp("2026-11-23T14:50:11Z", "09:50 EST"),
        "14:50 UTC",
        False,
    )
    assert found.live


def test_a_promise_that_was_not_kept_is_called_so() -> None:
    incident = open_incident()
    late = tuple(
        replace(each, next_by=NOW - timedelta(minutes=1)) if each.next_by else each for each in incident.updates
    )
    assert page(replace(incident, updates=late)).overdue
    assert "Next update was due" in html(replace(incident, updates=late))
    assert "Next update by" in html(incident)


def test_components_that_left_the_configuration_are_not_named_by_their_id() -> None:
    incident = make_incident(
        "Old", [(NOW - timedelta(hours=2), "investigating", "x", {"gone-away": (Status.OPERATIONAL, Status.MAJOR)}),
                (NOW - timedelta(hours=1), "resolved", "y", {"gone-away": (Status.MAJOR, Status.OPERATIONAL)})]
    )  # fmt: skip
    found = page(incident)
    assert (found.affected, found.named, {each.moved for each in found.said}) == ((), "", {()})
    assert "gone-away" not in html(incident)


def test_neighbours_in_time_are_linked() -> None:
    files = render(told_snapshot(), NOW)
    middle = files[f"/incidents/{past_incident().id}"].body.decode()
    newer, older = open_incident(), public_id("maintenance", "Certificates renewed")
    assert f'<a href="/incidents/{older}" rel="prev">← Certificates renewed, Nov 15</a>' in middle
    assert f'<a href="/incidents/{newer.id}" class="new-side" rel="next">{newer.title}, Nov 23 →</a>' in middle


def test_planned_work_has_a_page_with_its_time() -> None:
    work = make_maintenance("Second cache node", NOW + timedelta(days=4))
    found = page(work)
    assert text(found.lead) == "Planned maintenance, Nov 27, 2026 - 09:32 – 10:32 EST."
    assert [(fact.name, fact.text, text(fact.small)) for fact in found.facts] == [
        ("Planned for", "1 h", "Nov 27, 2026 - 09:32 – 10:32 EST")
    ]
    done = page(make_maintenance("Done", NOW - timedelta(days=1), states=["scheduled", "in_progress", "completed"]))
    assert text(done.lead) == "Planned maintenance, completed Nov 22, 2026 - 10:32 EST."
    assert done.facts[0].name == "Took"
    off = page(make_maintenance("Off", NOW + timedelta(days=1), states=["scheduled", "cancelled"]))
    assert text(off.lead).startswith("Planned maintenance, cancelled ")
    assert text(off.facts[0].small) == "Nov 24, 2026 - 09:32 – 10:32 EST"


def test_work_that_is_begun_before_its_plan_has_the_times_at_which_it_was() -> None:
    running = page(begun_early("Early", "in_progress"))
    assert text(running.lead) == "Planned maintenance, in progress until Nov 23, 2026 - 13:32 EST."
    assert [(fact.name, fact.text, text(fact.small)) for fact in running.facts] == [
        ("Planned for", "2 h", "Nov 23, 2026 - 11:32 – 13:32 EST")
    ]
    done = page(begun_early("Early", "in_progress", "completed"))
    assert text(done.lead) == "Planned maintenance, completed Nov 23, 2026 - 09:27 EST."
    assert [(fact.name, fact.text, text(fact.small)) for fact in done.facts] == [
        ("Took", "13 s", "Nov 23, 2026 - 09:27 – 09:27 EST")
    ]
    given_up = page(begun_early("Early", "in_progress", "cancelled"))
    assert [(fact.name, text(fact.small)) for fact in given_up.facts] == [
        ("Planned for", "Nov 23, 2026 - 11:32 – 13:32 EST")
    ]


def test_the_picture_shows_which_component_was_affected_when() -> None:
    snapshot = make_snapshot(OUTAGE, site=NEW_YORK)
    found = page(open_incident(), snapshot).lanes
    assert found is not None
    assert [(lane.name, [bar.slug for bar in lane.bars]) for lane in found.lanes] == [
        ("Firebase Web Sockets", ["major"]),
        ("Networking and Group rooms", ["partial"]),
        ("News feed", ["degraded"]),
        ("Invitations", ["degraded"]),
    ]
    assert found.lanes[0].bars[0].title == "Firebase Web Sockets: Major outage, 08:52 EST to 09:32 EST"
    ends = {bar.x + bar.width for lane in found.lanes for bar in lane.bars}
    assert (found.lanes[0].bars[0].x, ends) == (LEFT, {RIGHT})
    assert [text for _, text in found.ticks] == ["08:55", "09:00", "09:05", "09:10", "09:15", "09:20", "09:25", "09:30"]


def test_the_picture_follows_worse_and_better_and_stops_at_the_end() -> None:
    began, ok = NOW - timedelta(hours=6), Status.OPERATIONAL
    told: list[Told] = [
        (began, "investigating", "a", {"inbox": (ok, Status.DEGRADED)}),
        (began + timedelta(hours=1), "identified", "b", {"inbox": (Status.DEGRADED, Status.MAJOR)}),
        (began + timedelta(hours=3), "monitoring", "c", {"inbox": (Status.MAJOR, ok)}),
        (began + timedelta(hours=4), "resolved", "d", {}),
    ]
    (lane,) = (page(make_incident("Inbox", told)).lanes or Lanes(0, (), ())).lanes
    quarter = (RIGHT - LEFT) / 4
    assert [(bar.slug, round((bar.x - LEFT) / quarter, 1), round(bar.width / quarter, 1)) for bar in lane.bars] == [
        ("degraded", 0, 1), ("major", 1, 2)
    ]  # fmt: skip
    assert page(sep13()).lanes is None


def test_a_reopened_incident_goes_on() -> None:
    old = past_incident()
    again = make_incident(
        "Again",
        [(NOW - timedelta(hours=2), "investigating", "a", {}), (NOW - timedelta(hours=1), "resolved", "b", {}),
         (NOW - timedelta(minutes=50), "investigating", "c", {})],
    )  # fmt: skip
    assert [each.word for each in page(again).said] == ["Investigating", "Resolved", "Investigating"]
    assert (page(again).live, page(old).live) == (True, False)
