"""Every route × method × kind of caller, asked for real and compared with the one table, routes.toml."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from statuspage.core.role import PEOPLE, Role
from statuspage.web import beacon, ofrep
from tests.web.staff import OURS, Office

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
CALLERS = ("anonymous", *PEOPLE)
FILE = Path(__file__).with_name("routes.toml")
TABLE: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
ROUTES: dict[str, dict[str, str]] = {rule: row for rule, row in TABLE.items() if rule.startswith("/")}
PARAMS: dict[str, str] = TABLE["params"]
PROGRAMS = ("/api/v1/", "/v1/", "/metrics")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A site with one user of each role, named after it."""
    found = Office(tmp_path_factory.mktemp("routes"))
    for role in PEOPLE:
        found.add(role.value, role)
    yield found
    found.close()


def path_of(rule: str) -> str:
    """The rule with its parameters filled in."""

    def fill(found: re.Match[str]) -> str:
        name = found[1].rpartition(":")[2]
        assert name in PARAMS, f"[params] of {FILE.name} has no {name}"
        return PARAMS[name]

    return re.sub(r"<([^>]+)>", fill, rule)


def status(response: TestResponse) -> int:
    """Its status; a stream gives its place back."""
    response.close()
    return response.status_code


def answer(office: Office, rule: str, method: str, caller: str) -> int:
    """The status that this caller gets, each time as a fresh caller: signing out must not spoil the next row."""
    path = path_of(rule)
    if rule.startswith(PROGRAMS):
        headers = {} if caller == "anonymous" else {"Authorization": f"Bearer {office.token(Role(caller))}"}
        return status(office.browser().open(method, path, headers=headers))
    browser = office.browser(None if caller == "anonymous" else caller)
    more: dict[str, Any] = {}
    if method not in ("GET", "HEAD", "OPTIONS", "TRACE"):
        more["data"] = {"mark": browser.mark} if browser.secret is not None else {}
    return status(browser.open(method, path, headers=OURS, **more))


def expected(rule: str, method: str) -> list[int]:
    """The five statuses of the table; 405 for what is not in it."""
    row = ROUTES[rule].get("GET" if method == "HEAD" else method)
    return [int(code) for code in row.split()] if row is not None else [405] * len(CALLERS)


def proposed(office: Office, rule: str) -> str:
    """A table for a new route, as it answers now: to be read with care before it is pasted."""
    allowed = {method for each in office.app.url_map.iter_rules() if each.rule == rule for method in each.methods or ()}
    rows = [
        f'{method} = "{" ".join(str(answer(office, rule, method, caller)) for caller in CALLERS)}"'
        for method in METHODS
        if method in allowed - {"HEAD"}
    ]
    return "\n".join(["", f'["{rule}"]', *rows])


@pytest.mark.corpus("D6", "D7", "E4")
@pytest.mark.parametrize("rule", ROUTES)
def test_every_caller_gets_what_the_table_says(office: Office, rule: str) -> None:
    for method in METHODS:
        found = [answer(office, rule, method, caller) for caller in CALLERS]
        assert found == expected(rule, method), f"{method} {rule} for {', '.join(CALLERS)}"


@pytest.mark.corpus("E4")
def test_a_token_for_signals_says_signals_and_nothing_else(office: Office) -> None:
    for rule in ROUTES:
        for method in METHODS if rule.startswith(PROGRAMS) else ():
            for_anybody, _, for_responders, *_ = expected(rule, method)
            may = (method, rule) == ("POST", "/api/v1/signals")
            wanted = for_responders if may else 403 if for_anybody == 401 else for_anybody
            assert answer(office, rule, method, Role.SIGNALS) == wanted, f"{method} {rule}"


@pytest.mark.corpus("D6", "E4")
def test_the_table_has_a_row_for_every_route_and_none_for_others(office: Office) -> None:
    rules = {rule.rule for rule in office.app.url_map.iter_rules()} | set(ofrep.ROUTES) | set(beacon.ROUTES)
    missing = sorted(rules - set(ROUTES))
    assert not missing, f"routes without a table in {FILE.name}:\n" + "\n".join(
        proposed(office, each) for each in missing
    )
    assert set(ROUTES) - rules == set(), f"take these out of {FILE.name}"
    assert len(ROUTES) == TABLE["routes"], f"set routes = {len(ROUTES)} in {FILE.name}"
    assert all(len(row.split()) == len(CALLERS) for methods in ROUTES.values() for row in methods.values())


@pytest.mark.corpus("D7")
@pytest.mark.parametrize("caller", ["empty", "garbage", "ended", "disabled"])
def test_whoever_only_looks_signed_in_is_anonymous(office: Office, caller: str) -> None:
    browser = office.browser("viewer")
    good = browser.secret or ""
    if caller == "ended":
        browser.post("/staff/logout")
    if caller == "disabled":
        name = f"gone{len(office.store.accounts.users())}"
        office.add(name, Role.ADMIN)
        browser = office.browser(name)
        good = browser.secret or ""
        from tests.web.staff import ROOT

        office.store.accounts.disable(name, ROOT, office.clock.now())
    secret = {"empty": "", "garbage": "a" * 43}.get(caller, good)
    headers = {**OURS, "Cookie": f"__Host-statuspage={secret}", "Authorization": f"Bearer {secret}"}
    asked = 0
    for rule, methods in ROUTES.items():
        for method in methods:
            found = status(office.browser().open(method, path_of(rule), headers=headers))
            assert found == expected(rule, method)[0], f"{method} {rule}"
            asked += 1
    assert asked >= TABLE["routes"]
