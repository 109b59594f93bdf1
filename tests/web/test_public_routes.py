"""Every path of the bundle × method × kind of caller, asked of a served site: the table is public.toml."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.auth import links
from statuspage.core.people import Session, User
from statuspage.core.role import Role
from statuspage.core.state import Decision
from statuspage.core.status import Status
from statuspage.web.assets import load_assets
from tests.web.desk import lay_out, publish_site
from tests.web.processes import Web, free_port, running
from tests.web.served import eventually, seeded_store
from tests.web.snapshots import Told, make_incident
from tests.web.staff import KEPT, ROOT
from tests.web.test_routes import CALLERS, METHODS
from tests.web.test_staff_served import URL, WITH_STAFF

FILE = Path(__file__).with_name("public.toml")
TABLE: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
ID, NOBODY = re.compile(r"(?<=[/=])[0-9a-z]{12}(?=$|[.&])"), "zzzzzzzzzzzz"


@dataclass(frozen=True)
class Place:
    """A served site, the paths of its bundle by their rule, and a cookie for each kind of caller."""

    web: Web
    paths: dict[str, str]
    cookies: dict[str, str]

    def status(self, path: str, method: str, caller: str) -> int:
        """The status that this caller gets."""
        cookie = self.cookies[caller]
        return self.web.get(path, method, {"Cookie": cookie} if cookie else {})[0].status


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site with everything that makes a path: incidents, planned work, and a history of several pages."""
    folder, port, now = tmp_path_factory.mktemp("public"), free_port(), datetime.now(UTC)
    here = f"http://127.0.0.1:{port}"
    address, store = seeded_store(folder, url=here)
    publish_site(store, here, now)
    lay_out(store, now)
    told: Told = (now - timedelta(days=500), "resolved", "x", {"login": (Status.OPERATIONAL, Status.DEGRADED)})
    old = replace(make_incident("Old", [told]), number=0, version=0)
    store.transact(lambda _: Decision(incidents=(old,)), now)
    cookies = {"anonymous": ""}
    for role in Role:
        user, (secret, id) = User(role.value, role, now, KEPT), links.fresh()
        store.accounts.add_user(user, ROOT)
        store.accounts.sign_in(user, 1, Session(id, role.value, now, now, "192.0.2.1", "a test"))
        cookies[role.value] = f"statuspage={secret}"
    public = folder / "public"
    with running(public, address, port=port, program=WITH_STAFF.replace(URL, here)) as web:
        eventually(lambda: web.says("Video starts slowly"))
        manifest: dict[str, Any] = json.loads((public / "current" / "manifest.json").read_bytes())
        paths = {rule_of(path): path for path in [*manifest["files"], *load_assets().files]}
        yield Place(web, paths, cookies)
    store.close()


def rule_of(path: str) -> str:
    """The path with its ids taken out."""
    if path.startswith("/static/"):
        return "/static/<name>"
    return re.sub(r"page=[0-9]+", "page=<n>", ID.sub("<id>", path))


def expected(rule: str, method: str) -> list[int]:
    row = TABLE[rule].get("GET" if method == "HEAD" else method)
    return [int(code) for code in row.split()] if row is not None else [405] * len(CALLERS)


@pytest.mark.corpus("D6", "E4")
def test_the_table_has_a_row_for_every_path_of_the_bundle_and_none_for_others(place: Place) -> None:
    missing = sorted(set(place.paths) - set(TABLE))
    assert not missing, f"paths without a table in {FILE.name}"
    assert set(TABLE) - set(place.paths) == set(), f"take these out of {FILE.name}"
    assert all(len(row.split()) == len(CALLERS) for methods in TABLE.values() for row in methods.values())


@pytest.mark.corpus("D6", "E4")
@pytest.mark.parametrize("rule", TABLE)
def test_everybody_gets_what_the_table_says(place: Place, rule: str) -> None:
    for method in METHODS:
        found = [place.status(place.paths[rule], method, caller) for caller in CALLERS]
        assert found == expected(rule, method), f"{method} {rule} for {', '.join(CALLERS)}"


@pytest.mark.parametrize("rule", [each for each in TABLE if "<id>" in each])
def test_an_id_that_nothing_has_is_not_there(place: Place, rule: str) -> None:
    path = ID.sub(NOBODY, place.paths[rule])
    assert path != place.paths[rule]
    assert [place.status(path, "GET", caller) for caller in CALLERS] == [404] * len(CALLERS)
