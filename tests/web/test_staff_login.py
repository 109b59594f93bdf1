"""Signing in and out over HTTP: cookies, refusals, forged requests, forged addresses, links, and a dead database."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from statuspage.auth import codes, links
from statuspage.auth.first import first_admin_link
from statuspage.core import planning
from statuspage.core.people import IDLE
from statuspage.core.role import Role
from statuspage.core.state import Snapshot
from statuspage.core.throttle import ADDRESS
from statuspage.web.app import create_app
from statuspage.web.bundle import build
from statuspage.web.staff.answers import own_path
from statuspage.web.staff.visitor import client_address
from tests.web.desk import REDIS, Desk, desk
from tests.web.staff import OURS, PASSWORD, ROOT, SITE, Browser, Office, alerts, field
from tests.web.test_app import check_headers, queries

__all__ = ["desk"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A site under https."""
    found = Office(tmp_path)
    yield found
    found.close()


def is_in(browser: Browser) -> bool:
    return browser.get("/staff/me").status_code == 200


def cookie_line(answer: TestResponse) -> str:
    (line,) = answer.headers.getlist("Set-Cookie")
    return line


@pytest.mark.corpus("D18")
def test_two_forms_open_a_session_under_a_new_name_of_256_bits(office: Office) -> None:
    seed = office.add("ana")
    browser = office.browser()
    browser.keep("chosen-by-somebody-else")
    answer = browser.sign_in("ana", seed, onward="/staff/journal?kind=user.")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/journal?kind=user.")
    line = cookie_line(answer)
    assert line.startswith("__Host-statuspage=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(line.split("; "))
    assert "Domain" not in line
    first = browser.secret
    assert first is not None
    assert first != "chosen-by-somebody-else"
    assert len(first) == 43
    assert is_in(browser)
    office.clock.advance(30)
    other = office.browser()
    other.sign_in("ana", seed)
    assert other.secret != first


def test_over_plain_http_on_this_machine_the_cookie_has_a_plain_name(tmp_path: Path) -> None:
    office = Office(tmp_path, "http://127.0.0.1:8000")
    line = cookie_line(office.browser().sign_in("ana", office.add("ana")))
    assert line.startswith("statuspage=")
    assert "Secure" not in line
    assert "HttpOnly" in line
    assert "not https" not in office.browser().get("/staff/login").text
    office.close()


def test_an_address_that_is_not_https_is_told_where_passwords_are_typed(tmp_path: Path) -> None:
    office = Office(tmp_path, "http://status.example.com")
    assert "not https" in office.browser().get("/staff/login").text
    office.close()


@pytest.mark.corpus("D1")
def test_a_copied_cookie_is_worth_nothing_after_signing_out(office: Office) -> None:
    office.add("ana")
    a, b = office.browser("ana"), office.browser("ana")
    copied = a.secret
    assert copied is not None
    answer = a.post("/staff/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/login")
    assert "Max-Age=0" in cookie_line(answer)
    thief = office.browser()
    thief.keep(copied)
    assert not is_in(thief)
    assert is_in(b)


@pytest.mark.corpus("D1")
@pytest.mark.parametrize("end", ["password", "disable", "role", "reset", "admin", "others"])
def test_what_must_end_a_session_ends_it_at_once(office: Office, end: str) -> None:
    office.add("root")
    office.add("ana", Role.PUBLISHER)
    a, b, root = office.browser("ana"), office.browser("ana"), office.browser("root")
    match end:
        case "password":
            assert a.post("/staff/me/password", present=PASSWORD, new="four other words apart").status_code == 303
        case "others":
            assert a.post("/staff/me/sessions/end-others").status_code == 303
        case "disable":
            assert root.post("/staff/people/disable", user="ana").status_code == 303
        case "role":
            assert root.post("/staff/people/role", user="ana", role="viewer").status_code == 303
        case "reset":
            assert root.post("/staff/people/reset", user="ana").status_code == 200
        case "admin":
            assert root.post("/staff/people/end-sessions", user="ana").status_code == 303
    assert not is_in(b)
    assert is_in(a) is (end in ("password", "others"))
    assert is_in(root)


@pytest.mark.corpus("D4")
@pytest.mark.parametrize(
    "cookie", ["", "x", "a" * 43, "é", "x" * 4000, "eyJ1c2VyIjoiYW5hIn0.Zx.abc", "../../etc/passwd"]
)
def test_a_made_up_cookie_is_nobody(office: Office, cookie: str) -> None:
    office.add("ana")
    browser = office.browser()
    answer = browser.open(
        "GET", "/staff/me", headers={"Cookie": f"__Host-statuspage={cookie}".encode().decode("latin-1")}
    )
    assert answer.status_code == 303


@pytest.mark.corpus("D4")
def test_of_two_cookies_none_counts_and_the_plain_name_is_not_looked_at(office: Office) -> None:
    office.add("ana")
    good = office.browser("ana").secret
    browser = office.browser()
    for line in (f"__Host-statuspage={good}; __Host-statuspage=x", f"statuspage={good}"):
        assert browser.open("GET", "/staff/me", headers={"Cookie": line}).status_code == 303
    assert browser.open("GET", "/staff/me", headers={"Cookie": f"__Host-statuspage={good}"}).status_code == 200


@pytest.mark.corpus("D18")
def test_a_session_that_is_not_used_ends_and_use_is_seen(office: Office) -> None:
    office.add("ana")
    browser = office.browser("ana")
    for _ in range(3):
        office.clock.advance(IDLE.total_seconds() - 60)
        assert is_in(browser)
    office.clock.advance(IDLE.total_seconds())
    assert not is_in(browser)


@pytest.mark.corpus("D17")
def test_a_known_and_an_unknown_name_get_the_same_answer(office: Office) -> None:
    office.add("root")
    office.add("ana")
    office.add("gone")
    office.store.accounts.disable("gone", ROOT, office.clock.now())

    def answer(name: str, password: str) -> tuple[int, str, dict[str, str]]:
        found = office.browser().post("/staff/login", name=name, password=password, next="")
        return (
            found.status_code,
            found.text.replace(f'value="{name}"', ""),
            dict(found.headers) | {"Content-Length": ""},
        )

    wrong = answer("ana", "not the password")
    assert wrong[0] == 403
    assert answer("nobody", "not the password") == wrong
    assert answer("gone", PASSWORD) == wrong


@pytest.mark.corpus("D9", "D11")
def test_a_forged_forwarded_address_neither_escapes_the_limit_nor_blames_another(office: Office) -> None:
    seed = office.add("ana")
    browser = office.browser()
    codes_seen = []
    for n in range(ADDRESS.free + 5):
        answer = browser.open("POST", "/staff/login", data={"name": "ana", "password": "wrong " * 3},
                              headers={**OURS, "X-Forwarded-For": f"198.51.100.{n}"})  # fmt: skip
        codes_seen.append(answer.status_code)
    assert codes_seen == [403] * (ADDRESS.free + 1) + [429] * 4
    assert int(answer.headers["Retry-After"]) >= 1
    assert "wait" in alerts(answer)
    other = office.browser()
    half = other.client.post("/staff/login", base_url=SITE, environ_base={"REMOTE_ADDR": "203.0.113.5"}, headers=OURS,
                             data={"name": "ana", "password": PASSWORD})  # fmt: skip
    assert half.status_code == 200
    assert seed
    addresses = {entry.event.data["address"] for entry in office.store.newest_events(50, kind="login.refused")}
    assert addresses == {"192.0.2.1"}


@pytest.mark.corpus("D11")
@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        ([], 0, "192.0.2.1"),
        ([], 1, "192.0.2.1"),
        (["10.0.0.1"], 0, "192.0.2.1"),
        (["10.0.0.1"], 1, "10.0.0.1"),
        (["6.6.6.6, 10.0.0.1"], 1, "10.0.0.1"),
        (["6.6.6.6", "10.0.0.1"], 1, "10.0.0.1"),
        (["6.6.6.6, 10.0.0.2, 10.0.0.1"], 2, "10.0.0.2"),
        (["6.6.6.6, [2001:db8::1]:4711"], 1, "2001:db8::1"),
        (["6.6.6.6, 10.0.0.1:4711"], 1, "10.0.0.1"),
        (["fe80::1%eth0"], 1, "fe80::1"),
    ],
)
def test_the_address_is_the_one_that_our_own_proxy_saw(forwarded: list[str], hops: int, address: str) -> None:
    assert client_address("192.0.2.1", forwarded, hops) == address


