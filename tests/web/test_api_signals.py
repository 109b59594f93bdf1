"""`/api/v1/signals`: what applications say of their load is kept, or refused by the field's name."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from statuspage.core.role import Role
from statuspage.store import open_store
from tests.databases import START
from tests.routing import CHAT, lay_routes
from tests.web.api import Api
from tests.web.snapshots import make_site

SAID = {"provider": "native", "users": 7, "connects_per_s": 1.5}


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path) -> Iterator[Api]:
    with closing(open_store(sqlite_url)) as store:
        store.upgrade(START)
        found = Api(store, tmp_path)
        lay_routes(store, make_site(), START)
        yield found


def test_what_is_said_is_kept(api: Api) -> None:
    answer = api.ask("POST", "/signals", SAID, Role.RESPONDER)
    assert (answer.status_code, answer.json) == (
        202, {"subject": "native", "at": "2026-03-02T12:00:00.000Z", "used": True},
    )  # fmt: skip
    assert [(each["subject"], each["users"]) for each in api.get("/signals")["signals"]] == [("native", 7)]


def test_a_token_for_signals_says_them_and_moves_nothing(api: Api) -> None:
    assert api.ask("POST", "/signals", SAID, Role.SIGNALS).status_code == 202
    move = {"to": "native", "reason": "I can", "expected_epoch": 17}
    for path in (f"/routes/{CHAT}/move", "/incidents", "/tokens"):
        assert api.ask("POST", path, move, Role.SIGNALS).status_code == 403
    assert api.ask("GET", "/signals", role=Role.SIGNALS).status_code == 403
    assert api.ask("POST", "/signals", SAID, Role.VIEWER).status_code == 403


def test_a_person_has_no_role_of_a_program(api: Api) -> None:
    assert api.done("POST", "/tokens", {"name": "chat", "role": "signals"})["role"] == "signals"
    for path in ("/users", "/users/nobody/role"):
        problem = api.refused(422, "POST", path, {"name": "ana", "role": "signals", "link": True})
        assert "must be one of viewer, responder, publisher, admin" in str(problem)


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("users", "1000000000000000"), ("users", "1" + "0" * 400), ("users", "1e300"), ("users", "-1"),
        ("connects_per_s", "1e15"), ("connects_per_s", "1e300"), ("connects_per_s", "1e400"),
        ("connects_per_s", "1" + "0" * 400),
    ],
)  # fmt: skip
def test_a_number_that_nobody_has_is_refused_by_its_name(api: Api, field: str, number: str) -> None:
    answer = api.ask("POST", "/signals", raw=f'{{"provider": "native", "{field}": {number}}}'.encode())
    assert answer.status_code in (400, 422)
    assert field in answer.text
    assert api.get("/signals")["signals"] == []
