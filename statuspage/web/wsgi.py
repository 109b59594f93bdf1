"""What granian loads in every worker: the application, its keeper, its bringer, and the watch over its parent.

The configuration comes in one environment variable as JSON. The config file and its secrets are not needed here.
"""

import json
import os
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from statuspage import logs
from statuspage.clock import SystemClock
from statuspage.core.clock import Clock
from statuspage.store import open_store
from statuspage.web.app import create_app
from statuspage.web.counting import Bringer, Counting
from statuspage.web.feed import LOCAL_PERIOD, REMOTE_PERIOD
from statuspage.web.middleware import serve_first
from statuspage.web.shown import Shown
from statuspage.web.staff import Staff
from statuspage.web.streams import Notices
from statuspage.web.watch import Keeper

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

VARIABLE = "STATUSPAGE_WEB_CONFIG"
ORPHAN_PERIOD = 0.25
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_", "TZ", "PYTHON", "PG", "SSL_CERT_")
"""PG…: psycopg reads them when it connects."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    """`public_dir` holds the bundles; `site_url` is used for headers until the first bundle names it.

    Notices of new directives are spread over half of `notice_jitter` seconds; a worker holds `most_streams` of them.
    Without a `secret_key` there is no staff area. `trusted_hops` is how many proxies stand in front of us.
    """

    public_dir: str
    store_url: str = field(repr=False)
    site_url: str = ""
    secret_key: str = field(default="", repr=False)
    old_secret_key: str = field(default="", repr=False)
    trusted_hops: int = 0
    time_zone: str = "Etc/UTC"
    notice_jitter: float = 5.0
    most_streams: int = 32

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in here, for the redaction of logs: as it is, and as an address quotes it."""
        password = urlsplit(self.store_url).password or ""
        found = (self.secret_key, self.old_secret_key, password, unquote(password))
        return tuple(dict.fromkeys(each for each in found if each))

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def make_application() -> "WSGIApplication":
    """The application of this worker. Raises KeyError without the configuration, ValueError for a broken one."""
    config = WebConfig(**json.loads(os.environ[VARIABLE]))
    logs.setup(config.secrets)  # this process was started anew and has nothing of its parent's
    shed_environment()
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), name="statuspage-orphan", daemon=True).start()
    clock = SystemClock()
    counting = Counting(clock)
    application, keeper = assemble(config, clock, counting)
    Bringer(counting, lambda: open_store(config.store_url)).start()
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


def assemble(
    config: WebConfig, clock: Clock | None = None, counting: Counting | None = None
) -> tuple["WSGIApplication", Keeper]:
    """The application and its keeper, which is not started yet."""
    clock = clock or SystemClock()
    shown, public = Shown(config.site_url), Path(config.public_dir).absolute()
    period = LOCAL_PERIOD if config.store_url.startswith("sqlite") else REMOTE_PERIOD
    keeper = Keeper(public, shown, clock, lambda: open_store(config.store_url), period)
    notices = Notices(config.notice_jitter, config.most_streams, config.trusted_hops)
    app = create_app(shown, public, clock, _staff(config, shown, clock), notices, counting)
    return serve_first(shown, app), keeper


def _staff(config: WebConfig, shown: Shown, clock: Clock) -> Staff | None:
    if not config.secret_key:
        return None
    return Staff(
        lambda: open_store(config.store_url),
        clock,
        shown,
        config.secret_key,
        config.trusted_hops,
        config.site_url,
        config.time_zone,
        config.old_secret_key,
    )


def _end_with_parent(parent: int) -> None:
    """A worker whose parent was killed would hold the port and the lock for ever."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(ORPHAN_PERIOD)
    os._exit(0)
