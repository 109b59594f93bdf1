"""PagerDuty: every event against the strict schema, and what becomes of its alerts."""

import json
from typing import Any

import pytest

from statuspage.core.outgoing import Outgoing
from statuspage.core.telling import QUIET, STAFF_PAGE, Message
from statuspage.fields import Secret
from statuspage.notifiers.pagerduty import Config, compose
from tests.delivery.pagerduty_server import PagerDuty
from tests.delivery.receivers import Received, Receiver
from tests.notifiers.messages import CONTEXT, INCIDENT, every_kind, message

KEY = "0123456789abcdef0123456789abcdef"
CONFIG = Config(routing_key=Secret(KEY), application="acme", environment="prod")


def event(each: Message) -> Any:
    return json.loads(compose(CONFIG, each, CONTEXT).body)


def taken_by(server: PagerDuty, made: Outgoing) -> int:
    path = made.url.removeprefix("https://events.pagerduty.com")
    return server.judge(Received(path, made.headers, made.body))[0]


def test_every_event_fits_the_schema() -> None:
    server = PagerDuty(Receiver(0))
    for each in every_kind():
        assert taken_by(server, compose(CONFIG, each, CONTEXT)) == 202, server.refused
    for each in every_kind():
        empty = message(each.kind, data={}, evidence={})
        assert taken_by(server, compose(CONFIG, empty, CONTEXT)) == 202, server.refused


def test_the_course_of_an_incident_is_one_alert() -> None:
    server = PagerDuty(Receiver(0))
    seen = []
    for kind in ("created", "updated", "acknowledged", "overdue", "resolved", "reopened", "resolved"):
        assert taken_by(server, compose(CONFIG, message(f"incident.{kind}"), CONTEXT)) == 202
        seen.append(server.alerts["acme:prod:qx2"])
    assert seen == ["triggered", "triggered", "acknowledged", "acknowledged", "resolved", "triggered", "resolved"]
    assert server.alerts == {"acme:prod:qx2": "resolved", "acme:prod:qx2:overdue": "triggered"}


@pytest.mark.parametrize(
    ("begins", "ends", "queue", "key"),
    [
        ("monitor.blind", "monitor.recovered", "monitor", "monitor:blind"),
        ("monitor.resting", "monitor.deciding", "monitor", "monitor:resting"),
        ("route.unverified", "route.verified", "route/realtime.chat", "route/realtime.chat:unverified"),
        ("route.blocked", "route.cleared", "route/realtime.chat", "route/realtime.chat"),
    ],
)
def test_alerts_that_end_by_themselves(begins: str, ends: str, queue: str, key: str) -> None:
    server = PagerDuty(Receiver(0))
    taken_by(server, compose(CONFIG, message(begins, queue=queue), CONTEXT))
    assert server.alerts == {f"acme:prod:{key}": "triggered"}
    taken_by(server, compose(CONFIG, message(ends, queue=queue), CONTEXT))
    assert server.alerts == {f"acme:prod:{key}": "resolved"}


@pytest.mark.parametrize("kind", ["maintenance.started", "component.updated", "incident.postmortem"])
def test_what_nobody_need_wake_up_for_is_a_change_event(kind: str) -> None:
    made = compose(CONFIG, message(kind), CONTEXT)
    assert made.url == "https://events.pagerduty.com/v2/change/enqueue"
    assert "event_action" not in json.loads(made.body)


@pytest.mark.parametrize("kind", ["incident.created", "incident.updated"])
@pytest.mark.parametrize("status", ["resolved", "postmortem"])
def test_what_is_over_opens_no_alert(kind: str, status: str) -> None:
    made = compose(CONFIG, message(kind, data={"incident": {**INCIDENT, "status": status}}), CONTEXT)
    assert made.url == "https://events.pagerduty.com/v2/change/enqueue"


def test_what_is_marked_as_quiet_pages_nobody_and_the_mark_is_not_shown() -> None:
    quiet = message("draft.waiting", evidence={"checks": [], QUIET: True})
    made = compose(CONFIG, quiet, CONTEXT)
    assert made.url == "https://events.pagerduty.com/v2/change/enqueue"
    assert json.loads(made.body)["payload"]["custom_details"]["evidence"] == {"checks": []}


def test_a_draft_pages_also_in_what_is_resolved_and_leads_to_the_staff_area() -> None:
    there = "https://status.example.com/staff/drafts"
    data = {"incident": {**INCIDENT, "status": "resolved"}}
    found = event(message("draft.waiting", data=data, evidence={STAFF_PAGE: there}))
    assert found["event_action"] == "trigger"
    assert found["links"] == [{"href": there, "text": "In the staff area"}]


@pytest.mark.parametrize(
    ("impact", "severity"),
    [("critical", "critical"), ("major", "error"), ("minor", "warning"), ("none", "info"), ("odd", "warning")],
)
def test_impact_becomes_severity(impact: str, severity: str) -> None:
    data = {"incident": {**INCIDENT, "impact": impact}}
    assert event(message(data=data))["payload"]["severity"] == severity


def test_an_alert_says_what_where_and_what_was_seen() -> None:
    found = event(message())
    assert found["routing_key"] == KEY
    assert found["payload"] == {
        "summary": "New incident: Session chat does not work",
        "source": "status.example.com",
        "severity": "critical",
        "timestamp": "2026-11-23T09:00:00.123Z",
        "component": "Session chat, Firebase Web Sockets",
        "group": "acme",
        "class": "incident.created",
        "custom_details": {
            "event": "incident.created",
            "id": message().id,
            "text": "It *hurts* <b>.",
            "evidence": message().evidence,
        },
    }
    assert found["links"] == [{"href": INCIDENT["url"], "text": "On the status page"}]
    assert (found["client"], found["client_url"]) == ("Acme Events", "https://status.example.com")


def test_an_acknowledgement_and_an_end_carry_the_key_only() -> None:
    for kind, action in (("acknowledged", "acknowledge"), ("resolved", "resolve")):
        found = event(message(f"incident.{kind}"))
        assert found == {"routing_key": KEY, "event_action": action, "dedup_key": "acme:prod:qx2"}


def test_what_is_too_long_is_cut() -> None:
    data = {"incident": {**INCIDENT, "name": "ä" * 5000}, "update": {"body": "x" * 100_000}}
    made = compose(CONFIG, message(data=data, evidence={"checks": ["y" * 600_000]}), CONTEXT)
    found = json.loads(made.body)
    assert len(found["payload"]["summary"]) == 1024
    assert "evidence" not in found["payload"]["custom_details"]
    assert len(made.body) < 512 * 1024
    assert len(event(message(queue="q" * 400))["dedup_key"]) == 255


def test_the_eu_region_is_another_address() -> None:
    eu = Config(routing_key=Secret(KEY), url="https://events.eu.pagerduty.com/")
    assert compose(eu, message(), CONTEXT).url == "https://events.eu.pagerduty.com/v2/enqueue"
