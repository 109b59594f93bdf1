"""People, tokens and the journal over HTTP: who may, what is told, and what strange input gets."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Response

from statuspage.auth.codes import code_at
from statuspage.core.role import PEOPLE, Role
from statuspage.core.telling import EVENTS
from statuspage.web.staff import gate
from tests.web.staff import OURS, PASSWORD, ROOT, SITE, Browser, Office, alerts, field, shown_secret


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A site with one user of each role, named after it."""
    found = Office(tmp_path)
    for role in PEOPLE:
        found.add(role.value, role)
    yield found
    found.close()


@pytest.fixture
def admin(office: Office) -> Browser:
    return office.browser("admin")


def events(office: Office, kind: str = "") -> list[tuple[str, str]]:
    found = office.store.newest_events(1000, kind=kind)
    return [(entry.event.kind, entry.event.subject) for entry in found]


def test_an_invited_person_comes_in_with_the_role_of_the_link(office: Office, admin: Browser) -> None:
    page = admin.post("/staff/people/invite", role="publisher")
    path = shown_secret(page).removeprefix(SITE)
    assert path not in admin.get("/staff/people").text
    assert "for a new publisher, by admin" in admin.get("/staff/people").text
    browser = office.browser()
    asked = browser.get(path)
    assert "admin invited you" in asked.text
    seed = re.search(r'class="seed">([A-Z2-7 ]+)<', asked.text)
    assert seed is not None
    code = code_at(seed[1].replace(" ", ""), office.clock.now())
    given = {"name": "cleo", "password": "four other words apart", "code": code, "carried": field(asked, "carried")}
    taken = browser.post(path, **{**given, "name": "admin"})
    assert (taken.status_code, "Is taken already." in taken.text) == (422, True)
    assert browser.post(path, **given).status_code == 303
    assert "cleo</a>, publisher" in browser.get("/staff/me").text
    assert browser.get(path).status_code == 404


def test_an_invitation_can_be_taken_back(admin: Browser, office: Office) -> None:
    path = shown_secret(admin.post("/staff/people/invite", role="viewer")).removeprefix(SITE)
    found = re.search(r'name="invitation" value="([^"]+)"', admin.get("/staff/people").text)
    assert found is not None
    assert admin.post("/staff/people/withdraw", invitation=found[1]).status_code == 303
    assert office.browser().get(path).status_code == 404


@pytest.mark.corpus("E1")
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/staff/me/password", {"present": PASSWORD, "new": "four other words apart"}),
        ("/staff/logout", {}),
        ("/staff/me/sessions/end-others", {}),
    ],
)
def test_nobody_gives_themselves_a_role(office: Office, path: str, fields: dict[str, str]) -> None:
    browser = office.browser("viewer")
    before = office.store.accounts.user("viewer")
    for extra in ({"role": "admin"}, {"is_owner": "true"}, {"id": "1"}, {"password_hash": "x"}, {"user": "admin"}):
        answer = browser.post(path, **fields, **extra)
        if path != "/staff/logout":
            assert answer.status_code == 400
            assert f"{next(iter(extra))}: is not a field of this form" in alerts(answer).lower()
    assert office.store.accounts.user("viewer") == before


@pytest.mark.corpus("E6")
@pytest.mark.parametrize("path", ["/staff/people", "/staff/tokens"])
def test_only_admins_see_users_and_tokens(office: Office, path: str) -> None:
    assert office.browser().get(path).status_code == 303
    for role in ("viewer", "responder", "publisher"):
        answer = office.browser(role).get(path)
        assert answer.status_code == 403
        assert "admin" in alerts(answer)
    assert office.browser("admin").get(path).status_code == 200


