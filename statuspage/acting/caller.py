"""Who asks, what they may, and what they get."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.clock import Clock
from statuspage.core.parsing import shown
from statuspage.core.refusals import NotThere
from statuspage.core.role import Role
from statuspage.core.site import Site
from statuspage.core.state import Decision, State
from statuspage.core.typed import site_of
from statuspage.core.writing import Document
from statuspage.store import Store

Command = Callable[[State, datetime], Decision]
"""What shall be done at that moment, on that state."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,40}")


class NotAllowed(Exception):
    """The caller's role does not reach. `needed` would."""

    def __init__(self, needed: Role, role: Role) -> None:
        super().__init__(needed, role)
        self.needed, self.role = needed, role

    def __str__(self) -> str:
        return f"this needs the role {self.needed}; yours is {self.role}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name that the journal keeps, such as "token:deploys" or "cli:anna", and the role."""

    by: str
    role: Role

    def need(self, role: Role) -> None:
        """Raises NotAllowed for less than this role."""
        if not self.role.may(role):
            raise NotAllowed(role, self.role)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act: the id of its subject, and the subject as it stands now."""

    id: str
    document: Document


@dataclass(frozen=True, slots=True)
class Acted:
    """A decision as it is stored, and the state that it was made on."""

    decision: Decision
    state: State

    @property
    def site(self) -> Site:
        return site_of(self.state)


def act(store: Store, clock: Clock, command: Command, also: str = "", *, agent: str | None = None) -> Acted:
    """Run a command on the present state and the incident or maintenance `also`. Raises what it raises, StoreError.

    With an agent the state has its stored beliefs.
    """
    seen: list[State] = []
    now = clock.now()

    def run(state: State) -> Decision:
        seen[:] = [state]  # it may be run twice
        return command(state, now)

    decision = store.act(run, now, (also,), agent=agent)
    return Acted(decision, seen[0])


def an_id(what: str, text: str) -> str:
    """An id that can be looked up. Raises NotThere for what cannot be one."""
    if not _ID.fullmatch(text):
        raise NotThere(what, shown(text))
    return text


def a_key(given: str | None) -> str:
    """The key that makes a repeat harmless; a new one for who brings none."""
    return given if given is not None else secrets.token_hex(12)
