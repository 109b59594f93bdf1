"""Every route by every method: headers, errors, health, odd requests, and no query to any database."""

import json
import random
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.datastructures import Headers
from werkzeug.test import Client, TestResponse

from statuspage.core.state import Decision
from statuspage.core.status import Status
from statuspage.web.app import create_app
from statuspage.web.bundle import build
from statuspage.web.headers import STATUS_LINK
from statuspage.web.middleware import serve_first
from statuspage.web.render import render
from statuspage.web.shown import Shown
from statuspage.web.wsgi import WebConfig, assemble
from tests.web.processes import PROGRAM, running
from tests.web.served import SetClock, client, eventually, move, seeded_store
from tests.web.snapshots import NOW, OUTAGE, make_site, make_snapshot, open_incident, told_snapshot

COUNTED = PROGRAM.replace(
    "\npublic, store",
    '\nimport statuspage.web.serve as shipped\nshipped.TARGET = "tests.web.counted:make_application"\npublic, store',
    1,
)
"""The shipped program, with a note of what requests ask the database."""

PUBLIC = {
    "/": "page",
    "/components/<id>": "page",
    "/incidents/<id>": "page",
    "/history": "page",
    "/history.atom": "data",
    "/history.rss": "data",
    "/history.json": "data",
    "/directives.json": "data",
    "/flagd.json": "data",
    "/history.ics": "data",
    "/felt.json": "data",
    "/i/<incident>": "redirect",
    "/static/<name>": "asset",
    "/api/v2/summary.json": "data",
    "/api/v2/status.json": "data",
    "/api/v2/components.json": "data",
    "/api/v2/incidents.json": "data",
    "/api/v2/incidents/unresolved.json": "data",
    "/api/v2/incidents/<id>.json": "data",
    "/api/v2/scheduled-maintenances.json": "data",
    "/api/v2/scheduled-maintenances/active.json": "data",
    "/api/v2/scheduled-maintenances/upcoming.json": "data",
    "/api/v1/summary.json": "data",
    "/healthz": "health",
}
"""Every public address, kept by hand: a new one is added here on purpose or the test fails."""

ALWAYS = {
    "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
    "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy", "Cache-Control",
}  # fmt: skip


ODD = ["/nope", "/api/nope", "/components/nope", "/static/../app.py", "/static/page.000000000000.css", "/x.json"]
EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")

SHAPES = (
    (r"/components/\w{12}", "/components/<id>"), (r"/static/.*", "/static/<name>"), (r"/i/\w{12}", "/i/<incident>"),
    (r"/incidents/\w{12}", "/incidents/<id>"), (r"/api/v2/incidents/\w{12}\.json", "/api/v2/incidents/<id>.json"),
    (r"/history\?.*", "/history"),
)  # fmt: skip


def pattern(path: str) -> str:
    return next((shape for known, shape in SHAPES if re.fullmatch(known, path)), path)


def addresses(now: datetime = NOW) -> list[str]:
    """Every address of a site on which something goes on; of a kind with a hundred, some."""
    found: dict[str, list[str]] = {}
    for path in render(told_snapshot(now), now):
        found.setdefault(pattern(path), []).append(path)
    some = [path for paths in found.values() for path in paths[:8]]
    return ["/healthz", f"/i/{open_incident(now).id}", *some]


def test_the_list_of_public_addresses_is_the_one_kept_by_hand(tmp_path: Path) -> None:
    rules = {rule.rule for rule in create_app(Shown(), tmp_path, SetClock(NOW)).url_map.iter_rules()}
    assert {pattern(path) for path in addresses()} | rules == set(PUBLIC)


def test_the_api_link_names_an_address_that_exists() -> None:
    assert STATUS_LINK.split(">")[0].lstrip("<") in PUBLIC


def check_headers(answer: TestResponse, *, https: bool, what: str) -> None:
    check_fields(answer.headers, https=https, what=what)


