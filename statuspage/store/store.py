"""The store as everybody else sees it: one method an act, each of them one transaction (pruning: many small ones)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from statuspage.core.detection import Belief
from statuspage.core.felt import Stretch
from statuspage.core.incident import Incident
from statuspage.core.load import Signal
from statuspage.core.observation import Observation
from statuspage.core.state import Decision, Heartbeat, Snapshot, State
from statuspage.store import (
    beliefs,
    days,
    felt,
    head,
    heartbeats,
    incidents,
    journal,
    observations,
    outbox,
    routes,
    snapshot,
    transact,
    version,
)
from statuspage.store.accounts import Accounts
from statuspage.store.database import Database
from statuspage.store.head import Head
from statuspage.store.journal import Entry
from statuspage.store.outbox import Outbox
from statuspage.store.transact import Command


def open_store(url: str) -> "Store":
    """A store at `sqlite:///path` or `postgresql+psycopg://…`. Nothing is opened before it is first used.

    Raises StoreError for an address that is none.
    """
    return Store(Database(url))


class Store:
    """Safe to use from several threads. Every method may raise StoreError; then nothing was written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelf = incidents.Shelf()
        self.outbox = Outbox(database)
        self.accounts = Accounts(database)

    def upgrade(self, now: datetime) -> None:
        """Create or migrate the database. Idempotent; any number of processes may do it at once.

        Raises StoreMissing or StoreCorrupt for a database that was there before and is not what it was,
        StoreOutdated for one that a newer version wrote.
        """
        from statuspage.store import upgrade  # Alembic is needed at no other time, and is slow to import.

        upgrade.upgrade(self._database, now)

    def require(self) -> None:
        """See that there is a database of this program's schema, without making or changing one.

        Raises StoreMissing, StoreOutdated or StoreCorrupt.
        """
        version.require(self._database)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    # deciding

    def head(self) -> Head:
        """Generation, revision and lease epoch."""
        return self._database.read(head.read)

    def state(self, now: datetime | None = None, also: Sequence[str] = (), *, agent: str | None = None) -> State:
        """What a decision would read; `also` are ids of older incidents. Without `now` no incident is merely warm.

        With an agent its stored beliefs are read too.
        """
        return self._database.read(lambda connection: transact.read_state(connection, now, also, agent=agent))

    def take_lease(self) -> int:
        """Become the one who decides: the new lease epoch. Whoever held an older one can decide nothing more."""
        return self._database.write_once(head.take_lease)

    def transact(self, command: Command, now: datetime, lease_epoch: int | None = None) -> Head | None:
        """Run a pure command on the present state and write its decision whole, with the next revision.

        The command may be run twice. None, and no revision used, for an empty decision. Raises StaleLease when
        the lease epoch is given and another one holds; whatever the command raises comes out as it is.
        """
        written = self._database.write_once(lambda connection: transact.transact(connection, command, now, lease_epoch))
        return written.head if written is not None else None

    def act(self, command: Command, now: datetime, also: Sequence[str] = (), *, agent: str | None = None) -> Decision:
        """Do what a person asks for, on the present state and the older incidents and maintenances of `also`.

        With an agent the state has its stored beliefs.
        Returns the decision as it is stored, empty when there was nothing to do. When it returns it is on disk.
        """
        written = self._database.write_once(
            lambda connection: transact.transact(connection, command, now, None, also, agent=agent)
        )
        return written.decision if written is not None else Decision()

    def bury(
        self, message: str, token: str, why: str, said: Decision, now: datetime, *, silence: str | None = None
    ) -> bool:
        """Mark a claimed message as dead, write what is said of it, and leave the destination `silence` alone.

        All at once, or nothing: False where the claim was lost.
        """

        def work(connection: Connection) -> bool:
            # The decision first: it takes the lock of `head`, which is taken before that of a message everywhere.
            transact.transact(connection, lambda _: said, now, None)
            if not outbox.bury(connection, message, token, why, now):
                connection.rollback()
                return False
            if silence is not None:
                outbox.silence(connection, silence, why, now)
            return True

        return self._database.write_once(work)

    def settle(self, message: str, token: str, said: Decision, now: datetime) -> bool:
        """Mark a claimed message as delivered and write what came of it, both or nothing. False for a lost claim."""

        def work(connection: Connection) -> bool:
            transact.transact(connection, lambda _: said, now, None)
            if not outbox.settle(connection, message, token, now):
                connection.rollback()
                return False
            return True

        return self._database.write_once(work)

    def incidents(self, limit: int, before: int | None = None) -> list[Incident]:
        """The newest incidents by number, drafts among them; `before` is the number to go on from."""
        return self._database.read(lambda connection: incidents.listed_incidents(connection, limit, before))

    def journal(self, after: tuple[int, int] | None = None, limit: int = 1000) -> tuple[Entry, ...]:
        """The events that follow (revision, position), oldest first."""
        return self._database.read(lambda connection: journal.read(connection, after, limit))

    def newest_events(
        self, limit: int, before: tuple[int, int] | None = None, kind: str = "", subject: str = ""
    ) -> tuple[Entry, ...]:
        """The newest events before (revision, position), newest first; of one kind or subject where that is given."""
        return self._database.read(lambda connection: journal.newest(connection, limit, before, kind, subject))

    # seeing

    def append(self, batch: Sequence[Observation]) -> None:
        """Write observations in one transaction; repeating it changes nothing. When it returns they are on disk.

        Raises ValueError for an observation whose `seq` is 0.
        """
        if batch:
            self._database.write(lambda connection: observations.append(connection, batch))

    def add_signals(self, said: Sequence[Signal], now: datetime) -> None:
        """Keep what applications say of users and new connections. When it returns it is on disk."""
        if said:
            self._database.write(lambda connection: routes.add_signals(connection, said, now))

    def add_felt(self, worker: str, counted: Sequence[tuple[str, Stretch]]) -> None:
        """Keep the finished slots of one worker of the web, each with its provider; repeating it changes nothing."""
        if counted:
            self._database.write(lambda connection: felt.add(connection, worker, counted))

    def last_seq(self, agent: str) -> int:
        """The highest number ever stored of an agent's observations, pruned ones included; 0 for none."""
        return self._database.read(
            lambda connection: max(observations.last_seq(connection, agent), beliefs.last_folded(connection, agent))
        )

    def recent(self, check: str, limit: int) -> tuple[Observation, ...]:
        """The newest observations of a check, newest first."""
        return self._database.read(lambda connection: observations.recent(connection, check, limit))

    def beliefs(self, agent: str) -> dict[str, Belief]:
        """The stored beliefs of an agent by check."""
        return self._database.read(lambda connection: beliefs.read(connection, agent))

    def save_beliefs(self, held: Iterable[Belief]) -> None:
        """Write a checkpoint of beliefs."""
        rows = tuple(held)
        if rows:
            self._database.write(lambda connection: beliefs.save(connection, rows))

    def observations_after(self, agent: str, folded: Mapping[str, int]) -> Iterator[Observation]:
        """The observations of the named checks with a `seq` above the given one, in the order of `seq`.

        Name a check that has no belief yet with 0. Read page by page while it is iterated over.
        """
        return observations.after(self._database, agent, folded)

    def beat(self, sign: Heartbeat) -> None:
        """Replace an agent's last sign of life."""
        self._database.write(lambda connection: heartbeats.beat(connection, sign))

    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """The last sign of life of every agent."""
        return self._database.read(heartbeats.read)

    # keeping

    def roll_up(self, now: datetime) -> int:
        """Bring the daily figures of every component up to now, missed days included; how many days were written."""
        return self._database.write(lambda connection: days.roll_up(connection, now))

    def prune(
        self,
        now: datetime,
        keep_observations: timedelta,
        place: observations.Place = observations.BEGINNING,
        batch: int = 500,
    ) -> observations.Pruned:
        """Remove older observations that their check's stored belief has taken in: one batch from `place` on."""
        return observations.prune(self._database, now - keep_observations, place, batch)

    def roll_up_felt(self, now: datetime) -> int:
        """Sum up by hours what users felt; how many hours were written."""
        return self._database.write(lambda connection: felt.roll_up(connection, now))

    def prune_felt(self, now: datetime) -> int:
        """Remove slots after a week and hours after a quarter of a year; how many rows that were."""
        return self._database.write(lambda connection: felt.prune(connection, now))

    # showing

    def snapshot(self, now: datetime) -> Snapshot | None:
        """What the public pages say: 90 days, the newest 50 troubles. None before a site was published."""
        return self._database.read(lambda connection: snapshot.read(connection, now, self._shelf))
