"""Who hears of what, and what of it."""

from dataclasses import replace

from statuspage.core.events import component_event, incident_event, incident_events, maintenance_event, person_event
from statuspage.core.incident import ComponentChange, Evidence, Incident, Update
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import public_id
from statuspage.core.state import Change
from statuspage.core.status import Status
from statuspage.core.telling import EVENTS, STAFF_PAGE, Destination, listeners, recipients
from tests.core.pages import site_of
from tests.core.values import at

SITE = site_of()
ABOUT_ROUTES = tuple(
    f"route.{each}" for each in ("proposed", "withdrawn", "blocked", "cleared", "locked", "unverified", "verified")
)
"""What asks a person for something, and its end. A move is no reason to wake anybody."""
FIRST = Update("u1", "investigating", "Words.", at(0), at(0), "ana", published_at=at(0), next_by=at(1800))
SEEN = Evidence(at(0), "native", "native", "local", "down", at(0), "timeout", "upgrade", "10.0.0.7", (("dns", 1.0),))
INCIDENT = Incident(
    "i1", "Trouble", at(0), at(0), at(0), "ana", components=("native", "gone"), updates=(FIRST,), evidence=(SEEN,)
)


def test_a_destination_wants_what_its_patterns_match() -> None:
    pager = Destination("pager", "pagerduty")
    assert [kind for kind in EVENTS if pager.wants(kind, ())] == [
        kind
        for kind in EVENTS
        if kind.startswith(("incident.", "draft.", "monitor.")) or kind in (*ABOUT_ROUTES, "message.dead")
    ]
    assert Destination("all", "webhook", ("*",)).wants("monitor.blind", ())
    assert not Destination("none", "webhook", ()).wants("incident.created", ())


def test_a_destination_of_some_components_hears_of_those() -> None:
    some = Destination("some", "webhook", ("*",), ("native", "redis"))
    assert some.wants("incident.created", ("video", "redis"))
    assert not some.wants("incident.created", ("video",))
    assert not Destination("ends", "webhook", ("incident.resolved",), ("native",)).wants("incident.created", ())


def test_what_touches_no_component_is_for_everybody_who_asks_for_it() -> None:
    some = Destination("some", "webhook", ("*",), ("native", "redis"))
    assert all(some.wants(kind, ()) for kind in EVENTS)


def test_the_end_of_what_began_without_a_component_is_for_everybody_too() -> None:
    ended = replace(FIRST, id="u2", state="resolved", display_at=at(60))
    found = replace(INCIDENT, updates=(FIRST, ended))
    touching = replace(FIRST, changes=(ComponentChange("native", Status.OPERATIONAL, Status.MAJOR),))
    for kind, incident, components in (
        ("incident.resolved", found, ()),
        ("incident.updated", found, found.components),
        ("incident.resolved", replace(found, updates=(touching, ended)), found.components),
    ):
        event = incident_event(kind, incident, ended, SITE, at(60), at(80))
        assert event.telling is not None
        assert event.telling.components == components


def test_a_pager_hears_the_end_even_where_nobody_is_notified() -> None:
    pager, hook = Destination("pager", "pagerduty", pages=True), Destination("hook", "webhook")
    ended = replace(FIRST, id="u2", state="resolved", display_at=at(60), tell=False)
    found = replace(INCIDENT, updates=(FIRST, ended))
    event = incident_event("incident.resolved", found, ended, SITE, at(60), at(80))
    assert event.telling is not None
    assert listeners(event.kind, event.telling, (pager, hook)) == (pager,)
    loud = incident_event("incident.resolved", found, replace(ended, tell=True), SITE, at(60), at(80))
    assert loud.telling is not None
    assert listeners(loud.kind, loud.telling, (pager, hook)) == (pager, hook)


def test_staff_are_led_to_where_they_can_act_on_what_is_not_public() -> None:
    pages = {"draft.waiting": "drafts", "draft.over": "incidents/i1", "incident.overdue": "incidents/i1"}
    for kind, page in pages.items():
        event = incident_event(kind, INCIDENT, FIRST, SITE, at(0), at(0))
        assert event.telling is not None
        assert event.telling.evidence[STAFF_PAGE] == f"https://status.example.com/staff/{page}"
        assert "/staff" not in str(event.telling.data)


