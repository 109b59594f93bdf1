"""`python -m tests.shots DIR`: pictures of the pages, light and dark, wide and as on a telephone, to look at.

Each is named page-width-scheme.png. The sites are made up and served for real; nothing is compared.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from statuspage.auth import links
from statuspage.core.people import Session, User
from statuspage.core.role import Role
from statuspage.core.site import public_id
from statuspage.core.state import Decision
from statuspage.core.status import Status
from statuspage.drill import sample
from statuspage.store import Store
from tests.programs import chromium
from tests.web.desk import FIREBASE, desk_site, lay_out
from tests.web.processes import PROGRAM, Web, free_port, running
from tests.web.served import eventually, move, seeded_store
from tests.web.staff import KEPT, ROOT, SECRET

WIDTHS, HEIGHT = (1280, 390), 900
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
CALM = {"operational": "/"}
TROUBLE = {
    "outage": "/",
    "sep13": f"/incidents/{sample.INCIDENT}",
    "incident": "/incidents/{open}",
    "history": "/history",
    "component": f"/components/{public_id('component', FIREBASE)}",
    "staff-post": "/staff/post?incident={open}",
    "staff-drafts": "/staff/drafts",
    "staff-incident": "/staff/incidents/{open}",
    "staff-maintenances": "/staff/maintenances",
}
ADMIN = "admin"


@dataclass(frozen=True)
class Site:
    """A served site: where it is, a session of its admin, and the id of an incident that goes on."""

    here: str
    secret: str
    open: str


def main(folder: Path) -> None:
    """Take every picture there is."""
    with sync_playwright() as playwright, TemporaryDirectory() as made:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, pages in (("calm", CALM), ("trouble", TROUBLE)):
            data = Path(made) / name
            data.mkdir()
            with served(data, in_trouble=pages is TROUBLE) as site:
                take(browser, site, pages, folder)
        browser.close()


def take(
    browser: Browser, site: Site, pages: Mapping[str, str], folder: Path, widths: Sequence[int] = WIDTHS
) -> list[Path]:
    """Each page in each width and scheme: the files."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for scheme in SCHEMES:
        for width in widths:
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": HEIGHT})
            context.add_cookies([{"name": "statuspage", "value": site.secret, "url": site.here}])
            page = context.new_page()
            for name, path in pages.items():
                taken.append(folder / f"{name}-{width}-{scheme}.png")
                shoot(page, f"{site.here}{path.format(open=site.open)}", width, taken[-1])
            context.close()
    return taken


def shoot(page: Page, address: str, width: int, file: Path) -> None:
    """A picture of the whole page, in a window as high as it: what sticks to an edge lies over nothing."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok, f"{answer.status} {answer.url}"
    page.wait_for_load_state("networkidle")
    whole = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": max(HEIGHT, whole)})
    page.screenshot(path=file, full_page=True)


@contextmanager
def served(folder: Path, *, in_trouble: bool) -> Iterator[Site]:
    """The made-up site in the zone of the sample; `in_trouble` with an outage, incidents, plans and drafts."""
    now, port = datetime.now(UTC), free_port()
    here = f"http://127.0.0.1:{port}"
    address, store = seeded_store(folder, now, here)
    store.transact(lambda _: Decision(site=replace(desk_site(here), time_zone=sample.ZONE)), now)
    open_id = lay_out(store, now).open if in_trouble else ""
    if in_trouble:
        store.act(sample.sep13, now, also=(sample.INCIDENT,))
        move(store, FIREBASE, Status.OPERATIONAL, Status.MAJOR, now)
    store.accounts.add_user(User(ADMIN, Role.ADMIN, now, KEPT), ROOT)
    config = f"WebConfig(public, store, {here!r}, {SECRET!r}, time_zone={sample.ZONE!r})"
    program = PROGRAM.replace("WebConfig(public, store)", config)
    with running(folder / "public", address, port=port, program=program) as web:
        eventually(lambda: is_shown(web, in_trouble=in_trouble))
        yield Site(here, _session(store, now), open_id)
    store.close()


def is_shown(web: Web, *, in_trouble: bool) -> bool:
    """Whether the page says by now what the store holds."""
    return web.says("Video starts slowly" if in_trouble else "All Systems Operational")


def _session(store: Store, now: datetime) -> str:
    user = store.accounts.user(ADMIN)
    assert user is not None
    secret, id = links.fresh()
    store.accounts.sign_in(user, user.totp_step + 1, Session(id, ADMIN, now, now, "192.0.2.1", "a camera"))
    return secret


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.shots DIR")
    main(Path(sys.argv[1]))
