"""A terminal on the machine of the database, and one far away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desks import Inside, Terminal, make_site, served, token


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The configuration of a site that was published once."""
    return make_site(tmp_path)


@pytest.fixture
def here(site: Path) -> Terminal:
    """A terminal on the machine of the database."""
    return Inside(("--config", str(site)))


@pytest.fixture(params=["here", "over http"])
def terminal(request: pytest.FixtureRequest, site: Path) -> Iterator[Terminal]:
    """Either way to act on the site: both must say the same."""
    if request.param == "here":
        yield Terminal(("--config", str(site)))
        return
    with served(site) as web:
        yield Terminal(("--server", f"http://127.0.0.1:{web.port}"), {"STATUSPAGE_TOKEN": token(site)})
