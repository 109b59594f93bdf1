"""The databases of tests/databases.py, and a door with a clock that stands still."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from statuspage.auth import codes, passwords
from statuspage.auth.door import Door, Visitor
from statuspage.auth.invited import Desk
from statuspage.auth.keys import Keys
from statuspage.core.people import COMMAND, Actor, User
from statuspage.core.role import Role
from statuspage.store import Store
from tests.databases import START, database_url, postgres, postgres_url, sqlite_url, store
from tests.web.served import SetClock

__all__ = ["database_url", "postgres", "postgres_url", "sqlite_url", "store"]

SECRET = "fQ7-made-for-tests-0Zk3vVt9LmC2yXbW"
PASSWORD = "violet tractor sings under moss"
HERE, THERE = Visitor("192.0.2.1", "a browser"), Visitor("198.51.100.7", "another")


@dataclass
class House:
    """A door, what stands behind it, and its clock."""

    store: Store
    clock: SetClock
    keys: Keys

    @property
    def door(self) -> Door:
        return Door(self.store.accounts, self.keys, self.clock)

    @property
    def desk(self) -> Desk:
        return Desk(self.store.accounts, self.keys, self.clock, "Acme")

    def add(self, name: str, role: Role = Role.ADMIN, *, with_codes: bool = True) -> str:
        """A user with the password of these tests; the seed of their codes."""
        seed = codes.new_seed()
        totp = self.keys.close_seed(seed) if with_codes else None
        user = User(name, role, self.clock.now(), passwords.keep(PASSWORD), totp)
        self.store.accounts.add_user(user, Actor(COMMAND, "here"))
        return seed

    def code(self, seed: str) -> str:
        """What a phone shows now."""
        return codes.code_at(seed, self.clock.now())

    def later(self, **length: float) -> None:
        self.clock.at += timedelta(**length)


@pytest.fixture
def house(store: Store) -> House:
    """A house that nobody lives in yet."""
    return House(store, SetClock(START), Keys(SECRET))
