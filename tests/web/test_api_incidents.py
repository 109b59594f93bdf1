"""`/api/v1/incidents` and components on both databases: who may do what, repeats, lost races, and what is answered."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from statuspage.core.incident import ROBOT, Incident, Update
from statuspage.core.people import COMMAND, Actor
from statuspage.core.role import Role
from statuspage.core.site import public_id
from statuspage.core.state import Decision
from statuspage.core.status import Status
from statuspage.store import Store, open_store
from tests.databases import START
from tests.web.api import CHAT, Api


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


def update(incident: Any, at: int = -1) -> str:
    found: str = incident["updates"][at]["id"]
    return found


def drafted(api: Api) -> tuple[str, str]:
    """A robot's draft: the ids of the incident and of its update."""
    text = Update("d00000000001", "investigating", "Chat is slow.", START, START, ROBOT)
    made = Incident(
        id=public_id("incident", "robot"),
        title="Chat is slow",
        started_at=START,
        created_at=START,
        updated_at=START,
        by=ROBOT,
        causes=("voice",),
        components=("voice",),
        updates=(text,),
    )
    api.store.transact(lambda _: Decision(incidents=(made,)), START)
    return made.id, text.id


def test_an_incident_is_opened_told_of_and_resolved(both: Api) -> None:
    answer = both.ask("POST", "/incidents", CHAT, Role.PUBLISHER)
    opened: Any = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/incidents/{opened['id']}"
    assert (answer.headers["ETag"], opened["version"], opened["by"]) == ('"1"', 1, "token:the publisher")
    assert (opened["state"], opened["impact"], opened["open"], opened["public"]) == (
        "investigating",
        "major",
        True,
        True,
    )
    assert opened["notifies"] == [
        {"destination": "ops", "event": "incident.created", "not_before": "2026-03-02T12:00:20.000Z"},
        {"destination": "pager", "event": "incident.created", "not_before": "2026-03-02T12:00:20.000Z"},
    ]
    assert [message.destination for message in both.store.outbox.waiting()] == ["ops", "pager"]
    path = f"/incidents/{opened['id']}"
    both.clock.advance(60)
    told = both.done("POST", f"{path}/updates", {"body": "Found it.", "state": "identified"})
    assert told["notifies"][0]["event"] == "incident.updated"
    over = both.done("POST", f"{path}/updates", {"body": "Done.", "state": "resolved"})
    assert (over["open"], over["resolved_at"]) == (False, "2026-03-02T12:01:00.000Z")
    held = both.store.state().components["chat"]
    assert held.status is Status.OPERATIONAL
    assert {**both.get(path), "notifies": over["notifies"]} == over
    assert "evidence" not in both.get(path)
    assert both.get(f"{path}?evidence=true")["evidence"] == []


def test_a_repeat_under_the_same_key_is_the_same_incident(both: Api) -> None:
    first = both.ask("POST", "/incidents", CHAT, headers={"Idempotency-Key": "deploy-17"})
    again = both.ask("POST", "/incidents", CHAT, headers={"Idempotency-Key": "deploy-17"})
    assert (first.status_code, again.status_code) == (201, 201)
    one: Any = first.json
    two: Any = again.json
    assert {**one, "notifies": []} == two
    assert first.headers["Location"] == again.headers["Location"]
    path = f"/incidents/{one['id']}/updates"
    for _ in range(2):
        both.done("POST", path, {"body": "Still looking."}, Idempotency_Key="a")
    assert len(both.get(f"/incidents/{one['id']}")["updates"]) == 2
    assert len(both.get("/incidents")["incidents"]) == 1


def test_a_repeat_long_after_the_end_is_the_same_incident(both: Api) -> None:
    first = both.done("POST", "/incidents", CHAT, Idempotency_Key="k")
    both.done("POST", f"/incidents/{first['id']}/updates", {"body": "Done.", "state": "resolved"})
    both.clock.advance(5 * 86400)
    assert both.done("POST", "/incidents", CHAT, Idempotency_Key="k")["id"] == first["id"]


