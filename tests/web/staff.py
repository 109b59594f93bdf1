"""The staff area in this process: real store, real application, browsers that keep cookies, and a set clock."""

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import Client, TestResponse

from statuspage.auth import codes, links, passwords
from statuspage.core.people import COMMAND, Actor, Session, User
from statuspage.core.role import Role
from statuspage.web.app import create_app
from statuspage.web.bundle import build
from statuspage.web.middleware import serve_first
from statuspage.web.shown import Shown
from statuspage.web.staff import Staff
from statuspage.web.staff.gate import cookie_name
from tests.web.served import SetClock, seeded_store
from tests.web.snapshots import NOW, make_site, make_snapshot

SECRET = "fQ7-made-for-tests-0Zk3vVt9LmC2yXbW"
PASSWORD = "violet tractor sings under moss"
SITE = "https://status.example.com"
OURS = {"Sec-Fetch-Site": "same-origin"}
ROOT = Actor(COMMAND, "here")
KEPT = passwords.keep(PASSWORD)


class Office:
    """An installation with a staff area. `url` is the site's own address."""

    def __init__(self, folder: Path, url: str = SITE, hops: int = 0) -> None:
        self.clock = SetClock(NOW)
        self.url = url
        _, self.store = seeded_store(folder, NOW, url)
        self.shown = Shown(url)
        self.shown.swap(build(folder / "public", make_snapshot(site=make_site(url=url)), NOW))
        self.staff = Staff(lambda: self.store, self.clock, self.shown, SECRET, hops, url)
        self.app: Flask = create_app(self.shown, folder / "public", self.clock, self.staff)

    def close(self) -> None:
        self.store.close()

    def add(self, name: str, role: Role = Role.ADMIN) -> str:
        """A user with the password of these tests; the seed of their codes."""
        seed = codes.new_seed()
        user = User(name, role, self.clock.now(), KEPT, self.staff.keys.close_seed(seed))
        self.store.accounts.add_user(user, ROOT)
        return seed

    def browser(self, name: str | None = None) -> "Browser":
        """A browser; of a user, signed in as that user."""
        found = Browser(self)
        if name is not None:
            found.come_in(name)
        return found

    def token(self, role: Role, name: str = "ci") -> str:
        """A new token."""
        secret, hash, token = links.new_token(name, role, COMMAND, self.clock.now(), None)
        self.store.accounts.add_token(token, hash, ROOT)
        return secret


class Browser:
    """Keeps cookies, sends what browsers send, and puts the mark into its forms."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.client = Client(serve_first(office.shown, office.app))
        self.base = office.url

    def come_in(self, name: str) -> None:
        """Have a session, past the forms."""
        now = self.office.clock.now()
        secret, id = links.fresh()
        accounts = self.office.store.accounts
        user = accounts.user(name)
        assert user is not None
        accounts.sign_in(user, user.totp_step + 1, Session(id, name, now, now, "192.0.2.1", "a test"))
        self.keep(secret)

    @property
    def name(self) -> str:
        return cookie_name(self.office.staff)

    @property
    def secret(self) -> str | None:
        """The session's secret, as the cookie has it."""
        found = self.client.get_cookie(self.name, domain=urlsplit(self.base).hostname or "")
        return found.value if found is not None else None

    def keep(self, secret: str) -> None:
        """Put a session into the cookie jar."""
        self.client.set_cookie(self.name, secret, domain=urlsplit(self.base).hostname or "")

    @property
    def mark(self) -> str:
        return self.office.staff.keys.form_mark(links.digest(self.secret or ""))

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.open("GET", path, headers=headers)

    def post(self, path: str, **fields: str) -> TestResponse:
        """A form of our own page."""
        marked = {**fields, "mark": self.mark} if self.secret is not None else fields
        return self.open("POST", path, data=marked, headers=OURS)

    def open(self, method: str, path: str, **more: Any) -> TestResponse:
        """Any request. A Cookie header of one's own stands in place of the jar."""
        client = self.client
        if "Cookie" in more.get("headers", {}):
            client = Client(client.application, use_cookies=False)
        return client.open(path, method=method, base_url=self.base, environ_base={"REMOTE_ADDR": "192.0.2.1"}, **more)

    def sign_in(self, name: str, seed: str, password: str = PASSWORD, onward: str = "") -> TestResponse:
        """By the two forms, as people do it: the answer to the second."""
        half = self.post("/staff/login", name=name, password=password, next=onward)
        assert half.status_code == 200, half.text
        now = self.office.clock.now()
        return self.post("/staff/code", carried=field(half, "carried"), next=field(half, "next"),
                         code=codes.code_at(seed, now))  # fmt: skip


def field(answer: TestResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found is not None, f"no field {name}: {answer.status_code} {answer.text[:300]}"
    return unescape(found[1])


def alerts(answer: TestResponse) -> str:
    """What a page warns of."""
    return " ".join(re.findall(r'role="alert"[^>]*>(?:<svg.*?</svg>)?(?:<span>)?([^<]*)', answer.text))


def shown_secret(answer: TestResponse) -> str:
    """A link or token that a page shows once."""
    found = re.search(r"<code>([^<]+)</code>", answer.text)
    assert found is not None
    return found[1]
