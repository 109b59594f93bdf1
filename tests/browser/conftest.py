"""Chromium over a real web process: one browser for all tests here, a page of its own for each."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from statuspage.core.status import Status
from statuspage.store import Store
from tests.programs import chromium
from tests.web.processes import Web, running
from tests.web.served import eventually, move, seeded_store


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; it may talk to nobody but us.

    For one module at a time: while it is there it keeps an event loop running, beside which no test of
    another folder could run its own.
    """
    program = chromium()
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web, Store]]:
    """The made-up site, served for real, with some trouble in it."""
    folder = tmp_path_factory.mktemp("site")
    address, store = seeded_store(folder)
    now = datetime.now(UTC)
    move(store, "firebase-web-sockets", Status.OPERATIONAL, Status.MAJOR, now)
    move(store, "inbox", Status.OPERATIONAL, Status.DEGRADED, now)
    move(store, "login", Status.OPERATIONAL, Status.UNKNOWN, now)
    with running(folder / "public", address) as web:
        eventually(lambda: web.says("Partial System Outage"))
        yield web, store
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a site that a test changes."""
    return tmp_path