def test_a_key_that_was_used_for_another_text_is_refused(api: Api) -> None:
    api.done("POST", "/incidents", CHAT, Idempotency_Key="k")
    answer = api.ask("POST", "/incidents", {**CHAT, "body": "Something else."}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["field"] == "Idempotency-Key"


def test_two_tokens_with_the_same_name_and_key_are_not_one(api: Api) -> None:
    one = api.done("POST", "/incidents", CHAT, Idempotency_Key="k")
    api.tokens[Role.ADMIN] = api.token(Role.ADMIN, "the admin")
    two = api.done("POST", "/incidents", CHAT, Idempotency_Key="k")
    assert (one["id"] == two["id"], one["by"] == two["by"]) == (False, True)


def test_without_a_key_the_same_request_twice_is_two_incidents(api: Api) -> None:
    assert api.opened()["id"] != api.opened()["id"]


@pytest.mark.parametrize("by_header", [True, False])
def test_a_lost_race_answers_with_what_stands_now(both: Api, by_header: bool) -> None:
    opened = both.opened()
    path = f"/incidents/{opened['id']}/updates"
    both.done("POST", path, {"body": "First.", "version": 1})
    late: dict[str, object] = {"body": "Second."}
    if by_header:
        answer = both.ask("POST", path, late, headers={"If-Match": '"1"'})
    else:
        answer = both.ask("POST", path, {**late, "version": 1})
    problem: Any = answer.json
    assert (answer.status_code, problem["field"], problem["version"]) == (409, "version", 2)
    assert [each["body"] for each in problem["present"]["updates"]] == [CHAT["body"], "First."]
    assert len(both.get(f"/incidents/{opened['id']}")["updates"]) == 2


@pytest.mark.parametrize("seen", ['"x"', "*", '"1", "2"', '"2"'])
def test_an_if_match_that_cannot_be_meant_is_refused(api: Api, seen: str) -> None:
    opened = api.opened()
    document = {"body": "x", "version": 1}
    answer = api.ask("POST", f"/incidents/{opened['id']}/updates", document, headers={"If-Match": seen})
    assert answer.status_code == 400


@pytest.mark.corpus("E4")
def test_a_responder_drafts_and_a_publisher_speaks(api: Api) -> None:
    api.refused(403, "POST", "/incidents", CHAT, Role.RESPONDER)
    draft = api.done("POST", "/incidents", {**CHAT, "draft": True}, Role.RESPONDER)
    assert (draft["public"], draft["url"], draft["notifies"]) == (False, None, [])
    path = f"/incidents/{draft['id']}"
    said = f"{path}/updates/{update(draft)}"
    assert api.done("PATCH", said, {"body": "Better words."}, Role.RESPONDER)["updates"][0]["edits"] == []
    assert api.done("PATCH", path, {"title": "Chat"}, Role.RESPONDER)["title"] == "Chat"
    api.refused(403, "POST", f"{said}/publish", None, Role.RESPONDER)
    assert api.done("POST", f"{said}/publish", None, Role.PUBLISHER)["public"] is True
    for method, where, document in (
        ("PATCH", said, {"body": "Other words."}),
        ("PATCH", path, {"title": "Other"}),
        ("POST", f"{path}/updates", {"body": "x"}),
        ("POST", f"{path}/updates", {"body": "x", "draft": True, "title": "Other"}),
        ("POST", f"{said}/withdraw", None),
        ("POST", f"{path}/hand-back", None),
    ):
        api.refused(403, method, where, document, Role.RESPONDER)
    assert api.get(path)["title"] == "Chat"
    kinds = [entry.event.kind for entry in api.store.newest_events(20, kind="act.refused")]
    assert len(kinds) == 8


def test_a_viewer_changes_nothing(api: Api) -> None:
    opened = api.opened()
    for method, path in (
        ("POST", "/incidents"),
        ("PATCH", f"/incidents/{opened['id']}"),
        ("POST", f"/incidents/{opened['id']}/acknowledge"),
        ("PUT", "/components/chat/override"),
        ("POST", "/maintenances"),
    ):
        api.refused(403, method, path, {}, Role.VIEWER)


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer sp_wrong", "Basic YTpi", "sp_x"])
def test_without_a_token_that_holds_nobody_gets_in(api: Api, header: str | None) -> None:
    answer = api.ask("GET", "/incidents", role=None, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.content_type.startswith("application/problem+json")


@pytest.mark.corpus("D21")
def test_a_token_in_the_address_is_refused(api: Api) -> None:
    assert api.ask("GET", f"/incidents?token={api.tokens[Role.ADMIN]}", role=None).status_code == 401
    api.refused(400, "GET", f"/incidents?token={api.tokens[Role.ADMIN]}")


def test_an_edit_keeps_what_stood_there(api: Api) -> None:
    opened = api.opened()
    path = f"/incidents/{opened['id']}/updates/{update(opened)}"
    edited = api.done("PATCH", path, {"body": "Messages are lost.", "version": 1})["updates"][0]
    assert (edited["body"], edited["edits"][0]["body"]) == ("Messages are lost.", CHAT["body"])
    api.clock.advance(120)
    moved_whole = api.done("PATCH", path, {"display_at": "2026-03-02T11:50:00Z"})
    moved = moved_whole["updates"][0]
    assert moved_whole["started_at"] == "2026-03-02T11:50:00.000Z"
    early = {"body": "x", "display_at": "2026-03-02T11:49:00Z"}
    refused = api.refused(422, "POST", f"/incidents/{opened['id']}/updates", early)
    assert refused["detail"].startswith("display_at: lies before the incident began (2026-03-02 11:50 UTC)")
    assert (moved["body"], moved["display_at"]) == ("Messages are lost.", "2026-03-02T11:50:00.000Z")
    assert len(moved["edits"]) == 2
    api.refused(422, "PATCH", path, {"version": 3})
    api.refused(409, "PATCH", path, {"body": "x", "version": 1})
    api.refused(404, "PATCH", f"/incidents/{opened['id']}/updates/nothing", {"body": "x"})


def test_an_update_is_taken_back_within_the_window_and_nobody_is_told(api: Api) -> None:
    opened = api.opened()
    path = f"/incidents/{opened['id']}/updates/{update(opened)}/withdraw"
    api.clock.advance(19)
    back = api.done("POST", path)
    assert (back["public"], back["updates"][0]["status"]) == (False, "draft")
    assert api.store.outbox.waiting() == ()
    assert api.refused(422, "POST", path)["detail"] == "update: is not published."


def test_after_the_window_an_update_stays(api: Api) -> None:
    opened = api.opened()
    api.clock.advance(21)
    problem = api.refused(422, "POST", f"/incidents/{opened['id']}/updates/{update(opened)}/withdraw")
    assert problem["field"] == "update"


def test_a_draft_of_the_robot_is_held_published_or_dismissed(both: Api) -> None:
    incident, draft = drafted(both)
    path = f"/incidents/{incident}/updates/{draft}"
    assert [each["id"] for each in both.get("/incidents?state=draft")["incidents"]] == [incident]
    assert both.get("/incidents?state=open")["incidents"] == []
    both.done("POST", f"{path}/hold", role=Role.RESPONDER)
    both.refused(409, "POST", f"{path}/publish", {"version": 99})
    said = both.done("POST", f"{path}/publish", {"version": 1})
    assert (said["public"], said["touched_by"]) == (True, None)
    assert [each["id"] for each in both.get("/incidents?state=open")["incidents"]] == [incident]


def test_a_draft_is_dismissed_with_its_incident(api: Api) -> None:
    incident, draft = drafted(api)
    gone = api.done("POST", f"/incidents/{incident}/updates/{draft}/dismiss", {"reason": "a test"}, Role.RESPONDER)
    assert gone["dismissed_at"] is not None
    assert api.get("/incidents?state=draft")["incidents"] == []
    api.refused(422, "POST", f"/incidents/{incident}/updates/{draft}/publish")


@pytest.mark.parametrize("act", ["dismiss", "hold"])
def test_a_draft_is_dismissed_or_held_on_the_version_that_was_seen(api: Api, act: str) -> None:
    incident, draft = drafted(api)
    path, version = f"/incidents/{incident}/updates/{draft}/{act}", api.get(f"/incidents/{incident}")["version"]
    api.refused(409, "POST", path, {"version": version + 1})
    api.refused(422, "POST", path, {"version": "x"})
    assert api.get(f"/incidents/{incident}")["version"] == version
    api.done("POST", path, {"version": version}, Role.RESPONDER)


def test_an_incident_is_acknowledged_taken_over_and_handed_back(api: Api) -> None:
    incident, draft = drafted(api)
    path = f"/incidents/{incident}"
    api.done("POST", f"{path}/updates/{draft}/publish")
    api.done("POST", f"{path}/acknowledge", role=Role.RESPONDER)
    taken = api.done("POST", f"{path}/updates", {"body": "We are at it."}, Role.PUBLISHER)
    assert taken["touched_by"] == "token:the publisher"
    assert api.done("POST", f"{path}/hand-back", role=Role.PUBLISHER)["touched_by"] is None
    events = api.store.newest_events(20, subject=incident)
    assert "incident.acknowledged" in [entry.event.kind for entry in events]


def test_a_title_is_changed_once_and_tells_nobody(api: Api) -> None:
    opened = api.opened()
    path = f"/incidents/{opened['id']}"
    waiting = api.store.outbox.waiting()
    renamed = api.done("PATCH", path, {"title": "Chat\r\nis down", "version": 1})
    assert (renamed["title"], renamed["version"]) == ("Chat is down", 2)
    assert api.done("PATCH", path, {"title": "Chat is down"})["version"] == 2
    api.refused(409, "PATCH", path, {"title": "x", "version": 1})
    api.refused(422, "PATCH", path, {"title": " \t"})
    assert api.store.outbox.waiting() == waiting


def test_a_postmortem_is_drafted_by_a_responder_and_published_by_a_publisher(api: Api) -> None:
    opened = api.opened()
    path = f"/incidents/{opened['id']}"
    api.refused(422, "PUT", f"{path}/postmortem", {"body": "Too early."})
    api.done("POST", f"{path}/updates", {"body": "Done.", "state": "resolved"})
    draft = api.done("PUT", f"{path}/postmortem", {"body": "What we learned."}, Role.RESPONDER)
    assert (draft["postmortem"]["published_at"], draft["state"]) == (None, "resolved")
    api.refused(403, "PUT", f"{path}/postmortem", {"body": "x", "publish": True}, Role.RESPONDER)
    said = api.done("PUT", f"{path}/postmortem", {"body": "What we learned.", "publish": True})
    assert (said["state"], said["notifies"][0]["event"] if said["notifies"] else None) == (
        "postmortem",
        "incident.postmortem",
    )
    api.refused(403, "PUT", f"{path}/postmortem", {"body": "Other."}, Role.RESPONDER)
    back = f"{path}/postmortem/withdraw"
    api.refused(403, "POST", back, role=Role.RESPONDER)
    assert api.done("POST", back)["postmortem"]["published_at"] is None
    assert "incident.postmortem" not in [each.kind for each in api.store.outbox.waiting()]
    assert api.refused(422, "POST", back)["field"] == "postmortem"


def test_incidents_are_listed_newest_first_page_by_page(both: Api) -> None:
    ids = [both.opened(title=f"No {number}")["id"] for number in range(5)][::-1]
    first = both.get("/incidents?limit=2")
    assert [each["id"] for each in first["incidents"]] == ids[:2]
    second = both.get(f"/incidents?limit=3&before={first['next']}")
    assert [each["id"] for each in second["incidents"]] == ids[2:]
    assert second["next"] is None
    goes_on = both.get("/incidents?state=open&limit=4")
    assert [each["id"] for each in goes_on["incidents"]] == ids[:4]
    rest = both.get(f"/incidents?state=open&before={goes_on['next']}")
    assert [each["id"] for each in rest["incidents"]] == ids[4:]


@pytest.mark.corpus("B1", "B13")
@pytest.mark.parametrize(
    "query",
    ["sort=id;--", "sort=(SELECT 1)", "order=asc", "fields=name,password", "filter[name')--]=x", "state=closed",
     "state=open&state=draft", "limit=0", "limit=101", "limit=1e3", "limit=-1", "limit=", "before=x", "before=1;2",
     "limit=" + "9" * 400, "before=%00", "limit=٣"],
)  # fmt: skip
def test_a_query_that_is_not_known_is_refused_with_what_is(api: Api, query: str) -> None:
    problem = api.refused(400, "GET", f"/incidents?{query}")
    name = query.partition("=")[0]
    if name in ("state", "limit", "before"):
        assert problem["field"] == name
    else:
        assert "state, limit, before" in problem["detail"]


def test_a_component_is_overridden_until_then_and_released(both: Api) -> None:
    wanted = {"status": "degraded", "until": "2026-03-02T14:00:00Z", "reason": "The probe cannot see it."}
    held = both.done("PUT", "/components/voice/override", wanted, Role.RESPONDER)
    assert (held["status"], held["until"], held["by"]) == (
        "degraded_performance", "2026-03-02T14:00:00.000Z", "token:the responder",
    )  # fmt: skip
    assert both.store.state().components["voice"].status is Status.DEGRADED
    assert both.done("DELETE", "/components/voice/override", role=Role.RESPONDER)["component"] == "voice"
    both.refused(404, "DELETE", "/components/voice/override")


@pytest.mark.corpus("E10")
@pytest.mark.parametrize(
    ("change", "field"),
    [({"reason": ""}, "reason"), ({"reason": None}, "reason"), ({"until": "2026-03-02T11:00:00Z"}, "until"),
     ({"until": "2026-06-02T11:00:00Z"}, "until"), ({"status": "unknown"}, "status"), ({"by": "root"}, "by")],
)  # fmt: skip
def test_an_override_says_why_and_until_when(api: Api, change: dict[str, object], field: str) -> None:
    wanted = {"status": "major", "until": "2026-03-02T14:00:00Z", "reason": "x", **change}
    assert api.refused(422, "PUT", "/components/voice/override", wanted)["field"] == field
    assert api.store.state().overrides == {}


def test_the_past_is_reclassified_by_an_admin_alone(both: Api) -> None:
    opened = both.opened()
    both.clock.advance(3600)
    both.done("POST", f"/incidents/{opened['id']}/updates", {"body": "Done.", "state": "resolved"})
    both.clock.advance(3600)
    wanted = {
        "started": "2026-03-02T12:10:00Z",
        "ended": "2026-03-02T12:30:00Z",
        "status": "degraded",
        "reason": "Slow.",
    }
    both.refused(403, "POST", "/components/chat/reclassify", wanted, Role.PUBLISHER)
    done = both.done("POST", "/components/chat/reclassify", wanted)
    assert (done["status"], done["ended"]) == ("degraded_performance", "2026-03-02T12:30:00.000Z")
    kinds = [entry.event.kind for entry in both.store.newest_events(5, subject="chat")]
    assert kinds[0] == "history.reclassified"
    both.refused(422, "POST", "/components/chat/reclassify", {**wanted, "reason": " "})
    both.refused(404, "POST", "/components/chta/reclassify", wanted)


def test_me_names_the_token_and_the_site(api: Api) -> None:
    found = api.get("/me", Role.RESPONDER)
    assert (found["name"], found["role"]) == ("the responder", "responder")
    assert found["site"]["time_zone"] == "America/New_York"
    assert found["now"] == "2026-03-02T12:00:00.000Z"


@pytest.mark.corpus("G7")
def test_no_answer_is_kept_or_readable_by_another_site(api: Api) -> None:
    opened = api.opened()
    for method, path, document in (
        ("GET", "/incidents", None),
        ("GET", f"/incidents/{opened['id']}", None),
        ("GET", "/me", None),
        ("GET", "/incidents/nothing", None),
        ("POST", "/incidents", {}),
        ("POST", "/incidents", CHAT),
    ):
        answer = api.ask(method, path, document, headers={"Origin": "https://evil.example", "Cookie": "statuspage=x"})
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_revoked_token_and_one_that_ran_out_let_nobody_in(api: Api) -> None:
    found = next(token for token in api.store.accounts.tokens() if token.role is Role.VIEWER)
    api.store.accounts.revoke_token(found.id, Actor(COMMAND, "here"), START)
    assert api.ask("GET", "/me", role=Role.VIEWER).status_code == 401