@pytest.mark.corpus("D11")
@pytest.mark.parametrize("forwarded", ["unknown", "6.6.6.6, evil", "", "1.2.3.4, ", "256.1.1.1", "a" * 5000])
def test_an_entry_that_cannot_be_read_is_denied(tmp_path: Path, forwarded: str) -> None:
    office = Office(tmp_path, hops=1)
    answer = office.browser().open("POST", "/staff/login", data={"name": "ana", "password": "x" * 12},
                                   headers={**OURS, "X-Forwarded-For": forwarded})  # fmt: skip
    assert answer.status_code == 400
    office.close()


FOREIGN: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": SITE},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://status.example.com"},
    {"Origin": f"{SITE}.evil.example"},
    {"Origin": f"{SITE}:8443"},
]


@pytest.mark.corpus("G1")
@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/staff/login", "/staff/code", "/staff/people/disable", "/staff/logout"])
def test_a_page_elsewhere_can_have_nothing_done(office: Office, path: str, headers: dict[str, str]) -> None:
    office.add("root")
    office.add("ana")
    browser = office.browser("root")
    before = office.store.head()
    data = {"user": "ana", "mark": browser.mark, "name": "ana", "password": PASSWORD}
    answer = browser.open("POST", path, data=data, headers=headers)
    assert answer.status_code == 403
    assert office.store.head() == before
    assert "Set-Cookie" not in answer.headers


