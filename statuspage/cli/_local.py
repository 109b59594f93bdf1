"""The desk on this machine: the database of the configuration file, while monitor and web go on beside it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from statuspage.acting import Caller, Incidents, Maintenances, Routes
from statuspage.acting.routes import ACTS
from statuspage.cli._common import load_or_fail
from statuspage.cli._desk import Desk, Document, Place, Unable
from statuspage.clock import SystemClock
from statuspage.core.role import Role
from statuspage.core.typed import site_of
from statuspage.store import Store, StoreError, open_store


@contextmanager
def local_desk(path: Path) -> Iterator[Desk]:
    """The desk of that configuration file. Raises Unable where the database fails; exits with 2 for a bad file."""
    config = load_or_fail(path)
    store = open_store(config.store_url)
    try:
        store.require()
        yield LocalDesk(store, config.public_dir)
    except StoreError as error:
        raise Unable(f"store: {error}") from None
    finally:
        store.close()


class LocalDesk:
    """Acts on the store as "cli:" and the system's user name. Whoever can write the database may do everything.

    `public` is where the web of this machine makes its pages, if it has one.
    """

    def __init__(self, store: Store, public: Path) -> None:
        self._store, self._clock, self._public = store, SystemClock(), public
        self._caller = Caller(f"cli:{_user()}", Role.ADMIN)
        self._incidents = Incidents(store, self._clock)
        self._maintenances = Maintenances(store, self._clock)
        self._routes = Routes(store, self._clock)

    def place(self) -> Place:
        site = site_of(self._store.state())
        return Place(site.name, ZoneInfo(site.time_zone), self._clock.now())

    def incidents(self, state: str, limit: int) -> Document:
        return self._incidents.listed(state, limit, None)

    def incident(self, id: str) -> Document:
        return self._incidents.one(id)

    def open_incident(self, document: Document, key: str) -> Document:
        return self._incidents.open(document, self._caller, key).document

    def update_incident(self, id: str, document: Document, key: str) -> Document:
        return self._incidents.update(id, document, self._caller, key).document

    def on_update(self, id: str, update: str, act: str, document: Document) -> Document:
        do = {"publish": self._incidents.publish, "withdraw": self._incidents.withdraw}[act]
        return do(id, update, document, self._caller).document

    def acknowledge(self, id: str) -> Document:
        return self._incidents.acknowledge(id, {}, self._caller).document

    def maintenances(self) -> Document:
        return self._maintenances.listed()

    def maintenance(self, id: str) -> Document:
        return self._maintenances.one(id)

    def plan(self, document: Document, key: str) -> Document:
        return self._maintenances.plan(document, self._caller, key).document

    def update_maintenance(self, id: str, document: Document, key: str) -> Document:
        return self._maintenances.update(id, document, self._caller, key).document

    def cancel(self, id: str, document: Document) -> Document:
        return self._maintenances.cancel(id, document, self._caller).document

    def withdraw_maintenance(self, id: str, update: str) -> Document:
        return self._maintenances.withdraw(id, update, {}, self._caller).document

    def routes(self) -> Document:
        return self._routes.listed()

    def route(self, id: str) -> Document:
        return self._routes.one(id)

    def why(self, id: str) -> Document:
        return self._routes.why(id)

    def on_route(self, id: str, act: str, document: Document) -> Document:
        return ACTS[act](self._routes, id, document, self._caller).document

    def ready(self, event: str | None) -> Document:
        return self._routes.ready(event, _made_at(self._public))


def _made_at(public: Path) -> datetime | None:
    """When the page was last made on this machine; None where it never was. A new folder is made for each."""
    try:
        return datetime.fromtimestamp((public / "current").stat().st_mtime, UTC)
    except OSError:
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "unknown"
