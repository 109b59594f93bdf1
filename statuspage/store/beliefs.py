"""Checkpoints of what an agent believes: with the observations that follow them nothing is forgotten."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from statuspage.core.detection import Belief
from statuspage.store.database import upsert
from statuspage.store.documents import Document
from statuspage.store.schema import beliefs

_BELIEF = Document(Belief)


def save(connection: Connection, held: Iterable[Belief]) -> None:
    """Replace the stored beliefs of these checks and agents."""
    rows = [
        {"agent": each.agent, "check": each.check, "folded": each.folded, "document": _BELIEF.write(each)}
        for each in held
    ]
    upsert(connection, beliefs, rows)


def read(connection: Connection, agent: str) -> dict[str, Belief]:
    """The stored beliefs of an agent by check."""
    found = connection.execute(select(beliefs.c.check, beliefs.c.document).where(beliefs.c.agent == agent))
    return {row.check: _BELIEF.read(row.document) for row in found}


def last_folded(connection: Connection, agent: str) -> int:
    """The highest `seq` that any stored belief of the agent has taken in; 0 for none."""
    highest: int | None = connection.scalar(select(func.max(beliefs.c.folded)).where(beliefs.c.agent == agent))
    return highest or 0