@pytest.mark.corpus("G1")
@pytest.mark.parametrize("headers", [{"Origin": SITE}, {"Sec-Fetch-Site": "none"}, OURS])
def test_our_own_pages_can(office: Office, headers: dict[str, str]) -> None:
    office.add("ana")
    browser = office.browser("ana")
    assert browser.open("POST", "/staff/logout", data={"mark": browser.mark}, headers=headers).status_code == 303


@pytest.mark.corpus("G1")
def test_a_form_without_its_mark_or_with_another_sessions_mark_is_refused(office: Office) -> None:
    office.add("ana")
    a, b = office.browser("ana"), office.browser("ana")
    for fields in ({}, {"mark": ""}, {"mark": b.mark}, {"mark": [a.mark, a.mark]}, {"mark": "é.é"}):
        answer = a.open("POST", "/staff/logout", data=fields, headers=OURS)
        assert answer.status_code == 403
    assert a.open("POST", f"/staff/logout?mark={a.mark}", headers=OURS).status_code == 403
    assert is_in(a)
    assert a.open("POST", "/staff/logout", headers={**OURS, "X-Form-Mark": a.mark}).status_code == 303


@pytest.mark.corpus("G1")
@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/octet-stream", ""])
def test_a_body_that_no_form_of_ours_sends_is_refused(office: Office, kind: str) -> None:
    office.add("ana")
    browser = office.browser("ana")
    answer = browser.open("POST", "/staff/logout", data=b'{"a": 1}', content_type=kind,
                          headers={**OURS, "X-Form-Mark": browser.mark})  # fmt: skip
    assert answer.status_code == 403
    assert is_in(browser)


def real_path(rule: str, desk: Desk, secret: str) -> str:
    """The rule with ids of what is there."""
    work, past = desk.work, desk.office.store.accounts
    static = re.search(r"/static/([^\"]+)", desk.office.browser().get("/staff/login").text)
    assert static is not None
    ids = {
        "incidents": work.open,
        "maintenances": work.planned,
        "components": REDIS,
        "messages": work.dead,
        "routes": "nothing",
    }
    id = next((found for name, found in ids.items() if f"/{name}/<id>" in rule), past.tokens()[0].id)
    update = desk.incident(work.open).updates[0].id
    known = {"token": secret, "id": id, "update": update, "incident": work.open, "event": "nothing", "act": "ack"}
    known["name"] = static[1] if rule.startswith("/static/") else "viewer"
    return re.sub(r"<(\w+)>", lambda found: known[found[1]], rule)


