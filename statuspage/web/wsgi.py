"""What granian loads in every worker: the application, its keeper, and the watch over its parent.

The configuration comes in one environment variable as JSON. The config file and its secrets are not needed here.
"""

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from statuspage.clock import SystemClock
from statuspage.store import open_store
from statuspage.web.app import create_app
from statuspage.web.feed import LOCAL_PERIOD, REMOTE_PERIOD
from statuspage.web.middleware import serve_first
from statuspage.web.shown import Shown
from statuspage.web.watch import Keeper

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

VARIABLE = "STATUSPAGE_WEB_CONFIG"
ORPHAN_PERIOD = 0.25
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_", "TZ", "PYTHON", "PG", "SSL_CERT_")
"""PG…: psycopg reads them when it connects."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    """`public_dir` holds the bundles; `site_url` is used for headers until the first bundle names it."""

    public_dir: str
    store_url: str
    site_url: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def make_application() -> "WSGIApplication":
    """The application of this worker. Raises KeyError without the configuration, ValueError for a broken one."""
    config = WebConfig(**json.loads(os.environ[VARIABLE]))
    shed_environment()
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), name="statuspage-orphan", daemon=True).start()
    application, keeper = assemble(config)
    keeper.tick()
    keeper.start()
    return application


def shed_environment() -> None:
    """Forget every variable that nothing here reads: granian copies them all into every request.

    Among them may be the database's password and whatever secrets the monitor is given; and copying costs time.
    """
    for name in list(os.environ):
        if not name.startswith(KEPT_VARIABLES):
            del os.environ[name]


def assemble(config: WebConfig) -> tuple["WSGIApplication", Keeper]:
    """The application and its keeper, which is not started yet."""
    clock, shown, public = SystemClock(), Shown(config.site_url), Path(config.public_dir).absolute()
    period = LOCAL_PERIOD if config.store_url.startswith("sqlite") else REMOTE_PERIOD
    keeper = Keeper(public, shown, clock, lambda: open_store(config.store_url), period)
    return serve_first(shown, create_app(shown, public, clock)), keeper


def _end_with_parent(parent: int) -> None:
    """A worker whose parent was killed would hold the port and the lock for ever."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(ORPHAN_PERIOD)
    os._exit(0)
