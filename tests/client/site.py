"""A real site that serves directives: a store with routes in it, and the web process that shows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from statuspage.core.state import Decision
from statuspage.store import Store
from tests.client.documents import BOARD, moved
from tests.web.processes import Web, running
from tests.web.served import eventually, seeded_store
from tests.web.snapshots import make_site


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Web, Store]]:
    """The site with the chat moved to native an hour ago."""
    address, store = seeded_store(folder)
    site = replace(make_site(url="http://127.0.0.1:8000"), switchboard=BOARD)
    now = datetime.now(UTC)
    hour_ago = datetime.fromtimestamp(now.timestamp() - 3600, UTC)
    store.transact(lambda _: Decision(site=site, routes=(moved(at=hour_ago),)), now)
    try:
        with running(folder / "public", address) as web:
            eventually(lambda: web.says('"target":"native"', "/directives.json"))
            yield web, store
    finally:
        store.close()


def example(start: str) -> str:
    """The block of docs/clients.md that begins with this line, without its fences."""
    text = (Path(__file__).parents[2] / "docs/clients.md").read_text(encoding="utf-8")
    blocks = text.split("```")[1::2]
    (found,) = (each for each in blocks if each.partition("\n")[2].startswith(start))
    return found.partition("\n")[2]
