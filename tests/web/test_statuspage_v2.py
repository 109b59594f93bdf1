"""API v2 in Statuspage's shapes, by a schema of our own and by key order, which some parsers show to people."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs in the test extra
from werkzeug.test import Client

from statuspage.core.site import PUBLIC_ID_ALPHABET, public_id
from statuspage.core.state import Snapshot
from statuspage.core.status import Status
from statuspage.web.app import create_app
from statuspage.web.bundle import make
from statuspage.web.middleware import serve_first
from statuspage.web.render import render
from statuspage.web.shown import Shown
from tests.web.hostile import hostile_snapshot
from tests.web.served import SetClock
from tests.web.snapshots import (
    NOW,
    OUTAGE,
    make_incident,
    make_maintenance,
    make_site,
    make_snapshot,
    open_incident,
    past_incident,
    sep13,
    told_snapshot,
)

ID = {"type": "string", "pattern": f"^[{PUBLIC_ID_ALPHABET}]{{12}}$"}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
PAGE = {"id": ID, "name": {"type": "string"}, "url": {"type": "string"}, "time_zone": {"type": "string"},
        "updated_at": MOMENT}  # fmt: skip
STATUS = {
    "indicator": {"enum": ["none", "minor", "major", "critical", "maintenance"]},
    "description": {
        "enum": ["All Systems Operational", "Service Under Maintenance", "Partially Degraded Service",
                 "Degraded System Service", "Minor Service Outage", "Partial System Outage", "Major System Outage"]
    },
}  # fmt: skip
COMPONENT: dict[str, Any] = {
    "id": ID,
    "name": {"type": "string"},
    "status": {"enum": ["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]},
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "position": {"type": "integer", "minimum": 1},
    "description": {"type": ["string", "null"]},
    "showcase": {"type": "boolean"},
    "start_date": {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\d$"},
    "group_id": {"anyOf": [ID, {"type": "null"}]},
    "page_id": ID,
    "group": {"type": "boolean"},
    "only_show_if_degraded": {"type": "boolean"},
}


def exactly(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False
    }  # fmt: skip


LEAF = exactly({**COMPONENT, "group": {"const": False}})
GROUP = exactly({**COMPONENT, "group": {"const": True}, "components": {"type": "array", "items": ID}})
COMPONENTS = {"type": "array", "items": {"anyOf": [LEAF, GROUP]}}
STATE = {
    "enum": [
        "investigating",
        "identified",
        "monitoring",
        "resolved",
        "postmortem",
        "scheduled",
        "in_progress",
        "verifying",
        "completed",
    ]
}
WORD = COMPONENT["status"]
AFFECTED = {"code": ID, "name": {"type": "string"}, "old_status": WORD, "new_status": WORD}
UPDATE: dict[str, Any] = {
    "id": ID,
    "status": STATE,
    "body": {"type": "string"},
    "incident_id": ID,
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "display_at": MOMENT,
    "affected_components": {"anyOf": [{"type": "null"}, {"type": "array", "items": exactly(AFFECTED), "minItems": 1}]},
    "deliver_notifications": {"type": "boolean"},
    "custom_tweet": {"type": "null"},
    "tweet_id": {"type": "null"},
}
MAYBE = {"anyOf": [MOMENT, {"type": "null"}]}
TOLD: dict[str, Any] = {
    "id": ID,
    "name": {"type": "string", "maxLength": 255},
    "status": STATE,
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "monitoring_at": MAYBE,
    "resolved_at": MAYBE,
    "impact": {"enum": ["none", "minor", "major", "critical", "maintenance"]},
    "shortlink": {"type": "string", "pattern": "^https://status.example.com/i/[^/]+$"},
    "started_at": MOMENT,
    "page_id": ID,
    "incident_updates": {"type": "array", "items": exactly(UPDATE), "minItems": 1},
    "components": {"type": "array", "items": LEAF},
}
INCIDENT = {**TOLD, "reminder_intervals": {"type": "null"}}
MAINTENANCE = {**TOLD, "impact": {"const": "maintenance"}, "scheduled_for": MOMENT, "scheduled_until": MOMENT}
INCIDENTS = {"type": "array", "items": exactly(INCIDENT), "maxItems": 50}
MAINTENANCES = {"type": "array", "items": exactly(MAINTENANCE), "maxItems": 50}
LIST = exactly({"page": exactly(PAGE), "incidents": INCIDENTS})
PLANNED = exactly({"page": exactly(PAGE), "scheduled_maintenances": MAINTENANCES})
DOCUMENTS = {
    "/api/v2/summary.json": exactly(
        {"page": exactly(PAGE), "components": COMPONENTS, "incidents": INCIDENTS,
         "scheduled_maintenances": MAINTENANCES, "status": exactly(STATUS)}
    ),
    "/api/v2/status.json": exactly({"page": exactly(PAGE), "status": exactly(STATUS)}),
    "/api/v2/components.json": exactly({"page": exactly(PAGE), "components": COMPONENTS}),
    "/api/v2/incidents.json": LIST,
    "/api/v2/incidents/unresolved.json": LIST,
    "/api/v2/scheduled-maintenances.json": PLANNED,
    "/api/v2/scheduled-maintenances/active.json": PLANNED,
    "/api/v2/scheduled-maintenances/upcoming.json": PLANNED,
}  # fmt: skip


def document(snapshot: Snapshot, path: str = "/api/v2/summary.json") -> Any:
    return json.loads(render(snapshot, NOW)[path].body)


SNAPSHOTS = {
    "operational": make_snapshot(),
    "outage": make_snapshot(OUTAGE),
    "stale": make_snapshot(OUTAGE, beat=NOW - timedelta(hours=3)),
    "no groups": make_snapshot(site=replace(make_site(), groups=(), components=())),
    "not decided yet": replace(make_snapshot(), components={}, updated_at=None),
    "incidents": told_snapshot(),
    "incidents of components that left": told_snapshot(site=replace(make_site(), components=(), groups=())),
}


@pytest.mark.parametrize("name", SNAPSHOTS)
@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_has_exactly_the_shape_of_statuspage(path: str, name: str) -> None:
    Draft202012Validator(DOCUMENTS[path]).validate(document(SNAPSHOTS[name], path))


@pytest.mark.parametrize("path", DOCUMENTS)
def test_keys_come_in_the_recorded_order(path: str) -> None:
    found = document(SNAPSHOTS["outage"], path)
    assert list(found) == list(DOCUMENTS[path]["properties"])
    assert list(found["page"]) == list(PAGE)
    for each in found.get("components", []):
        assert list(each)[: len(COMPONENT)] == list(COMPONENT)
        assert list(each)[len(COMPONENT) :] == (["components"] if each["group"] else [])


def test_a_group_is_a_component_with_the_worst_state_of_its_members() -> None:
    components = {each["id"]: each for each in document(SNAPSHOTS["outage"])["components"]}
    group = components[public_id("group", "providers")]
    assert group["status"] == "major_outage"
    assert [components[member]["name"] for member in group["components"]] == [
        "Firebase Web Sockets",
        "Native Web Sockets",
    ]
    assert {components[member]["group_id"] for member in group["components"]} == {group["id"]}


def test_positions_at_the_top_level_are_dense_and_unique() -> None:
    top = [each["position"] for each in document(SNAPSHOTS["outage"])["components"] if each["group_id"] is None]
    assert sorted(top) == list(range(1, len(top) + 1))


def test_an_unknown_component_keeps_its_last_confirmed_status() -> None:
    snapshot = make_snapshot({"virtual-lobby": Status.UNKNOWN})
    (lobby,) = [each for each in document(snapshot)["components"] if each["name"] == "Virtual lobby"]
    assert lobby["status"] == "operational"
    own = document(snapshot, "/api/v1/summary.json")
    (lobby,) = [each for each in own["components"] if each["name"] == "Virtual lobby"]
    assert (lobby["status"], lobby["confirmed"]) == ("unknown", "operational")


def test_our_own_json_says_stale_and_blind_with_absolute_times() -> None:
    stale = document(make_snapshot(beat=NOW - timedelta(minutes=3)), "/api/v1/summary.json")
    assert (stale["stale"], stale["heartbeat_at"]) == (True, "2026-11-23T14:29:11Z")
    assert {each["status"] for each in stale["components"]} == {"unknown"}
    assert {each["since"] for each in stale["components"]} == {"2026-11-23T14:29:11Z"}
    blind = document(make_snapshot(blind_since=NOW - timedelta(minutes=1)), "/api/v1/summary.json")
    assert (blind["stale"], blind["blind"]) == (False, {"since": "2026-11-23T14:31:11Z"})


def test_the_view_changes_with_the_page_and_not_with_the_time_of_the_last_check() -> None:
    def view(snapshot: Snapshot) -> str:
        return str(document(snapshot, "/api/v1/summary.json")["view"])

    first = view(make_snapshot())
    assert view(make_snapshot(beat=NOW - timedelta(seconds=7))) == first
    assert view(make_snapshot({"inbox": Status.DEGRADED})) != first
    assert view(make_snapshot(beat=NOW - timedelta(seconds=30))) != first


def in_order(found: dict[str, Any], keys: dict[str, Any]) -> None:
    assert list(found) == list(keys)
    for update in found["incident_updates"]:
        assert list(update) == list(UPDATE)
        for affected in update["affected_components"] or []:
            assert list(affected) == list(AFFECTED)
    for component in found["components"]:
        assert list(component) == list(COMPONENT)


def test_incidents_and_maintenances_have_their_keys_in_the_recorded_order() -> None:
    found = document(told_snapshot())
    in_order(found["incidents"][0], INCIDENT)
    in_order(found["scheduled_maintenances"][0], MAINTENANCE)


def test_each_list_has_what_its_name_says() -> None:
    def names(path: str) -> list[str]:
        found = document(told_snapshot(), f"/api/v2/{path}.json")
        return [each["name"] for each in found.get("incidents", []) + found.get("scheduled_maintenances", [])]

    assert names("incidents") == [
        "Slow web socket connections",
        "Invitations arrive late",
        "Slow web socket connection",
    ]
    assert names("incidents/unresolved") == ["Slow web socket connections"]
    assert names("scheduled-maintenances") == ["Second cache node", "Login servers move", "Certificates renewed"]
    assert names("scheduled-maintenances/active") == ["Login servers move"]
    assert names("scheduled-maintenances/upcoming") == ["Second cache node"]
    assert names("summary") == ["Slow web socket connections", "Login servers move", "Second cache node"]


def test_updates_come_newest_first_with_crlf_and_full_component_names() -> None:
    (found,) = document(told_snapshot(), "/api/v2/incidents/unresolved.json")["incidents"]
    first = found["incident_updates"][-1]
    assert [each["status"] for each in found["incident_updates"]] == ["identified", "identified", "investigating"]
    assert first["body"] == "New connections to Firebase wait without an answer.\r\n\r\nNot affected: Login."
    assert first["affected_components"] == [
        {
            "code": public_id("component", "firebase-web-sockets"),
            "name": "Realtime providers - Firebase Web Sockets",
            "old_status": "operational",
            "new_status": "major_outage",
        }
    ]
    assert "Chat moves to Native Web Sockets." in found["incident_updates"][1]["body"]
    assert [each["status"] for each in found["components"]] == [
        "major_outage", "partial_outage", "partial_outage", "degraded_performance", "degraded_performance"
    ]  # fmt: skip


def test_a_published_postmortem_is_the_newest_update() -> None:
    incident = sep13()
    found = document(make_snapshot(incidents=[incident]), f"/api/v2/incidents/{incident.id}.json")
    assert list(found) == ["page", "incident"]
    in_order(found["incident"], INCIDENT)
    newest, resolved, *_, oldest = found["incident"]["incident_updates"]
    assert (found["incident"]["status"], newest["status"]) == ("postmortem", "postmortem")
    assert newest["body"] == (
        "A large crowd came at once.\r\n\r\nWhat we change\r\n\r\n- Large events start elsewhere."
    )
    assert (newest["display_at"], resolved["display_at"]) == ("2021-09-13T21:33:00.000Z", "2021-09-13T21:15:00.000Z")
    assert oldest["affected_components"][0]["new_status"] == "degraded_performance"
    assert found["incident"]["resolved_at"] == "2021-09-13T21:15:00.000Z"
    assert found["incident"]["monitoring_at"] == "2021-09-13T17:07:00.000Z"


def test_a_draft_changes_no_byte_of_what_the_public_reads() -> None:
    incident = open_incident()
    silent = replace(
        incident,
        updates=tuple(each for each in incident.updates if each.is_published),
        updated_at=NOW - timedelta(hours=1),
        touched_by=None,
    )
    files, others = (render(make_snapshot(OUTAGE, incidents=[each]), NOW) for each in (incident, silent))
    assert [path for path in files if files[path] != others[path]] == []


def test_cancelled_work_is_completed_for_the_api() -> None:
    work = make_maintenance("Called off", NOW + timedelta(days=2), states=["scheduled", "cancelled"])
    snapshot = make_snapshot(maintenances=[work])
    (found,) = document(snapshot, "/api/v2/scheduled-maintenances.json")["scheduled_maintenances"]
    assert (found["status"], found["incident_updates"][0]["status"]) == ("completed", "completed")
    assert document(snapshot)["scheduled_maintenances"] == []
    assert document(snapshot, "/api/v2/scheduled-maintenances/upcoming.json")["scheduled_maintenances"] == []


def test_the_fifty_newest_are_listed_and_every_one_has_its_own_document() -> None:
    many = [past_incident(f"Trouble {n}", days=n + 1, number=n + 1) for n in range(60)]
    snapshot = make_snapshot(incidents=many)
    found = document(snapshot, "/api/v2/incidents.json")["incidents"]
    assert [each["name"] for each in found] == [f"Trouble {n}" for n in range(50)]
    oldest = document(snapshot, f"/api/v2/incidents/{many[59].id}.json")
    Draft202012Validator(exactly({"page": exactly(PAGE), "incident": exactly(INCIDENT)})).validate(oldest)
    in_order(oldest["incident"], INCIDENT)
    assert oldest["incident"]["components"][0]["status"] == "operational"


def test_an_incident_of_no_component_says_null() -> None:
    incident = make_incident("A word", [(NOW - timedelta(hours=1), "investigating", "We look.", {})])
    (found,) = document(make_snapshot(incidents=[incident]))["incidents"]
    assert (found["impact"], found["components"]) == ("none", [])
    assert found["incident_updates"][0]["affected_components"] is None


@pytest.mark.corpus("C10")
def test_a_document_with_hostile_text_is_never_taken_for_a_page(tmp_path: Path) -> None:
    snapshot = hostile_snapshot()
    shown = Shown()
    shown.swap(make(tmp_path, snapshot, NOW))
    web = Client(serve_first(shown, create_app(shown, tmp_path, SetClock(NOW))), use_cookies=False)
    paths = [path for path in render(snapshot, NOW) if path.startswith("/api/") and path.endswith(".json")]
    assert len(paths) > 10
    hostile = 0
    for path in paths:
        answer = web.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        json.loads(answer.data)
        hostile += b"script>" in answer.data
    assert hostile > 5