@pytest.mark.corpus("G1", "G3")
def test_reading_writes_nothing_not_even_a_link_is_used_up_by_it(desk: Desk, tmp_path: Path) -> None:
    office, now = desk.office, desk.now
    secret, invitation = links.invitation(Role.VIEWER, "admin", now)
    office.store.accounts.invite(invitation, ROOT)
    browser, headers = desk.browser(Role.ADMIN), {"Authorization": f"Bearer {office.token(Role.ADMIN)}"}
    office.shown.swap(build(tmp_path / "real", snapshot_of(desk), now))
    paths = {rule.rule: real_path(rule.rule, desk, secret) for rule in office.app.url_map.iter_rules()}
    readable = {rule.rule for rule in office.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    before = office.store.head()
    office.clock.advance(90)  # so that it is noted when they were last seen
    with queries() as asked:
        for rule, path in paths.items():
            for method in ("GET", "HEAD"):
                answer = browser.open(method, path, headers=headers if rule.startswith(("/api/", "/metrics")) else {})
                office.browser().open(method, path)
                if rule in readable and rule != "/staff/setup/<token>":  # there are users already
                    lost = "/routes/<id>" in rule or "<event>" in rule  # this site has neither
                    assert answer.status_code in ((404,) if lost else (200, 302, 303)), (method, path)
    written = {" ".join(each.split()[:4]) for each in asked if not each.startswith(("SELECT", "PRAGMA", "BEGIN"))}
    assert written == {"UPDATE sessions SET seen_at=?", "UPDATE tokens SET used_at=?"}
    assert office.store.head() == before
    assert office.store.accounts.invitation(invitation.hash, office.clock.now()) is not None


def snapshot_of(desk: Desk) -> Snapshot:
    found = desk.store.snapshot(desk.now)
    assert found is not None
    return found


@pytest.mark.corpus("E5")
def test_a_draft_and_what_was_taken_back_are_the_same_404_as_what_never_was(desk: Desk, tmp_path: Path) -> None:
    now, browser = desk.now, desk.office.browser()
    gone = desk.maintenance(desk.work.planned).updates[0].id
    desk.store.act(
        lambda state: planning.withdraw_update(state, desk.work.planned, gone, "cleo", now), now, (desk.work.planned,)
    )
    desk.office.shown.swap(build(tmp_path / "real", snapshot_of(desk), now))
    for rule in ("/incidents/{}", "/i/{}", "/api/v2/incidents/{}.json"):
        assert browser.get(rule.format(desk.work.open)).status_code in (200, 302)
        unknown = browser.get(rule.format("bcdfghjklmnp"))
        for id in (desk.work.draft, desk.work.waiting, desk.work.planned):
            answer = browser.get(rule.format(id))
            assert (answer.status_code, answer.data) == (404, unknown.data)
            assert sorted(answer.headers) == sorted(unknown.headers)


@pytest.mark.corpus("D5", "D6")
def test_a_view_that_does_not_say_whom_it_is_for_keeps_the_application_from_starting(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start() -> Flask:
        return create_app(office.shown, tmp_path, office.clock, office.staff)

    views = office.app.view_functions
    guards = {name: getattr(views[name], "guarded_for", None) for name in ("staff-tokens.tokens", "staff-login.ask")}
    assert guards == {"staff-tokens.tokens": Role.ADMIN, "staff-login.ask": "all"}
    for name, path in (("staff-tokens.tokens", "/staff/tokens"), ("staff-login.ask", "/staff/login")):
        with monkeypatch.context() as without:
            without.delattr(views[name], "guarded_for")
            with pytest.raises(RuntimeError, match=f"{path} has no guard"):
                start()
        assert path in {rule.rule for rule in start().url_map.iter_rules()}


@pytest.mark.corpus("G5")
@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto", "X-Original-Host"])
def test_links_and_redirects_come_from_the_sites_own_address(office: Office, name: str) -> None:
    office.add("root")
    browser = office.browser("root")
    for method, path, fields in (
        ("GET", "/staff", {}),
        ("GET", "/staff/people", {}),
        ("POST", "/staff/people/invite", {"role": "viewer"}),
        ("POST", "/staff/people/reset", {"user": "root"}),
    ):
        data = {**fields, "mark": browser.mark} if method == "POST" else {}
        cookie = f"{browser.name}={browser.secret}"
        answer = browser.open(method, path, data=data, headers={**OURS, "Cookie": cookie, name: "evil.example"})
        assert "evil.example" not in answer.text + str(answer.headers)
        if method == "POST":
            assert f"<code>{SITE}/staff/invite/" in answer.text


@pytest.mark.corpus("G6", "G7")
def test_every_answer_forbids_frames_caches_and_other_origins(office: Office) -> None:
    office.add("ana")
    browser = office.browser("ana")
    for path in (
        "/staff",
        "/staff/login",
        "/staff/me",
        "/staff/people",
        "/staff/journal",
        "/staff/nope",
        "/staff/setup/x",
    ):
        answer = browser.get(path, Origin="https://evil.example")
        check_headers(answer, https=True, what=path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_no_staff_page_holds_an_inline_script_or_style(office: Office) -> None:
    office.add("ana")
    browser = office.browser("ana")
    link = first_admin_link(office.store.accounts, SITE, office.clock.now())
    assert link is None
    pages = [browser.get(path) for path in ("/staff/me", "/staff/people", "/staff/tokens", "/staff/journal")]
    pages.append(browser.post("/staff/people/invite", role="viewer"))
    secret = pages[-1].text.split("/staff/invite/")[1].split("<")[0]
    pages += [office.browser().get("/staff/login"), office.browser().get(f"/staff/invite/{secret}")]
    pages.append(office.browser().post("/staff/login", name="ana", password=PASSWORD))
    for page in pages:
        assert page.status_code == 200
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.text)
        assert not re.search(r'(?:src|action)="(?:https?:)?//', page.text)


@pytest.mark.corpus("G9")
@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "///evil.example", "https://evil.example", "/staff\n/x", "/staff/é", "staff",
     "/staff\r\nSet-Cookie: a=b", "/staff/x\rX: y",
     "/", "/api/v1/x", "/staffx", "/staff/login", "/staff/login?next=/staff", "javascript:alert(1)", ""],
)  # fmt: skip
def test_one_goes_on_to_staff_pages_only(office: Office, path: str) -> None:
    assert own_path(path) == "/staff"
    seed = office.add("ana")
    if "\n" in path or "\r" in path:
        half = office.browser().post("/staff/login", name="ana", password=PASSWORD, next=path)
        assert (half.status_code, half.headers.getlist("Set-Cookie")) == (400, [])
    else:
        assert office.browser().sign_in("ana", seed, onward=path).headers["Location"] == "/staff"


