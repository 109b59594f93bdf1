"""`/api/v1/maintenances` on both databases: planned, changed, told of, called off."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from statuspage.core.role import Role
from statuspage.store import Store, open_store
from tests.databases import START
from tests.web.api import WORK, Api


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path) -> Iterator[Api]:
    """On one database: what is asked here is the same on the other."""
    with closing(open_store(sqlite_url)) as store:
        store.upgrade(START)
        yield Api(store, tmp_path)


@pytest.fixture
def both(store: Store, tmp_path: Path) -> Api:
    """On either database."""
    return Api(store, tmp_path)


def planned(api: Api, **more: object) -> Any:
    return api.done("POST", "/maintenances", {**WORK, **more}, Role.PUBLISHER)


def test_work_is_planned_changed_begun_and_completed(both: Api) -> None:
    answer = both.ask("POST", "/maintenances", WORK, Role.PUBLISHER)
    made: Any = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/api/v1/maintenances/{made['id']}")
    assert (made["state"], made["starts"], made["components"]) == (
        "scheduled", "2026-03-03T22:00:00.000Z", [{"id": "chat", "name": "Chat"}],
    )  # fmt: skip
    path = f"/maintenances/{made['id']}"
    later = both.done("PATCH", path, {"ends": "2026-03-04T01:00:00+00:00", "body": "An hour more.", "version": 1})
    assert (later["ends"], later["title"], later["version"]) == ("2026-03-04T01:00:00.000Z", "New Redis", 2)
    both.done("POST", f"{path}/updates", {"body": "We begin.", "state": "in_progress"})
    both.done("POST", f"{path}/updates", {"body": "Half of it."})
    over = both.done("POST", f"{path}/updates", {"body": "Done.", "state": "completed"})
    assert (over["state"], len(over["updates"])) == ("completed", 5)
    assert both.get("/maintenances")["maintenances"] == []
    assert both.get(path)["ended_at"] is not None


def test_work_is_listed_in_the_order_in_which_it_begins(both: Api) -> None:
    second = planned(both)
    first = planned(both, starts="2026-03-03T20:00:00Z")
    assert [each["id"] for each in both.get("/maintenances")["maintenances"]] == [first["id"], second["id"]]


def test_a_repeat_under_the_same_key_is_the_same_work(both: Api) -> None:
    one = both.done("POST", "/maintenances", WORK, Idempotency_Key="k")
    two = both.done("POST", "/maintenances", WORK, Idempotency_Key="k")
    assert one["id"] == two["id"]
    path = f"/maintenances/{one['id']}/updates"
    for _ in range(2):
        both.done("POST", path, {"body": "Soon."}, Idempotency_Key="u")
    assert len(both.get(f"/maintenances/{one['id']}")["updates"]) == 2
    other = {**WORK, "title": "Something else"}
    answer = both.ask("POST", "/maintenances", other, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422


def test_calling_off_twice_is_calling_off_once(api: Api) -> None:
    made = planned(api)
    path = f"/maintenances/{made['id']}/cancel"
    api.refused(409, "POST", path, {"version": 7})
    gone = api.done("POST", path, {"version": 1}, Role.PUBLISHER)
    again = api.done("POST", path, {"body": "Once more."})
    assert (gone["state"], again["version"], len(again["updates"])) == ("cancelled", gone["version"], 2)
    assert api.get("/maintenances")["maintenances"] == []


def test_an_announcement_is_taken_back_before_anybody_hears_of_it(api: Api) -> None:
    made = planned(api)
    back = api.done("POST", f"/maintenances/{made['id']}/updates/{made['updates'][0]['id']}/withdraw")
    assert (back["state"], back["url"], back["updates"][0]["status"]) == ("cancelled", None, "withdrawn")
    assert api.done("POST", f"/maintenances/{made['id']}/cancel")["version"] == back["version"]
    api.refused(422, "POST", f"/maintenances/{made['id']}/updates", {"body": "Still."})
    assert api.store.outbox.waiting() == ()


def test_a_lost_race_answers_with_what_stands_now(both: Api) -> None:
    made = planned(both)
    path = f"/maintenances/{made['id']}"
    both.done("PATCH", path, {"title": "Newer Redis"})
    problem = both.refused(409, "PATCH", path, {"title": "Newest Redis", "version": 1})
    assert problem["present"]["title"] == "Newer Redis"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends": "2026-03-03T21:00:00Z"}, "ends"),
        ({"ends": "2026-05-03T21:00:00Z"}, "ends"),
        ({"starts": "2026-03-01T00:00:00Z"}, "starts"),
        ({"starts": "2029-03-01T00:00:00Z", "ends": "2029-03-01T01:00:00Z"}, "starts"),
        ({"starts": "2026-03-03 22:00"}, "starts"),
        ({"components": []}, "components"),
        ({"components": ["caht"]}, "components"),
        ({"components": "chat"}, "components"),
        ({"components": [None]}, "components"),
        ({"title": ""}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"body": "x" * 10_001}, "body"),
        ({"automatic": "yes"}, "automatic"),
        ({"state": "completed"}, "state"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_by_its_field(api: Api, change: dict[str, object], field: str) -> None:
    assert api.refused(422, "POST", "/maintenances", {**WORK, **change})["field"] == field
    assert api.get("/maintenances")["maintenances"] == []


def test_a_state_that_may_not_follow_is_refused(api: Api) -> None:
    made = planned(api)
    path = f"/maintenances/{made['id']}"
    assert api.refused(422, "POST", f"{path}/updates", {"body": "x", "state": "verifying"})["field"] == "state"
    api.refused(422, "PATCH", path, {})
    api.refused(404, "POST", "/maintenances/nothing/cancel")
    api.refused(403, "POST", f"{path}/cancel", role=Role.VIEWER)


def test_planned_work_is_public_at_once_and_needs_a_publisher(api: Api) -> None:
    made = planned(api)
    path = f"/maintenances/{made['id']}"
    for method, where, document in (
        ("POST", "/maintenances", WORK),
        ("PATCH", path, {"title": "Mine"}),
        ("POST", f"{path}/updates", {"body": "Mine."}),
        ("POST", f"{path}/updates/{made['updates'][0]['id']}/withdraw", None),
        ("POST", f"{path}/cancel", None),
    ):
        api.refused(403, method, where, document, Role.RESPONDER)
    assert api.get(path, Role.RESPONDER)["version"] == made["version"]