def test_recipients_are_those_who_want_it() -> None:
    one, other = Destination("one", "webhook"), Destination("other", "webhook", ("maintenance.*",))
    assert recipients("incident.created", iter(("native",)), (one, other)) == (one,)


def test_the_public_part_has_names_and_times_and_no_evidence() -> None:
    event = incident_event("incident.created", INCIDENT, FIRST, SITE, at(0), at(20))
    told = event.telling
    assert told is not None
    assert told.data == {
        "incident": {
            "id": "i1",
            "name": "Trouble",
            "status": "investigating",
            "impact": "none",
            "url": "https://status.example.com/incidents/i1",
            "started_at": at(0).isoformat(),
            "resolved_at": None,
            "components": [{"id": public_id("component", "native"), "name": "Native Web Sockets"}],
        },
        "update": {
            "id": "u1",
            "status": "investigating",
            "body": "Words.",
            "display_at": at(0).isoformat(),
            "next_update_by": at(1800).isoformat(),
        },
    }
    assert (told.queue, told.not_before, told.update) == ("i1", at(20), "u1")


def test_evidence_goes_beside_it_without_addresses() -> None:
    event = incident_event("incident.created", INCIDENT, FIRST, SITE, at(0), at(20))
    assert event.telling is not None
    assert event.telling.evidence == {
        "checks": [
            {
                "check": "native",
                "agent": "local",
                "verdict": "down",
                "since": at(0).isoformat(),
                "reason": "timeout",
                "stage": "upgrade",
            }
        ]
    }


def test_what_is_not_to_be_told_is_journalled_all_the_same() -> None:
    silent = replace(FIRST, tell=False)
    event = incident_event("incident.updated", INCIDENT, silent, SITE, at(0), at(20))
    assert (event.telling, event.data["update"]) == (None, "u1")
    assert incident_event("draft.changed", INCIDENT, FIRST, SITE, at(0), None).telling is None
    word = replace(silent, state="scheduled")
    work = Maintenance("m1", "Work", at(0), at(60), ("native",), at(0), at(0), "ana", (word,))
    assert maintenance_event("maintenance.updated", work, word, SITE, at(0), at(20)).telling is None
    assert person_event("incident.held", "i1", "ana", at(0)).telling is None


def test_what_publishing_means_follows_from_before_and_after() -> None:
    ended = replace(INCIDENT, updates=(FIRST, replace(FIRST, id="u2", state="resolved", display_at=at(60))))
    unheard = replace(INCIDENT, updates=())
    kinds = {
        (None, INCIDENT): ["incident.created"],
        (unheard, INCIDENT): ["incident.created"],
        (None, ended): ["incident.created", "incident.resolved"],
        (INCIDENT, INCIDENT): ["incident.updated"],
        (INCIDENT, ended): ["incident.resolved"],
        (ended, ended): ["incident.updated"],
        (ended, INCIDENT): ["incident.reopened"],
    }
    for (before, after), expected in kinds.items():
        found = incident_events(before, after, FIRST, SITE, at(0), at(20))
        assert [event.kind for event in found] == expected


def test_a_component_that_moves_is_told_in_its_own_queue() -> None:
    change = Change("native", Status.OPERATIONAL, Status.MAJOR, at(-30))
    event = component_event(change, at(0), at(20), by="ana", update="u1", root_causes=("redis",))
    assert event.telling is not None
    assert (event.telling.queue, event.telling.update, event.telling.not_before) == ("native", "u1", at(20))
    assert event.data == {
        "from": "operational",
        "to": "major_outage",
        "since": at(-30).isoformat(),
        "by": "ana",
        "root_causes": ["redis"],
    }


def test_planned_work_is_told_with_its_times() -> None:
    scheduled = replace(
        FIRST, state="scheduled", changes=(ComponentChange("native", Status.OPERATIONAL, Status.OPERATIONAL),)
    )
    work = Maintenance("m1", "Work", at(600), at(1200), ("native",), at(0), at(0), "ana", (scheduled,))
    event = maintenance_event("maintenance.scheduled", work, scheduled, SITE, at(0), at(20))
    assert event.telling is not None
    told = event.telling.data["maintenance"]
    assert isinstance(told, dict)
    assert (told["scheduled_for"], told["scheduled_until"]) == (at(600).isoformat(), at(1200).isoformat())
