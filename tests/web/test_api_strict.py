"""Whatever a program sends: a 4xx that names what is wrong, never a 500, and nothing half done (corpus H3, V14)."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statuspage.core.role import Role
from statuspage.store import open_store
from tests.databases import START
from tests.web.api import CHAT, WORK, Api

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\x00", "\ud800", "", "-0", "2026-03-02T11:00:00Z", "major", "resolved", "9" * 400])
    | st.sampled_from([2**63, -(2**63), 10**20, 10**400, -0.0])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner), max_leaves=6
)
fields = st.sampled_from(
    ["title", "body", "state", "components", "display_at", "next_by", "tell", "draft", "reset", "version", "starts",
     "ends", "automatic", "status", "until", "reason", "started", "ended", "publish"]
)  # fmt: skip
TARGETS: tuple[tuple[str, str, Mapping[str, object]], ...] = (
    ("POST", "/incidents", CHAT),
    ("PATCH", "/incidents/{incident}", {"title": "x"}),
    ("POST", "/incidents/{incident}/updates", {"body": "x"}),
    ("PATCH", "/incidents/{incident}/updates/{update}", {"body": "x"}),
    ("POST", "/incidents/{incident}/updates/{update}/publish", {}),
    ("POST", "/incidents/{incident}/updates/{update}/dismiss", {}),
    ("POST", "/incidents/{incident}/updates/{update}/hold", {}),
    ("POST", "/incidents/{incident}/updates/{update}/withdraw", {}),
    ("POST", "/incidents/{incident}/acknowledge", {}),
    ("POST", "/incidents/{incident}/hand-back", {}),
    ("PUT", "/incidents/{incident}/postmortem", {"body": "x"}),
    ("POST", "/maintenances", WORK),
    ("PATCH", "/maintenances/{maintenance}", {"title": "x"}),
    ("POST", "/maintenances/{maintenance}/updates", {"body": "x"}),
    ("POST", "/maintenances/{maintenance}/cancel", {}),
    ("PUT", "/components/chat/override", {"status": "major", "until": "2026-03-02T14:00:00Z", "reason": "x"}),
    ("POST", "/components/chat/reclassify",
     {"started": "2026-03-02T11:00:00Z", "ended": "2026-03-02T11:30:00Z", "status": "major", "reason": "x"}),
)  # fmt: skip


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One for all: what a request leaves behind may only make the next one harder."""
    folder = tmp_path_factory.mktemp("api")
    store = open_store(f"sqlite:///{folder / 'statuspage.db'}")
    store.upgrade(START)
    yield Api(store, folder)
    store.close()


@pytest.fixture(scope="module")
def there(api: Api) -> dict[str, str]:
    """Ids that exist."""
    incident = api.opened()
    work = api.done("POST", "/maintenances", WORK)
    return {"incident": incident["id"], "update": incident["updates"][0]["id"], "maintenance": work["id"]}


def check(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        problem = answer.json
        assert problem["status"] == answer.status_code
        if answer.status_code == 422:
            assert problem["field"]
            assert problem["errors"]
    json.dumps(answer.json, allow_nan=False)


@pytest.mark.corpus("H3")
@pytest.mark.parametrize(("method", "path", "good"), TARGETS, ids=lambda value: value if isinstance(value, str) else "")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=st.dictionaries(fields | st.text(max_size=5), values, max_size=3))
def test_no_value_of_any_field_is_an_error_of_ours(
    api: Api, there: dict[str, str], method: str, path: str, good: dict[str, object], change: dict[str, object]
) -> None:
    check(api.ask(method, path.format(**there), {**good, **change}))


@pytest.mark.corpus("V14")
@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (b"[" * 30_000, 400, ""),
        (b'{"version": NaN}', 400, "version"),
        (b'{"version": 1e999}', 400, "version"),
        (b'{"title": "a", "body": "\\ud800"}', 400, "body"),
        (b'{"title": "a\\u0000", "body": "b"}', 400, "title"),
        (b'{"title": "a", "title": "b", "body": "c"}', 400, "title"),
        (b'{"title": "a", "body": 1' + b"0" * 400 + b"}", 400, "body"),
        (b'{"title": "a", "body": {"x": []}}', 422, "body"),
        (b'{"title": "a", "body": -0}', 422, "body"),
        (b"[]", 422, "document"),
        (b"null", 422, "document"),
        (b'"text"', 422, "document"),
        (b"{", 400, ""),
        (b"\xff\xfe", 400, ""),
        (b"{}", 422, "body"),
        (b'{"title": "a", "body": "' + b"x" * 10_001 + b'"}', 422, "body"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused_by_its_field(api: Api, raw: bytes, code: int, field: str) -> None:
    before = len(api.store.incidents(1000))
    answer = api.ask("POST", "/incidents", raw=raw)
    problem: Any = answer.json
    assert (answer.status_code, problem["field"]) == (code, field)
    assert len(api.store.incidents(1000)) == before


@pytest.mark.corpus("H2")
def test_more_than_64_kb_are_too_much(api: Api) -> None:
    answer = api.ask("POST", "/incidents", raw=b'{"body": "' + b"x" * 1_000_000 + b'"}')
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json; charset=utf-8")


@pytest.mark.corpus("G1")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"])
def test_what_is_not_sent_as_json_is_refused(api: Api, kind: str) -> None:
    answer = api.ask("POST", "/incidents", CHAT, content_type=kind)
    assert answer.status_code == 415
    assert api.ask("POST", "/incidents", CHAT, content_type="application/json; charset=utf-8").status_code == 201


def test_a_body_of_unknown_length_is_refused(api: Api) -> None:
    answer = api.ask("POST", "/incidents", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


@pytest.mark.corpus("V14")
@pytest.mark.parametrize(
    "id",
    ["%00", "9" * 20, str(2**63), "%F0%9F%92%A9", "..%2f..", "%ff", "a" * 5000, "';--", "%20", "nothing", "%0d%0aX: y"],
)
def test_an_id_that_is_none_is_not_there(api: Api, there: dict[str, str], id: str) -> None:
    for method, path in (
        ("GET", f"/incidents/{id}"),
        ("GET", f"/maintenances/{id}"),
        ("POST", f"/incidents/{id}/acknowledge"),
        ("POST", f"/incidents/{there['incident']}/updates/{id}/publish"),
        ("DELETE", f"/components/{id}/override"),
    ):
        assert api.ask(method, path).status_code == 404, path


@pytest.mark.parametrize("key", ["", "a" * 201, "\xe4"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    answer = api.ask("POST", "/incidents", CHAT, headers={"Idempotency-Key": key})
    problem: Any = answer.json
    assert (answer.status_code, problem["field"]) == (422, "Idempotency-Key")


def test_a_method_that_an_address_does_not_answer_to_is_refused(api: Api) -> None:
    for method, path in (("DELETE", "/incidents"), ("PUT", "/me"), ("OPTIONS", "/incidents")):
        assert api.ask(method, path).status_code == 405
    assert api.ask("GET", "/nothing").status_code == 404


def test_a_database_that_fails_is_told_as_such(tmp_path: Path) -> None:
    file = tmp_path / "statuspage.db"
    store = open_store(f"sqlite:///{file}")
    store.upgrade(START)
    api = Api(store, tmp_path)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("ALTER TABLE incidents RENAME TO elsewhere")
    answer = api.ask("POST", "/incidents", CHAT, Role.PUBLISHER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.content_type.startswith("application/problem+json")
    store.close()
