"""Taking decisions: what is believed goes through the pure core, inside the store's transaction.

A decision that cannot be written is taken again at the next tick, from what is believed by then.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime

from statuspage.core import decide
from statuspage.core.clock import Clock
from statuspage.core.detection import Belief
from statuspage.core.observation import Reason
from statuspage.core.refusals import Refused
from statuspage.core.state import Decision, State
from statuspage.monitor.beliefs import Beliefs
from statuspage.monitor.writer import Writer
from statuspage.store import StoreError

log = logging.getLogger(__name__)


class Deciding:
    """The decisions of one agent that holds the lease. Every method may raise StaleLease."""

    def __init__(self, agent: str, clock: Clock, beliefs: Beliefs, writer: Writer) -> None:
        self._agent = agent
        self._clock = clock
        self._beliefs = beliefs
        self._writer = writer
        self._state = State()
        self._revision = -1
        self._ordering = asyncio.Lock()
        self._pending: deque[Callable[[State], Decision]] = deque()
        self.lease = 0
        self.blind_since: datetime | None = None
        self.blind_reason: Reason | None = None
        self._told_of_rest = False

    async def decide(self) -> None:
        """Let time pass, and commit what follows from the beliefs, if anything does."""
        now = self._clock.now()
        self._beliefs.tick(now)
        try:
            if not await self._commit_pending():
                return
        except Refused as refused:
            log.error("what waited for the store is refused by now: %s", refused)
        moves, beliefs = self._beliefs.moves, dict(self._beliefs.all)
        not_before, newest = self._beliefs.watching_since, dict(self._beliefs.newest_bad)
        if not moves and not await self._is_news(beliefs, now):
            return
        decided: list[Decision] = []

        def command(state: State) -> Decision:
            decided[:] = [decide.decide(state, beliefs, moves, now, not_before, newest)]
            return decided[0]

        if await self._commit(command):
            self._beliefs.taken_up(moves)
            for decision in decided:
                _tell(decision)

    def remember(self, command: Callable[[State], Decision]) -> None:
        """Commit a command with the next decision."""
        self._pending.append(command)

    async def order(self, command: Callable[[State], Decision]) -> None:
        """Commit a command that must not be lost: now, or before the next decision that the store takes.

        Raises Refused for what the rules refuse.
        """
        self._pending.append(command)
        await self._commit_pending()

    async def _commit_pending(self) -> bool:
        # A reload orders while the decider decides: one at a time, in the order they came.
        async with self._ordering:
            while self._pending:
                try:
                    if not await self._commit(self._pending[0]):
                        return False
                except Refused:
                    # What is refused once is refused for ever: it must not be tried before every further decision.
                    self._pending.popleft()
                    raise
                self._pending.popleft()
        return True

    async def _commit(self, command: Callable[[State], Decision]) -> bool:
        """Transact; whether the command's decision stands (an empty one does)."""
        now = self._clock.now()
        try:
            head = await self._writer.submit(lambda store: store.transact(command, now, self.lease))
            # What was just decided is part of the next state; reading it again is the honest way to know it.
            self._state = await self._writer.submit(lambda store: store.state(now), after_noted=False)
            if head is None:
                head = await self._writer.submit(lambda store: store.head(), after_noted=False)
        except StoreError as error:
            if not error.retry:
                raise
            log.warning("a decision waits for the store: %s", error)
            return False
        self._revision = head.revision
        return True

    async def notice_blindness(self, anchors_blind: bool) -> bool:
        """Journal that we went blind or see again; whether that changed."""
        reason = self._blind_for(anchors_blind)
        if (reason is not None) == (self.blind_since is not None):
            return False
        now = self._clock.now()
        self.blind_since, self.blind_reason = (now, reason) if reason else (None, None)
        log.warning("this monitor %s", f"cannot see: {reason}" if reason else "sees again")
        kind = "blind" if reason else "recovered"
        decision = decide.monitor_event(kind, self._agent, now, {"reason": reason.value} if reason else {})
        await self.order(lambda state: decision)
        return True

    async def notice_rest(self, rested: float, told_after: float) -> None:
        """Tell people once that decisions rest for longer than that, as stalls follow each other, and of the end."""
        if self._told_of_rest == (rested > told_after) or (self._told_of_rest and rested):
            return
        self._told_of_rest = rested > told_after
        now = self._clock.now()
        if self._told_of_rest:
            log.error("no decision was taken for %.0f s: this process stands still again and again", rested)
            decision = decide.monitor_event("resting", self._agent, now, {"rested_s": round(rested)})
        else:
            log.warning("decisions are taken again")
            decision = decide.monitor_event("deciding", self._agent, now)
        await self.order(lambda state: decision)

    def _blind_for(self, anchors_blind: bool) -> Reason | None:
        beliefs = list(self._beliefs.all.values())
        # With the anchors down and every target answering there is nothing that we do not see.
        if anchors_blind and any(belief.blind_runs for belief in beliefs):
            return Reason.ANCHORS
        if beliefs and all(belief.blind_runs for belief in beliefs):
            return beliefs[0].blind_reason
        return None

    async def _is_news(self, beliefs: Mapping[str, Belief], now: datetime) -> bool:
        """Whether there is anything to decide although no verdict moved: others wrote, or time passed an edge."""
        try:
            head = await self._writer.submit(lambda store: store.head(), after_noted=False)
        except StoreError:
            return False
        if head.revision != self._revision:
            return True
        return not decide.decide(self._state, beliefs, (), now, self._beliefs.watching_since).is_empty


def _tell(decision: Decision) -> None:
    """One log line for each verdict and each component that changed, with the evidence."""
    for belief in decision.beliefs:
        why = f", {belief.reason} at stage {belief.stage}" if belief.reason else ""
        log.info("check %s is %s since %s%s", belief.check, belief.verdict, f"{belief.since:%H:%M:%S}", why)
    for change in decision.changes:
        log.warning("component %s: %s, was %s", change.component, change.new, change.old)
    for event in decision.events:
        if event.kind == "route.moved":
            log.warning("route %s: %s, was %s (%s)", event.subject, *(event.data[k] for k in ("to", "from", "reason")))
        elif event.kind.startswith("route."):
            log.info("%s %s", event.kind, event.subject)
    for incident in decision.incidents:
        log.warning("incident %s (%s) is %s", incident.id, incident.title, incident.state)
