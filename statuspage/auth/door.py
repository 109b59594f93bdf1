"""Signing in, in two steps: name and password, then a code. Whoever is refused learns nothing but that.

Every try is charged to the address and to the account before it is judged (core/throttle.py), for names that
nobody has as well. Between the steps the browser holds a pass that says whose password was right.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from statuspage.auth import codes, links, passwords
from statuspage.auth.keys import Keys
from statuspage.core.clock import Clock
from statuspage.core.people import Actor, Session, User
from statuspage.core.refusals import Refused
from statuspage.core.throttle import ACCOUNT, ADDRESS, CODE, address_key
from statuspage.store.accounts import Accounts
from statuspage.store.attempts import Limits

PASS_LASTS = timedelta(minutes=5)
_PASSWORD_GIVEN = "password given"


class Wrong(Exception):
    """Not let in. There is nothing more to know."""


class TooOld(Exception):
    """The pass from the first step is no good any more: begin again."""


class TooMany(Exception):
    """Not judged, for too many tries failed. `wait` is how long until the next one."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait

    @property
    def seconds(self) -> int:
        """Rounded up."""
        return max(1, int(self.wait.total_seconds() + 0.999))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class HalfWay:
    """The password was right. `seed` is set where there are no codes yet: show it, the next step keeps it."""

    user: str
    carried: str
    seed: str | None = None


class Door:
    """Judges who may come in. Every method may raise StoreError."""

    def __init__(self, accounts: Accounts, keys: Keys, clock: Clock) -> None:
        self._accounts, self._keys, self._clock = accounts, keys, clock

    def password(self, name: str, password: str, visitor: Visitor) -> HalfWay:
        """The first step. Raises Wrong, TooMany."""
        now, name = self._clock.now(), name.strip().lower()
        limits = {address_key(visitor.address): ADDRESS, _key("account", name): ACCOUNT}
        self._reserve(limits, now)
        user = self._accounts.user(name)
        kept = user.password if user is not None and user.is_active else None
        if not passwords.matches(kept, password) or user is None or kept is None:
            # Who mistypes may put the password where the name goes: only names that exist are written down.
            self._refused(name if user is not None else "", "password", visitor, now)
        if passwords.is_weakly_kept(kept):
            stronger = passwords.keep(password)
            self._accounts.rehash(name, kept, stronger)
            kept = stronger
        self._accounts.forgive(limits, now)
        return self._half_way(user, kept, now)

    def code(self, carried: str, code: str, visitor: Visitor) -> str:
        """The second step: the secret of the new session. Raises Wrong, TooMany, TooOld."""
        now = self._clock.now()
        found = self._keys.read_pass(_PASSWORD_GIVEN, carried, PASS_LASTS, now)
        user = self._accounts.user(found["user"]) if found is not None else None
        if found is None or user is None or not user.is_active or _mark(user.password) != found["mark"]:
            raise TooOld
        limits = {address_key(visitor.address): ADDRESS, _key("code", user.name): CODE}
        self._reserve(limits, now)
        fresh = found.get("seed")
        seed = fresh or (self._keys.open_seed(user.totp) if user.totp is not None else None)
        step = codes.step_of(seed, code, now) if seed is not None and (user.totp is None or not fresh) else None
        secret = self._open(user, seed, step, visitor, now)
        self._accounts.forgive(limits, now)
        return secret

    def again(self, carried: str) -> HalfWay:
        """What to show when the code was wrong. Raises TooOld."""
        found = self._keys.read_pass(_PASSWORD_GIVEN, carried, PASS_LASTS, self._clock.now())
        if found is None:
            raise TooOld
        return HalfWay(found["user"], carried, found.get("seed"))

    def confirm(self, user: User, password: str, visitor: Visitor) -> None:
        """Whether somebody who is signed in is still the one who did it. Raises Wrong, TooMany."""
        now = self._clock.now()
        limits = {address_key(visitor.address): ADDRESS, _key("account", user.name): ACCOUNT}
        self._reserve(limits, now)
        if not passwords.matches(user.password, password):
            self._refused(user.name, "password", visitor, now)
        self._accounts.forgive(limits, now)

    def _half_way(self, user: User, kept: str, now: datetime) -> HalfWay:
        seed = codes.new_seed() if user.totp is None else None
        more = {"seed": seed} if seed is not None else {}
        carried = self._keys.write_pass(_PASSWORD_GIVEN, now, user=user.name, mark=_mark(kept), **more)
        return HalfWay(user.name, carried, seed)

    def _open(self, user: User, seed: str | None, step: int | None, visitor: Visitor, now: datetime) -> str:
        if seed is None or step is None:
            self._refused(user.name, "code", visitor, now)
        renew = user.totp is None or not self._keys.is_kept_well(user.totp)
        secret, session = new_session(user.name, visitor, now)
        try:
            self._accounts.sign_in(user, step, session, self._keys.close_seed(seed) if renew else None)
        except Refused as refusal:
            self._refused(user.name, refusal.field, visitor, now)
        return secret

    def _reserve(self, limits: Limits, now: datetime) -> None:
        wait = self._accounts.reserve(limits, now)
        if wait:
            raise TooMany(wait)

    def _refused(self, name: str, what: str, visitor: Visitor, now: datetime) -> NoReturn:
        self._accounts.note("login.refused", name, Actor(name, visitor.address), now, what=what)
        raise Wrong


def new_session(user: str, visitor: Visitor, now: datetime) -> tuple[str, Session]:
    """A session's secret, and the value to store."""
    secret, id = links.fresh()
    return secret, Session(id, user, now, now, visitor.address, visitor.agent)


def _key(what: str, name: str) -> str:
    """A key that does not keep what was typed: it may have been a password."""
    return f"{what} {hashlib.sha256(name.encode('utf-8', errors='replace')).hexdigest()[:32]}"


def _mark(kept: str | None) -> str:
    """Tells one stored password from another without showing it."""
    return hashlib.sha256((kept or "").encode()).hexdigest()