@pytest.mark.corpus("E6")
def test_a_refused_act_leaves_one_event_and_nothing_else(office: Office) -> None:
    browser = office.browser("viewer")
    before = len(events(office))
    assert browser.post("/staff/people/invite", role="admin").status_code == 403
    assert events(office)[0] == ("act.refused", "/staff/people/invite")
    assert len(events(office)) == before + 1
    assert office.store.accounts.invitations(office.clock.now()) == ()


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("disable", {"user": "admin"}, 422),
        ("role", {"user": "admin", "role": "viewer"}, 422),
        ("role", {"user": "viewer", "role": "god"}, 422),
        ("role", {"user": "nobody", "role": "viewer"}, 404),
        ("invite", {"role": ""}, 422),
        ("disable", {"user": "nobody"}, 404),
        ("enable", {"user": "nobody"}, 404),
        ("reset", {"user": "nobody"}, 404),
        ("end-sessions", {"user": "nobody"}, 404),
        ("withdraw", {"invitation": "x"}, 404),
    ],
)
def test_what_cannot_be_done_is_said(admin: Browser, path: str, fields: dict[str, str], code: int) -> None:
    answer = admin.post(f"/staff/people/{path}", **fields)
    assert answer.status_code == code
    assert len(alerts(answer)) > 10


def test_a_wrong_present_password_changes_nothing_and_the_new_one_is_judged(office: Office) -> None:
    browser = office.browser("viewer")
    before = office.store.accounts.user("viewer")
    for present, new, said in (
        ("not it at all", "four other words apart", "is not your present password"),
        (PASSWORD, "short", "at least 12"),
        (PASSWORD, "viewer viewer viewer", "too easy to guess"),
    ):
        answer = browser.post("/staff/me/password", present=present, new=new)
        assert answer.status_code == 422
        assert said in answer.text.lower()
    assert office.store.accounts.user("viewer") == before


def test_one_ends_ones_own_sessions_and_nobody_elses(office: Office) -> None:
    a, b, other = office.browser("viewer"), office.browser("viewer"), office.browser("publisher")
    theirs = re.search(r'name="session" value="([^"]+)"', a.get("/staff/me").text)
    assert theirs is not None
    others = office.store.accounts.sessions(office.clock.now(), "publisher")
    assert a.post("/staff/me/sessions/end", session=others[0].id).status_code == 404
    assert a.post("/staff/me/sessions/end", session=theirs[1]).status_code == 303
    assert b.get("/staff/me").status_code == 303
    assert other.get("/staff/me").status_code == 200


def protected(office: Office, role: Role) -> None:
    """A view for programs, as the API has them."""

    @office.app.post(f"/api/v1/for-{role}")
    @gate.token_needs(role)
    def view() -> Response:
        return Response(gate.program().token.name)


@pytest.mark.corpus("D7", "D21", "E6")
def test_a_program_needs_a_token_in_its_header(office: Office, admin: Browser) -> None:
    protected(office, Role.PUBLISHER)
    secret = shown_secret(admin.post("/staff/tokens/add", name="ci", role="publisher", days="30"))
    weak = shown_secret(admin.post("/staff/tokens/add", name="reader", role="viewer", days=""))
    path = "/api/v1/for-publisher"

    def ask(header: str | None, query: str = "", **more: Any) -> tuple[int, str]:
        headers = {} if header is None else {"Authorization": header}
        answer = office.browser().open("POST", path + query, headers=headers, **more)
        if answer.status_code != 200:
            assert answer.headers["Content-Type"].startswith("application/problem+json")
            assert answer.json is not None
            assert answer.json["status"] == answer.status_code
        return answer.status_code, answer.headers.get("WWW-Authenticate", "")

    assert ask(f"Bearer {secret}") == (200, "")
    assert ask(f"OAuth {secret}") == (200, "")
    assert ask(f"Bearer {weak}") == (403, "")
    for header in (
        None,
        "",
        "Bearer",
        "Bearer ",
        secret,
        f"Basic {secret}",
        "Bearer sp_",
        f"Bearer {secret}x",
        "Bearer é",
    ):
        assert ask(header) == (401, "Bearer")
    for query in (f"?token={secret}", f"?access_token={secret}", f"?authorization=Bearer%20{secret}"):
        assert ask(None, query) == (401, "Bearer")
    assert ask(None, data={"token": secret}) == (401, "Bearer")
    cookie = {"Cookie": f"__Host-statuspage={admin.secret}", **OURS}
    assert office.browser().open("POST", path, headers=cookie).status_code == 401
    as_cookie = {"Cookie": f"__Host-statuspage={secret}"}
    assert office.browser().open("GET", "/staff/me", headers=as_cookie).status_code == 303