def check_fields(headers: Headers, *, https: bool, what: str) -> None:
    assert all(name in headers for name in ALWAYS), f"{what}: {[name for name in ALWAYS if name not in headers]}"
    assert "Set-Cookie" not in headers, what
    assert "X-Powered-By" not in headers, what
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy, what
    assert policy.startswith("default-src 'none'"), what
    assert ("Strict-Transport-Security" in headers) is https, what
    assert ("upgrade-insecure-requests" in policy) is https, what
    assert headers.get("Access-Control-Allow-Credentials") is None, what


def check_answer(path: str, method: str, status: int, headers: Headers, *, https: bool) -> None:
    """What every answer of the site must be, whoever asks for what."""
    what = f"{method} {path} {status}"
    check_fields(headers, https=https, what=what)
    kind = PUBLIC.get(pattern(path))
    assert status != 404 or kind in (None, "asset", "redirect"), what
    if kind == "data" and method in ("GET", "HEAD"):
        assert headers["Access-Control-Allow-Origin"] == "*", what
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin", what
    elif kind == "page":
        assert "Access-Control-Allow-Origin" not in headers, what
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", what
    if method not in ("GET", "HEAD", "OPTIONS"):
        assert status in (404, 405), what


@pytest.mark.parametrize("url", ["https://status.example.com", "http://127.0.0.1:8000"])
def test_every_answer_of_every_route_and_method_carries_the_security_headers(tmp_path: Path, url: str) -> None:
    web = client(tmp_path, told_snapshot(site=make_site(url=url)), NOW)
    for path in addresses() + ODD:
        for method in EVERY_METHOD:
            answer = web.open(path, method=method)
            check_answer(path, method, answer.status_code, answer.headers, https=url.startswith("https"))


def test_answers_do_not_differ_by_cookie_or_host(tmp_path: Path) -> None:
    web = client(tmp_path, told_snapshot(), NOW)
    for path in [*addresses(), "/nope"]:
        plain = web.get(path)
        evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Cookie": "session=1"}
        other = web.get(path, headers=evil)
        if path != "/healthz":
            assert (plain.data, list(plain.headers)) == (other.data, list(other.headers)), path
        assert b"evil.example" not in other.data, path
        assert "evil.example" not in str(other.headers), path


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/nope", "", "text/html; charset=utf-8"),
        ("/nope", "text/html,application/json", "text/html; charset=utf-8"),
        ("/nope", "application/json", "application/problem+json; charset=utf-8"),
        ("/api/v2/nope", "text/html", "application/problem+json; charset=utf-8"),
        ("/nope.json", "", "application/problem+json; charset=utf-8"),
    ],
)
def test_people_get_a_page_and_programs_a_problem(tmp_path: Path, path: str, accept: str, content_type: str) -> None:
    answer = client(tmp_path, make_snapshot(), NOW).get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == content_type
    if "json" in content_type:
        assert json.loads(answer.data)["status"] == 404
    else:
        assert "<h1>Not found</h1>" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def failing_client(tmp_path: Path) -> Client:
    """The application with two more routes, for errors that no route of its own makes."""
    shown = Shown()
    shown.swap(build(tmp_path, make_snapshot(), NOW))
    app = create_app(shown, tmp_path, SetClock(NOW))

    @app.get("/fails")
    def fails() -> str:
        raise RuntimeError("secret-detail-of-the-inside")

    @app.post("/takes")
    def takes() -> str:
        from flask import request

        return str(len(request.get_data()))

    return Client(serve_first(shown, app), use_cookies=False)


def test_a_500_tells_nothing_of_the_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answer = failing_client(tmp_path).get("/fails")
    assert answer.status_code == 500
    check_headers(answer, https=True, what="500")
    assert "secret-detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "secret-detail" in caplog.text


