"""Incidents on the front page: cards of what goes on, lines of what is planned, and the days that were."""

from datetime import timedelta

from statuspage.core.site import public_id
from statuspage.core.state import Snapshot
from statuspage.core.status import Status
from statuspage.web.present import Front, front
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
    told_snapshot,
)

NEW_YORK = make_site(time_zone="America/New_York")


def text(sentence: tuple[str | Stamp, ...]) -> str:
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


def told_front(snapshot: Snapshot) -> Front:
    return front(open_scene(snapshot, NOW))


def test_a_card_has_the_newest_word_in_full_and_folds_the_older_ones_away() -> None:
    card = told_front(make_snapshot(OUTAGE, site=NEW_YORK, incidents=[open_incident()])).cards[0]
    assert (card.title, card.look.slug, text(card.head)) == (
        "Slow web socket connections", "major", "Critical impact, since 08:52 EST"
    )  # fmt: skip
    assert card.newest.word == "Update"
    assert card.newest.html.startswith("<p>Firebase does not take new connections fast enough.")
    assert [each.word for each in card.older] == ["Identified", "Investigating"]
    assert [(each.look.slug, each.names) for each in card.affected] == [
        ("major", "Firebase Web Sockets"),
        ("partial", "Networking and Group rooms"),
        ("degraded", "News feed and Invitations"),
    ]
    assert (card.automatic, card.next_by) == (True, Stamp("2026-11-23T14:50:11Z", "09:50 EST"))


def test_a_long_incident_shows_five_older_updates_and_counts_the_rest() -> None:
    told: list[Told] = [(NOW - timedelta(minutes=60 - n), "investigating", f"Word {n}", {}) for n in range(12)]
    card = told_front(make_snapshot(incidents=[make_incident("Long", told)])).cards[0]
    assert (card.older[0].html, len(card.older), card.more) == ("<p>Word 10</p>", 5, 6)


def test_running_work_has_a_card_and_work_to_come_a_line() -> None:
    found = told_front(told_snapshot(site=NEW_YORK))
    assert [card.title for card in found.cards] == ["Slow web socket connections", "Login servers move"]
    assert found.cards[1].until == Stamp("2026-11-23T15:12:11Z", "10:12 EST")
    (plan,) = found.plans
    assert (plan.title, plan.names) == ("Second cache node", "Redis cache")
    assert " – ".join(each.text for each in plan.when) == "Nov 27, 2026 - 09:32 – 10:32 EST"


def test_work_that_is_begun_before_its_plan_goes_on_since_then_and_is_told_that_day() -> None:
    running = told_front(make_snapshot(maintenances=[begun_early("Early", "in_progress")]))
    assert text(running.cards[0].head) == "Planned maintenance, since 14:27 UTC"
    assert running.cards[0].until == Stamp("2026-11-23T18:32:11Z", "18:32 UTC")
    assert [each.title for each in running.recent[0].past] == ["Early"]
    over = told_front(make_snapshot(maintenances=[begun_early("Early", "in_progress", "completed")]))
    assert (over.cards, over.plans) == ((), ())
    (past,) = over.recent[0].past
    assert (past.state, past.lasted) == ("Completed", "lasted 13 s")


def test_plans_reach_thirty_days_ahead_and_leave_out_what_is_over_or_past() -> None:
    work = {
        "soon": make_maintenance("soon", NOW + timedelta(hours=1)),
        "in 29 days": make_maintenance("in 29 days", NOW + timedelta(days=29)),
        "in 31 days": make_maintenance("in 31 days", NOW + timedelta(days=31)),
        "off": make_maintenance("off", NOW + timedelta(days=1), states=["scheduled", "cancelled"]),
        "forgotten": make_maintenance("forgotten", NOW - timedelta(days=1)),
        "late": make_maintenance("late", NOW - timedelta(minutes=10)),
    }
    found = told_front(make_snapshot(maintenances=list(work.values())))
    assert [plan.title for plan in found.plans] == ["late", "soon", "in 29 days"]
    assert found.cards == ()


def test_past_incidents_stand_on_the_day_they_began_with_all_that_was_said() -> None:
    recent = {day.text: day for day in told_front(told_snapshot(site=NEW_YORK)).recent}
    (past,) = recent["Nov 20, 2026"].past
    assert (past.title, past.lasted) == ("Invitations arrive late", "lasted 38 min")
    assert [(each.word, each.at.text) for each in past.spoken] == [
        ("Resolved", "08:10 EST"),
        ("Investigating", "07:32 EST"),
    ]
    assert recent["Nov 15, 2026"].past[0].state == "Completed"
    today = recent["Today, Nov 23"]
    assert [(each.title, each.spoken) for each in today.past] == [
        ("Login servers move", ()),
        ("Slow web socket connections", ()),
    ]
    assert recent["Nov 19, 2026"].quiet == "No incidents reported."


def test_trouble_that_an_incident_speaks_of_is_not_told_twice() -> None:
    def seen(snapshot: Snapshot) -> list[str]:
        return [trouble.name for day in told_front(snapshot).recent[:1] for trouble in day.troubles]

    assert seen(make_snapshot({"inbox": Status.MAJOR, "login": Status.DEGRADED})) == ["Inbox", "Login"]
    told: list[Told] = [
        (NOW - timedelta(minutes=39), "investigating", "x", {"inbox": (Status.OPERATIONAL, Status.MAJOR)})
    ]
    incident = make_incident("Inbox", told)
    assert seen(make_snapshot({"inbox": Status.MAJOR, "login": Status.DEGRADED}, incidents=[incident])) == ["Login"]


def test_a_day_within_a_long_incident_does_not_claim_that_nothing_was() -> None:
    began = NOW - timedelta(days=3)
    told: list[Told] = [(began, "investigating", "x", {}), (NOW - timedelta(days=1), "resolved", "y", {})]
    recent = {day.text: day for day in told_front(make_snapshot(incidents=[make_incident("Long", told)])).recent}
    assert recent["Nov 21, 2026"].quiet == "No new incidents."
    assert recent["Nov 20, 2026"].past[0].lasted == "lasted 2 d"


def test_a_component_lists_its_incidents() -> None:
    files = render(told_snapshot(), NOW)
    mine = public_id("component", "invitations")
    shown = files[f"/components/{mine}"].body.decode()
    assert shown.index("Slow web socket connections") < shown.index("Invitations arrive late")
    assert f'href="/history?component={mine}"' in shown
    other = files[f"/components/{public_id('component', 'landing-page')}"].body.decode()
    assert "No incidents so far." in other