@pytest.mark.corpus("D3", "E9")
@pytest.mark.parametrize("end", ["revoke", "time", "disable", "demote"])
def test_a_token_ends_at_once(office: Office, admin: Browser, end: str) -> None:
    protected(office, Role.RESPONDER)
    office.add("zoe", Role.ADMIN)
    secret = shown_secret(office.browser("zoe").post("/staff/tokens/add", name="ci", role="admin", days="30"))
    (token,) = office.store.accounts.tokens()

    def code() -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return office.browser().open("POST", "/api/v1/for-responder", headers=headers).status_code

    assert code() == 200
    match end:
        case "revoke":
            assert admin.post("/staff/tokens/revoke", token=token.id).status_code == 303
        case "time":
            office.clock.at += timedelta(days=30)
        case "disable":
            assert admin.post("/staff/people/disable", user="zoe").status_code == 303
        case "demote":
            assert admin.post("/staff/people/role", user="zoe", role="viewer").status_code == 303
    assert code() == (403 if end == "demote" else 401)
    assert secret not in office.browser("admin").get("/staff/tokens").text


@pytest.mark.corpus("D12", "D20")
def test_what_is_shown_once_is_nowhere_else(
    office: Office, admin: Browser, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    token = shown_secret(admin.post("/staff/tokens/add", name="ci", role="admin", days=""))
    link = shown_secret(admin.post("/staff/people/invite", role="viewer")).rpartition("/")[2]
    reset = shown_secret(admin.post("/staff/people/reset", user="viewer")).rpartition("/")[2]
    office.browser().get(f"/staff/invite/{link}")
    seed = office.add("fred")
    office.browser().sign_in("fred", seed)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("statuspage.db*"))
    seen = "".join(admin.get(path).text for path in ("/staff/people", "/staff/tokens", "/staff/journal"))
    for secret in (token, link, reset, seed, PASSWORD, admin.secret or ""):
        assert secret.encode() not in stored
        assert secret not in seen
        assert secret not in caplog.text


def test_the_journal_tells_who_did_what_and_can_be_narrowed(office: Office, admin: Browser) -> None:
    admin.post("/staff/people/role", user="viewer", role="responder")
    page = admin.get("/staff/journal?kind=user.&subject=viewer").text
    assert "user.role_changed" in page
    assert "192.0.2.1" in page
    assert "was</span> viewer" in page
    assert "session.opened" not in page
    assert "Nothing here." in admin.get("/staff/journal?kind=nothing").text


def test_the_journal_can_be_narrowed_to_every_kind_that_can_be_told(admin: Browser) -> None:
    page = admin.get("/staff/journal").text
    offered = set(re.findall(r'<option value="([a-z]+\.)"', page))
    assert {f"{kind.partition('.')[0]}." for kind in EVENTS} - offered == set()
    assert {"draft.", "route.", "history.", "check."} <= offered


def test_the_journal_goes_back_page_by_page(office: Office) -> None:
    for n in range(120):
        office.store.accounts.note("login.refused", f"<b>user{n}</b>", ROOT, office.clock.now(), text="x" * 300)
    browser = office.browser("viewer")
    path, seen = "/staff/journal?kind=login.", []
    while True:
        page = browser.get(path)
        assert page.status_code == 200
        assert "<b>user" not in page.text
        seen += re.findall(r"&lt;b&gt;user(\d+)&lt;/b&gt;</a>", page.text)
        older = re.search(r'href="([^"]+)">Older', page.text)
        if older is None:
            break
        path = older[1].replace("&amp;", "&")
    assert [int(n) for n in seen] == list(reversed(range(120)))


