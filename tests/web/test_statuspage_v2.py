"""API v2 in Statuspage's shapes, by a schema of our own and by key order, which some parsers show to people."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs in the test extra

from statuspage.core.site import PUBLIC_ID_ALPHABET, public_id
from statuspage.core.state import Snapshot
from statuspage.core.status import Status
from statuspage.web.render import render
from tests.web.snapshots import NOW, OUTAGE, make_site, make_snapshot

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
EMPTY = {"type": "array", "maxItems": 0}
DOCUMENTS = {
    "/api/v2/summary.json": exactly(
        {"page": exactly(PAGE), "components": COMPONENTS, "incidents": EMPTY, "scheduled_maintenances": EMPTY,
         "status": exactly(STATUS)}
    ),
    "/api/v2/status.json": exactly({"page": exactly(PAGE), "status": exactly(STATUS)}),
    "/api/v2/components.json": exactly({"page": exactly(PAGE), "components": COMPONENTS}),
}  # fmt: skip


def document(snapshot: Snapshot, path: str = "/api/v2/summary.json") -> Any:
    return json.loads(render(snapshot, NOW)[path].body)


SNAPSHOTS = {
    "operational": make_snapshot(),
    "outage": make_snapshot(OUTAGE),
    "stale": make_snapshot(OUTAGE, beat=NOW - timedelta(hours=3)),
    "no groups": make_snapshot(site=replace(make_site(), groups=(), components=())),
    "not decided yet": replace(make_snapshot(), components={}, updated_at=None),
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
