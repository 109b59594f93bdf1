"""`/api/v1/users` and `/api/v1/tokens`: for admins, with every secret in one answer and in no other place."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from statuspage.auth.keys import Keys
from statuspage.auth.links import digest, new_token
from statuspage.auth.passwords import matches
from statuspage.auth.people import Asker, People
from statuspage.core.people import COMMAND, Actor, User
from statuspage.core.refusals import Refused
from statuspage.core.role import Role
from statuspage.store import Store
from tests.databases import START
from tests.web.api import SITE, Api
from tests.web.staff import SECRET

PASSWORD = "violet tractor sings under moss"
ANA = {"name": "Ana", "role": "admin", "password": PASSWORD}
ROOT = Actor(COMMAND, "here")


@pytest.fixture
def api(store: Store, tmp_path: Path) -> Api:
    return Api(store, tmp_path)


def said(api: Api) -> str:
    """All that the journal holds."""
    return json.dumps([[each.event.kind, each.event.subject, dict(each.event.data)] for each in api.store.journal()])


def test_a_user_is_made_with_a_seed_that_is_shown_once(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = api.ask("POST", "/users", ANA)
    made = answer.json
    assert made is not None
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert (made["name"], made["role"], made.keys()) == ("ana", "admin", {"name", "role", "seed", "uri"})
    kept = api.store.accounts.user("ana")
    assert kept is not None
    assert matches(kept.password, PASSWORD)
    listed = api.ask("GET", "/users")
    assert listed.headers["Cache-Control"] == "no-store"
    text = listed.text + said(api) + caplog.text
    assert not [each for each in (PASSWORD, made["seed"], "argon2") if each in text]
    assert "token the admin (" in said(api)


def test_a_user_without_codes_and_one_with_a_link(api: Api) -> None:
    assert api.done("POST", "/users", {**ANA, "codes": False}) == {"name": "ana", "role": "admin"}
    made = api.done("POST", "/users", {"name": "ben", "role": "viewer", "link": True})
    assert made["link"].startswith(f"{SITE}/staff/invite/")
    secret = made["link"].rpartition("/")[2]
    assert api.store.accounts.invitation(digest(secret), START) is not None
    assert secret not in said(api)
    (_, ben) = api.get("/users", Role.ADMIN)["users"]
    assert (ben["name"], ben["state"], ben["last_login_at"]) == ("ben", "waiting", None)


def test_roles_change_and_users_are_disabled_enabled_and_reset(api: Api) -> None:
    api.done("POST", "/users", ANA)
    api.done("POST", "/users", {**ANA, "name": "a.b+c@x.org", "role": "viewer"})
    path = "/users/a.b%2Bc%40x.org"
    assert api.done("POST", f"{path}/role", {"role": "publisher"})["role"] == "publisher"
    assert api.done("POST", f"{path}/disable")["state"] == "disabled"
    assert api.done("POST", f"{path}/enable", {})["state"] == "active"
    reset = api.done("POST", f"{path}/reset")
    assert reset.keys() == {"name", "link", "until"}
    assert api.get("/users", Role.ADMIN)["users"][0]["state"] == "waiting"
    for act, document in (("disable", None), ("role", {"role": "viewer"})):
        problem = api.refused(422, "POST", f"/users/ana/{act}", document)
        assert problem["detail"] == "user: is the last active admin."


@pytest.mark.parametrize(
    ("path", "document", "field"),
    [
        ("/users", {}, "name"),
        ("/users", [], "document"),
        ("/users", {**ANA, "name": "a b"}, "name"),
        ("/users", {**ANA, "name": "there"}, "name"),
        ("/users", {**ANA, "role": "king"}, "role"),
        ("/users", {**ANA, "password": "short"}, "password"),
        ("/users", {**ANA, "password": None}, "password"),
        ("/users", {**ANA, "password": "x" * 2000}, "password"),
        ("/users", {**ANA, "link": True}, "link"),
        ("/users", {**ANA, "codes": "no"}, "codes"),
        ("/users", {**ANA, "seed": "x"}, "seed"),
        ("/users", {"name": "ana", "role": "admin"}, "password"),
        ("/users/there/role", {"role": 4}, "role"),
        ("/users/there/disable", {"now": True}, "now"),
        ("/tokens", {"name": " ", "role": "viewer"}, "name"),
        ("/tokens", {"name": "x" * 81, "role": "viewer"}, "name"),
        ("/tokens", {"name": "ci", "role": "viewer", "days": 0}, "days"),
        ("/tokens", {"name": "ci", "role": "viewer", "days": 10**12}, "days"),
        ("/tokens", {"name": "ci", "role": "root"}, "role"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(api: Api, path: str, document: object, field: str) -> None:
    api.done("POST", "/users", {**ANA, "name": "there"})
    problem = api.refused(422, "POST", path, document)
    assert problem["field"] == field
    assert PASSWORD not in json.dumps(problem)
    assert len(api.store.accounts.users()) == 1
    assert len(api.store.accounts.tokens()) == len(Role)


@pytest.mark.parametrize("id", ["%00", "nothing", "a" * 5000, "%F0%9F%92%A9", "%20", "..%2f..", "%0d%0aX"])
def test_what_is_not_there_is_not_there(api: Api, id: str) -> None:
    for path, document in ((f"/users/{id}/disable", None), (f"/users/{id}/role", {"role": "viewer"}),
                           (f"/users/{id}/reset", None), (f"/tokens/{id}/revoke", None)):  # fmt: skip
        assert api.ask("POST", path, document).status_code == 404, path


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.PUBLISHER])
def test_only_admins_may_look_or_act(api: Api, role: Role) -> None:
    assert api.ask("GET", "/users", role=role).status_code == 403
    assert api.ask("GET", "/tokens", role=role).status_code == 403
    api.refused(403, "POST", "/users", ANA, role)
    api.refused(403, "POST", "/tokens", {"name": "up", "role": "viewer"}, role)
    assert api.store.accounts.users() == ()


def test_a_token_is_shown_once_works_and_is_revoked(api: Api) -> None:
    made = api.done("POST", "/tokens", {"name": "ci", "role": "viewer", "days": 30})
    assert made["expires_at"] == "2026-04-01T12:00:00.000Z"
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert api.ask("GET", "/me", role=None, headers=headers).status_code == 200
    listed = api.get("/tokens", Role.ADMIN)
    assert made["token"] not in json.dumps(listed) + said(api)
    assert api.done("POST", f"/tokens/{made['id']}/revoke")["state"] == "revoked"
    assert api.ask("GET", "/me", role=None, headers=headers).status_code == 401
    assert api.ask("POST", f"/tokens/{made['id']}/revoke").status_code == 404


def test_a_token_that_a_token_makes_ends_with_its_maker_and_no_later_than_it(api: Api) -> None:
    accounts = api.store.accounts
    accounts.add_user(User("root", Role.ADMIN, START), ROOT)
    accounts.add_user(User("ana", Role.ADMIN, START), ROOT)
    secret, hash, token = new_token("hers", Role.ADMIN, "ana", START, START + timedelta(days=10))
    accounts.add_token(token, hash, ROOT)
    api.tokens[Role.ADMIN] = secret
    for days in ({}, {"days": 11}):
        problem = api.refused(422, "POST", "/tokens", {"name": "more", "role": "admin", **days})
        assert problem["field"] == "days"
    made = api.done("POST", "/tokens", {"name": "less", "role": "admin", "days": 9})
    assert accounts.token(digest(made["token"]), START) is not None
    assert f"token hers ({token.id})" in said(api)
    accounts.disable("ana", ROOT, START)
    assert accounts.token(digest(made["token"]), START) is None


def test_nobody_makes_anything_stronger_than_themselves(api: Api, store: Store) -> None:
    store.accounts.add_user(User("ana", Role.VIEWER, START), ROOT)
    held = Asker(Actor("somebody", "here"), Role.PUBLISHER, "somebody")

    people = People(store.accounts, Keys(SECRET), api.clock, "InEvent", lambda path: path)
    with pytest.raises(Refused, match="must not be more than your own, publisher"):
        people.add_user({"name": "ben", "role": "admin", "link": True}, held)
    with pytest.raises(Refused, match="must not be more"):
        people.set_role("ana", {"role": "admin"}, held)
    with pytest.raises(Refused, match="must not be more"):
        people.add_token({"name": "up", "role": "admin"}, held)
    assert people.set_role("ana", {"role": "admin"}, replace(held, role=Role.ADMIN))["role"] == "admin"