@pytest.mark.corpus("H3")
@pytest.mark.parametrize(
    "query", ["before=x", "before=1", "before=1.", "before=-1.0", "before=١.٢", f"before={'9' * 30}.0", "sort=id;--",
              "kind=a&kind=b", "subject=%00", "subject=" + "x" * 200, "order=asc,(select 1)", "before=1e5.0"],
)  # fmt: skip
def test_a_strange_question_to_the_journal_is_a_400_that_names_the_field(office: Office, query: str) -> None:
    answer = office.browser("viewer").get(f"/staff/journal?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in alerts(answer).lower()


POSTS = ["/staff/login", "/staff/code", "/staff/logout", "/staff/me/password", "/staff/me/sessions/end",
         "/staff/people/invite", "/staff/people/role", "/staff/people/disable", "/staff/people/enable",
         "/staff/people/withdraw", "/staff/people/end-sessions", "/staff/tokens/add", "/staff/tokens/revoke",
         "/staff/invite/x", "/staff/setup/x"]  # fmt: skip
FIELDS = ["name", "password", "code", "carried", "next", "user", "role", "days", "token", "session", "invitation",
          "present", "new", "id", "__proto__", "mark ", ""]  # fmt: skip
VALUES = ["", " ", "\x00", "a\x00b", "\ud800", "\r\nX: y", "x" * 70_000, "x" * 2000, "0", "-0", "NaN", "1e999",
          "9" * 30,
          "[]", "{}", "null", "true", "../../etc/passwd", "<script>", "' OR 1=1 --", "{{7*7}}", "é" * 100, "\u202e",
          "viewer", "admin", "\U0001f642"]  # fmt: skip


@pytest.mark.corpus("H2", "H3")
def test_no_strange_form_makes_an_error_of_ours(office: Office) -> None:
    chance = random.Random(20261123)
    seen: set[int] = set()
    for n in range(400):
        browser = office.browser("admin")
        fields: dict[str, Any] = {}
        for name in chance.sample(FIELDS, chance.randint(0, 5)):
            many = chance.choices(VALUES, k=chance.choice([1, 1, 1, 2]))
            fields[name] = [each.encode("utf-8", "surrogatepass") for each in many]
        office.clock.advance(3600)
        browser.come_in("admin")
        body = "&".join(f"{name}={_quoted(value)}" for name, values in fields.items() for value in values)
        path = POSTS[n % len(POSTS)]
        answer = browser.open("POST", path, data=body + f"&mark={browser.mark}",
                              content_type="application/x-www-form-urlencoded", headers=OURS)  # fmt: skip
        assert answer.status_code in {200, 303, 400, 403, 404, 413, 422, 429}, (path, fields, answer.status_code)
        assert "Traceback" not in answer.text
        seen.add(answer.status_code)
    assert {400, 413} <= seen


def _quoted(value: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in value)


@pytest.mark.corpus("H2", "D16")
def test_what_is_too_large_is_refused_before_it_is_read(office: Office) -> None:
    for body, code in ((b"a=" + b"x" * 70_000, 413), (b"a=1&" * 15_000, 400), (b"password=" + b"x" * 1025, 400)):
        answer = office.browser().open("POST", "/staff/login", data=body, headers=OURS,
                                       content_type="application/x-www-form-urlencoded")  # fmt: skip
        assert answer.status_code == code
    assert office.store.newest_events(10, kind="login.") == ()


@pytest.mark.corpus("H3")
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "x" * 65, "name: must have at most 64 characters"),
        ("name", "a\x00b", "name: holds control characters"),
        ("password", "x" * 1025, "password: must have at most 1,024 characters"),
        ("odd", "x", "odd: is not a field of this form"),
        ("name", None, "name: is missing"),
    ],
)
def test_a_form_that_cannot_be_ours_is_a_400_that_names_the_field(
    office: Office, field: str, value: str | None, said: str
) -> None:
    fields = {"name": "admin", "password": PASSWORD, field: value}
    answer = office.browser().post("/staff/login", **{key: text for key, text in fields.items() if text is not None})
    assert answer.status_code == 400
    assert said in alerts(answer).lower()


@pytest.mark.corpus("D3")
def test_a_disabled_user_is_out_and_stays_out(office: Office, admin: Browser) -> None:
    seed = office.add("zoe", Role.PUBLISHER)
    browser = office.browser("zoe")
    admin.post("/staff/people/disable", user="zoe")
    assert browser.get("/staff/me").status_code == 303
    refused = office.browser().post("/staff/login", name="zoe", password=PASSWORD)
    assert refused.status_code == 403
    admin.post("/staff/people/enable", user="zoe")
    assert office.browser().sign_in("zoe", seed).status_code == 303


def test_the_frame_shows_each_role_its_places(office: Office) -> None:
    for role, people in (("viewer", False), ("publisher", False), ("admin", True)):
        page = office.browser(role).get("/staff/me").text
        assert ('href="/staff/people"' in page) is people
        assert f"{role}</a>, {role}" in page
        assert 'action="/staff/logout"' in page