def test_a_body_over_the_limit_is_413(tmp_path: Path) -> None:
    web = failing_client(tmp_path)
    assert web.post("/takes", data=b"x" * 64 * 1024).status_code == 200
    answer = web.post("/takes", data=b"x" * (64 * 1024 + 1))
    assert answer.status_code == 413
    check_headers(answer, https=True, what="413")


def test_before_the_first_bundle_the_site_says_that_it_starts(tmp_path: Path) -> None:
    web = client(tmp_path, None, NOW)
    page = web.get("/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert "<h1>Starting</h1>" in page.text
    check_headers(page, https=False, what="/")
    style = next(part for part in page.text.split('"') if part.startswith("/static/page."))
    assert web.get(style).status_code == 200
    data = web.get("/api/v2/summary.json")
    assert data.status_code == 503
    assert json.loads(data.data)["title"] == "Starting"
    assert web.get("/nope").status_code == 404
    health = web.get("/healthz")
    assert (health.status_code, json.loads(health.data)["status"]) == (503, "fail")


def test_an_older_page_still_finds_a_style(tmp_path: Path) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    answer = web.get("/static/page.0123456789ab.css")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" not in answer.headers["Cache-Control"]
    assert web.get("/static/other.0123456789ab.css").status_code == 404
    assert web.get("/static/page.css").status_code == 404


def health(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    answer = client(tmp_path, make_snapshot(**changes), NOW).get("/healthz")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/health+json"
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = json.loads(answer.data)
    return found


def test_health_passes_with_a_live_monitor_and_a_store(tmp_path: Path) -> None:
    (tmp_path / "reading.json").write_text(json.dumps({"at": NOW.isoformat(), "error": None}))
    found = health(tmp_path)
    assert found["status"] == "pass"
    assert {name: entries[0]["status"] for name, entries in found["checks"].items()} == {
        "process:uptime": "pass",
        "store:reachable": "pass",
        "monitor:lastTick": "pass",
        "bundle:age": "pass",
    }


@pytest.mark.parametrize("error", [None, "database is locked: /secret/path"])
def test_health_warns_and_stays_200_without_monitor_or_store(tmp_path: Path, error: str | None) -> None:
    (tmp_path / "reading.json").write_text(json.dumps({"at": NOW.isoformat(), "error": error}))
    found = health(tmp_path, beat=NOW - timedelta(minutes=1))
    assert found["status"] == "warn"
    assert found["checks"]["monitor:lastTick"][0]["status"] == "warn"
    assert found["checks"]["store:reachable"][0]["status"] == ("warn" if error else "pass")
    assert "secret" not in json.dumps(found)


@contextmanager
def queries() -> Iterator[list[str]]:
    """Every statement that this thread sends to any database."""
    mine, seen = threading.get_ident(), []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if threading.get_ident() == mine:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_no_public_get_asks_the_database(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    address, store = seeded_store(tmp_path, now)
    told = told_snapshot(now)
    store.transact(lambda _: Decision(incidents=told.incidents, maintenances=told.maintenances), now)
    application, keeper = assemble(WebConfig(str(tmp_path / "public"), address))
    keeper.start()
    try:
        web = Client(application, use_cookies=False)
        eventually(lambda: web.get(f"/incidents/{told.incidents[0].id}").status_code == 200)
        with queries() as seen:
            store.head()
            assert len(seen) >= 1  # the counter counts
            seen.clear()
            for path in addresses(now):
                expected = 302 if pattern(path) == "/i/<incident>" else 200
                assert (web.get(path).status_code, web.head(path).status_code) == (expected, expected), path
            for path in ("/nope", "/api/nope"):
                assert (web.get(path).status_code, web.head(path).status_code) == (404, 404), path
        assert seen == []
    finally:
        keeper.stop()
        keeper.join()
        store.close()


def test_the_shipped_entry_answers_everything_with_the_same_headers_and_asks_no_database(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    address, store = seeded_store(tmp_path, now)
    told = told_snapshot(now)
    store.transact(lambda _: Decision(incidents=told.incidents, maintenances=told.maintenances), now)
    with running(tmp_path / "public", address, program=COUNTED) as web:
        eventually(lambda: web.get(f"/incidents/{told.incidents[0].id}")[0].status == 200)
        assert len(json.loads(web.get(f"/test/asks?{address}")[1])) >= 1  # the counter counts
        for path in addresses(now) + ODD:
            for method in EVERY_METHOD:
                answer, _ = web.get(path, method)
                check_answer(path, method, answer.status, Headers(answer.getheaders()), https=False)
        assert json.loads(web.get("/test/seen")[1]) == []
    store.close()


def test_a_locked_database_does_not_slow_a_page(tmp_path: Path) -> None:
    import sqlite3
    from time import perf_counter

    address, store = seeded_store(tmp_path, datetime.now(UTC))
    application, keeper = assemble(WebConfig(str(tmp_path / "public"), address))
    keeper.start()
    lock = sqlite3.connect(tmp_path / "statuspage.db", isolation_level=None)
    try:
        web = Client(application, use_cookies=False)
        eventually(lambda: web.get("/").status_code == 200)
        lock.execute("BEGIN EXCLUSIVE")
        begun = perf_counter()
        assert all(web.get("/").status_code == 200 for _ in range(10))
        assert perf_counter() - begun < 1.0
    finally:
        lock.close()
        keeper.stop()
        keeper.join()
    move(store, "inbox", Status.OPERATIONAL, Status.DEGRADED, datetime.now(UTC))
    store.close()


PIECES = ["/", "//", "..", "%2e%2e", "%00", "\\", "é", "Ã\x80", "components", "static", "api", "v2", "healthz", "?",
          "#", ";", "~", "'", '"', "<script>", "a" * 3000, "%", "%zz", "%c3%28", "index.html", ".git", "summary.json",
          "page.css", " ", "\t", "*", "{{7*7}}", "0", "-1", "9" * 40]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"]
VALUES = ["", "*", "gzip", "é", "a" * 5000, ",,,;q=", "gzip;q=1e999", "gzip;q=nan", 'W/"', "\x7f", "1-", "-", "chunked",
          "text/html;q=x", "application/json", "%", "evil.example", ":", "[::1", "multipart/form-data"]  # fmt: skip
HEADERS = ["Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "Host", "X-Forwarded-For",
           "Content-Type", "Content-Length", "Cookie", "Origin", "Expect", "Authorization"]  # fmt: skip


@pytest.mark.parametrize("ready", [True, False])
def test_no_odd_request_makes_an_error_of_ours(tmp_path: Path, ready: bool) -> None:
    web = client(tmp_path, make_snapshot(OUTAGE) if ready else None, NOW)
    chance = random.Random(20261123)
    for _ in range(1500):
        path = "/" + "/".join(chance.choices(PIECES, k=chance.randint(0, 4)))
        headers = {name: chance.choice(VALUES) for name in chance.sample(HEADERS, chance.randint(0, 4))}
        body = chance.choice([b"", b"x" * 10, b"\0\xff" * 100])
        environ = {"PATH_INFO": path, "REQUEST_METHOD": chance.choice(METHODS)}
        environ |= {_variable(name): value for name, value in headers.items()}
        answer = web.open("/", data=body, environ_overrides=environ)
        allowed = {200, 204, 304, 400, 404, 405, 413} | (set() if ready else {503})
        assert answer.status_code in allowed, (path, headers, answer.status_code)
        check_headers(answer, https=ready, what=f"{environ['REQUEST_METHOD']} {path}")


def _variable(name: str) -> str:
    plain = name.upper().replace("-", "_")
    return plain if plain in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{plain}"


def test_a_doubled_slash_is_unknown_and_repeats_no_host(tmp_path: Path) -> None:
    answer = client(tmp_path, make_snapshot(), NOW).get("/healthz//", headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in answer.get_data(as_text=True) + str(answer.headers)
