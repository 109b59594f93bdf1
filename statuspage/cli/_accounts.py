"""What the commands about users and tokens share: the store they act on, who acts, and refusals as one clear text."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from statuspage.auth.keys import Keys
from statuspage.cli._common import CONFIG_ERROR, NOT_OK, fail, load_to_run_or_fail
from statuspage.clock import SystemClock
from statuspage.config import Config
from statuspage.core.people import COMMAND, Actor
from statuspage.core.refusals import NotThere, Refused
from statuspage.store import StoreError, open_store
from statuspage.store.accounts import Accounts


@dataclass(frozen=True, slots=True)
class Office:
    """Where a command works: the accounts, the keys, the configuration, who calls and when."""

    accounts: Accounts
    keys: Keys
    config: Config
    by: Actor
    now: datetime

    def link(self, path: str) -> str:
        """A path of the site as a whole address."""
        return f"{self.config.site.url}{path}"


@contextmanager
def office(path: Path) -> Iterator[Office]:
    """The accounts of that configuration. What goes wrong ends the command: 2 for what was asked, 1 for the store."""
    config = load_to_run_or_fail(path)
    key = config.file.site.secret_key
    assert key is not None  # loaded to run
    store = open_store(config.store_url)
    try:
        store.require()
        actor = Actor(COMMAND, f"user {_caller()} of this machine")
        yield Office(store.accounts, Keys(key.reveal()), config, actor, SystemClock().now())
    except (Refused, NotThere) as error:
        fail(str(error), CONFIG_ERROR)
    except StoreError as error:
        fail(f"store: {error}", NOT_OK)
    finally:
        store.close()


def _caller() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "unknown"
