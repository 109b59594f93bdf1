"""Asks applications for their load, each at its own interval, and keeps what they say.

What cannot be asked says nothing: the rules fall back on the configured peak. It is logged once a change.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from statuspage.core.clock import Clock
from statuspage.core.load import Signal
from statuspage.monitor.writer import Writer
from statuspage.store import StoreError

log = logging.getLogger(__name__)

Numbers = tuple[float | None, float | None]
"""Users, and new connections a second."""


@dataclass(frozen=True, slots=True)
class Source:
    """One `[[signal]]`: `ask` blocks and may raise anything. `every` is in seconds."""

    id: str
    subject: str
    every: float
    ask: Callable[[], Numbers]


class Pulling:
    """The sources of one monitor."""

    def __init__(self, clock: Clock, writer: Writer) -> None:
        self._clock, self._writer = clock, writer
        self._sources: Mapping[str, Source] = {}
        self._due: dict[str, float] = {}
        self._complaints: dict[str, str] = {}

    def adopt(self, sources: Sequence[Source]) -> None:
        """Ask these from now on."""
        self._sources = {each.id: each for each in sources}
        self._due = {id: at for id, at in self._due.items() if id in self._sources}

    async def pull(self) -> None:
        """Ask whoever is due, all at once, and write what they say."""
        now = self._clock.monotonic()
        due = [each for each in self._sources.values() if self._due.get(each.id, now) <= now]
        for each in due:
            self._due[each.id] = now + each.every
        found = await asyncio.gather(*(self._ask(each) for each in due))
        said = tuple(each for each in found if each is not None)
        if said:
            at = self._clock.now()
            try:
                await self._writer.submit(lambda store: store.add_signals(said, at), after_noted=False)
            except StoreError as error:
                log.warning("signals wait for nobody, these are lost: %s", error)

    async def _ask(self, source: Source) -> Signal | None:
        try:
            users, rate = await asyncio.to_thread(source.ask)
        except (OSError, ValueError) as error:
            self._complain(source.id, str(error))
            return None
        except Exception as error:  # What nobody thought of in one source must not cost what the others say.
            self._complain(source.id, f"{type(error).__name__}: {error}")
            return None
        if users is None and rate is None:
            self._complain(source.id, "there is no number where one is expected")
            return None
        self._complaints.pop(source.id, None)
        return Signal(source.subject, self._clock.now(), int(users) if users is not None else None, rate)

    def _complain(self, id: str, why: str) -> None:
        if self._complaints.get(id) != why:
            log.warning("signal %s says nothing: %s", id, why)
        self._complaints[id] = why