def test_whoever_is_not_signed_in_comes_back_to_where_they_wanted_to_go(office: Office) -> None:
    seed = office.add("ana")
    answer = office.browser().get("/staff/journal?kind=user.&subject=ana")
    assert answer.headers["Location"] == "/staff/login?next=/staff/journal%3Fkind%3Duser.%26subject%3Dana"
    browser = office.browser()
    login = browser.get(answer.headers["Location"])
    assert (
        browser.sign_in("ana", seed, onward=field(login, "next")).headers["Location"]
        == "/staff/journal?kind=user.&subject=ana"
    )
    assert browser.get("/staff/login").status_code == 303


@pytest.mark.corpus("B7")
def test_the_setup_link_makes_one_admin_and_is_gone_then(office: Office) -> None:
    link = first_admin_link(office.store.accounts, SITE, office.clock.now())
    assert link is not None
    path = link.removeprefix(SITE)
    browser = office.browser()
    page = browser.get(path)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    seed = re.search(r'class="seed">([A-Z2-7 ]+)<', page.text)
    assert seed is not None
    code = codes.code_at(seed[1].replace(" ", ""), office.clock.now())
    given = {"name": "Ana", "password": PASSWORD, "code": code, "carried": field(page, "carried")}
    assert browser.post(path, **{**given, "code": "12"}).status_code == 422
    assert browser.post(path, **given).headers["Location"] == "/staff"
    assert is_in(browser)
    assert browser.get("/staff/people").status_code == 200
    for method in ("GET", "POST"):
        assert (
            office.browser().open(method, path, data=given if method == "POST" else None, headers=OURS).status_code
            == 404
        )
    assert office.browser().get("/staff/setup/made-up").status_code == 404


def test_a_wrong_code_asks_again_and_a_late_one_begins_again(office: Office) -> None:
    seed = office.add("ana")
    browser = office.browser()
    half = browser.post("/staff/login", name="ana", password=PASSWORD)
    wrong = browser.post("/staff/code", carried=field(half, "carried"), code="000000")
    assert wrong.status_code == 403
    assert "not right" in alerts(wrong)
    assert field(wrong, "carried") == field(half, "carried")
    office.clock.advance(400)
    late = browser.post("/staff/code", carried=field(half, "carried"), code=codes.code_at(seed, office.clock.now()))
    assert (late.status_code, "too long" in alerts(late)) == (403, True)


@pytest.mark.corpus("B7")
@pytest.mark.parametrize("path", ["/staff", "/staff/login", "/staff/setup/x", "/staff/people", "/staff/journal"])
def test_without_a_database_staff_pages_say_so_and_the_public_page_is_there(tmp_path: Path, path: str) -> None:
    office = Office(tmp_path)
    office.add("ana")
    browser = office.browser("ana")
    (tmp_path / "statuspage.db").rename(tmp_path / "moved")
    answer = browser.get(path)
    if path != "/staff/login":
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "database" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    posted = office.browser().post("/staff/login", name="ana", password=PASSWORD)
    assert posted.status_code == 503
    assert office.browser().get("/").status_code == 200
    assert not (tmp_path / "statuspage.db").exists()
    office.close()
