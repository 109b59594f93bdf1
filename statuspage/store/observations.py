"""Single observations: appended in batches, read newest first or after a checkpoint, pruned once folded.

They are kept in the order of an agent's sequence, which is the order of their arrival. That order serves
both ends: what a restart has to fold again is a tail of it, what retention removes is its beginning.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select
from sqlalchemy.engine import Row

from statuspage.core.observation import Observation, Outcome, Reason, Stage
from statuspage.store.database import Database, upsert
from statuspage.store.documents import clean, clean_facts
from statuspage.store.schema import beliefs, observations

_ROWS_AT_ONCE = 500
_IN_MEMORY = 4000

_FIELDS = observations.c


def append(connection: Connection, batch: Sequence[Observation]) -> None:
    """Write a batch. What is stored under the same (agent, seq) already stays as it is.

    Raises ValueError for an observation without a number.
    """
    rows = [_as_row(observation) for observation in batch]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        upsert(connection, observations, rows[start : start + _ROWS_AT_ONCE], keep=True)


def last_seq(connection: Connection, agent: str) -> int:
    """The highest number stored of an agent, 0 for none."""
    highest: int | None = connection.scalar(select(func.max(_FIELDS.seq)).where(_FIELDS.agent == agent))
    return highest or 0


def recent(connection: Connection, check: str, limit: int) -> tuple[Observation, ...]:
    """The newest observations of a check by all agents, newest start first."""
    found: list[Observation] = []
    for agent in _agents(connection, check):
        wanted = select(observations).where(_FIELDS.check == check, _FIELDS.agent == agent)
        newest = wanted.order_by(_FIELDS.seq.desc()).limit(limit)
        found.extend(_observation(row) for row in connection.execute(newest))
    found.sort(key=lambda each: (each.at, each.seq), reverse=True)
    return tuple(found[:limit])


def after(database: Database, agent: str, folded: Mapping[str, int]) -> Iterator[Observation]:
    """The agent's observations of the named checks with a number above the given one, in the order of `seq`.

    A check that nothing was folded of is named with 0. Some thousand rows are in memory at most, however
    many there are; they are read page by page, each in a transaction of its own.
    """
    page = max(_IN_MEMORY // max(len(folded), 1), 10)
    tails = [_tail(database, agent, check, seq, page) for check, seq in folded.items()]
    return heapq.merge(*tails, key=lambda each: each.seq)


@dataclass(frozen=True, slots=True)
class Place:
    """Where pruning has got to: the agent, and the number up to which its observations have been seen to."""

    agent: str
    seq: int = 0


BEGINNING = Place("")
"""Before the first agent: none has an empty name."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one batch removed, and where the next one goes on; None at the end."""

    removed: int
    onward: Place | None


def prune(database: Database, before: datetime, place: Place, batch: int) -> Pruned:
    """Remove observations that began before that moment and that the stored belief of their check has taken in.

    One batch from `place` on in one small transaction: other writers get in between two of them.
    """
    page = database.read(_oldest(place.agent, place.seq, batch))
    doomed = [row.seq for row in page if row.at < before and row.done]
    removed = database.write(_remove(place.agent, doomed)) if doomed else 0
    if len(page) == batch and any(row.at < before for row in page):
        return Pruned(removed, Place(place.agent, page[-1].seq))
    following = [agent for agent in database.read(_all_agents) if agent > place.agent]
    return Pruned(removed, Place(following[0]) if following else None)


def _tail(database: Database, agent: str, check: str, seq: int, page: int) -> Iterator[Observation]:
    while True:
        wanted = (
            select(observations)
            .where(_FIELDS.check == check, _FIELDS.agent == agent, _FIELDS.seq > seq)
            .order_by(_FIELDS.seq)
            .limit(page)
        )
        rows = database.read(_fetch(wanted))
        yield from (_observation(row) for row in rows)
        if len(rows) < page:
            return
        seq = rows[-1].seq


def _oldest(agent: str, seq: int, limit: int) -> "Callable[[Connection], Sequence[Row[Any]]]":
    folded_in = and_(beliefs.c.agent == _FIELDS.agent, beliefs.c.check == _FIELDS.check)
    return _fetch(
        select(_FIELDS.seq, _FIELDS.at, (_FIELDS.seq <= func.coalesce(beliefs.c.folded, 0)).label("done"))
        .select_from(observations.outerjoin(beliefs, folded_in))
        .where(_FIELDS.agent == agent, _FIELDS.seq > seq)
        .order_by(_FIELDS.seq)
        .limit(limit)
    )


def _fetch(wanted: Any) -> "Callable[[Connection], Sequence[Row[Any]]]":
    return lambda connection: connection.execute(wanted).all()


def _remove(agent: str, numbers: Sequence[int]) -> Callable[[Connection], int]:
    statement = delete(observations).where(_FIELDS.agent == agent, _FIELDS.seq.in_(numbers))
    return lambda connection: connection.execute(statement).rowcount


def _all_agents(connection: Connection) -> tuple[str, ...]:
    return _agents(connection)


def _agents(connection: Connection, check: str | None = None) -> tuple[str, ...]:
    """Every agent that stored something (of the check). One seek in an index each, where DISTINCT would read it all."""
    found: list[str] = []
    lowest = select(func.min(_FIELDS.agent))
    if check is not None:
        lowest = lowest.where(_FIELDS.check == check)
    agent = connection.scalar(lowest)
    while agent is not None:
        found.append(agent)
        agent = connection.scalar(lowest.where(_FIELDS.agent > agent))
    return tuple(found)


def _as_row(observation: Observation) -> dict[str, Any]:
    if observation.seq <= 0:
        raise ValueError(f"an observation of {observation.check} has no number")
    return {
        "agent": observation.agent,
        "seq": observation.seq,
        "check": observation.check,
        "at": observation.at,
        "outcome": observation.outcome.value,
        "took_ms": observation.took_ms,
        "reason": observation.reason.value if observation.reason else None,
        "stage": clean(observation.stage) if observation.stage else None,
        "detail": clean(observation.detail),
        "stages": [(clean(stage.name), stage.ms) for stage in observation.stages],
        "facts": clean_facts(observation.facts),
    }


def _observation(row: Row[Any]) -> Observation:
    return Observation(
        check=row.check,
        agent=row.agent,
        at=row.at,
        outcome=Outcome(row.outcome),
        took_ms=row.took_ms,
        reason=Reason(row.reason) if row.reason else None,
        stage=row.stage,
        detail=row.detail,
        stages=tuple(Stage(name, ms) for name, ms in row.stages),
        facts=row.facts,
        seq=row.seq,
    )
