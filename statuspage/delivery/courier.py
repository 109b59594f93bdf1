"""The courier: takes due messages out of the outbox, sends them in threads, and marks what became of them.

Every destination has its own few places, so that one which accepts and never answers delays nobody else; messages
of one queue follow one another, for the outbox gives out only the oldest. A mark that the store cannot take just now
is tried again while the claim keeps others away. If this process dies in between, the claim runs out and the
message is sent again, under the same id.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from statuspage.core.addresses import Policy
from statuspage.core.clock import Clock
from statuspage.core.outgoing import Compose, Context
from statuspage.core.retrying import Answer, Dead, Delivered, Disable, Outcome, Retry, Trouble, schedule
from statuspage.core.telling import Message
from statuspage.delivery.obituary import Obituaries
from statuspage.delivery.outbound import send
from statuspage.delivery.outcome import done, failed
from statuspage.delivery.threads import Threads
from statuspage.fields import redact
from statuspage.store import Store, StoreError
from statuspage.store.outbox import Claim

log = logging.getLogger(__name__)

T = TypeVar("T")

IN_FLIGHT = 4
"""How many messages one destination is sent at once."""
MARGIN = timedelta(seconds=30)
"""How much longer a claim holds than a try may take: time for the mark."""
SILENCED_FOR = timedelta(hours=24)
"""How long messages wait for a silenced destination."""
STRANGER_FOR = timedelta(minutes=1)
"""The page may know of a new destination a moment before we do."""
KEEP = timedelta(days=30)
"""How long settled messages are kept."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. Tests scale them; the product uses the defaults."""

    poll: float = 0.5
    mark_again: float = 0.5
    house: float = 60.0
    grace: float = 3.0
    """For what is under way when the courier ends."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The way to one destination. `deadline` is in seconds; `secrets` are kept out of every text."""

    compose: Compose
    policy: Policy
    deadline: float
    secrets: tuple[str, ...] = ()
    site_name: str = ""
    site_url: str = ""
    acts: bool = False
    """An actuator: what comes of a message is written down."""

    def send(self, message: Message, clock: Clock) -> Answer:
        """One try. Blocks, never raises."""
        try:
            outgoing = self.compose(message, Context(self.site_name, self.site_url, clock.now()))
        except Exception as error:
            return Answer(trouble=Trouble.INTERNAL, detail=redact(f"{type(error).__name__}: {error}", self.secrets))
        return send(outgoing, self.policy, self.deadline, clock, secrets=self.secrets)


class Submit(Protocol):
    """Runs a job on the store in a thread of its own, such as `Writer.submit`. Raises what the job raises."""

    def __call__(self, job: Callable[[Store], T], /) -> Awaitable[T]: ...


class Courier:
    """Delivers while `run` runs. Everything but `run`'s own work is called on the loop.

    `worker` names this process in its claims. `jitter` gives numbers in -1…1.
    """

    def __init__(
        self,
        submit: Submit,
        clock: Clock,
        senders: Mapping[str, Sender],
        *,
        worker: str = "courier",
        times: Times | None = None,
        jitter: Callable[[], float] = lambda: random.uniform(-1, 1),
    ) -> None:
        self._submit = submit
        self._clock = clock
        self._senders = dict(senders)
        self._worker = worker
        self._times = times or Times()
        self._jitter = jitter
        self._wake = asyncio.Event()
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._threads = Threads("courier", IN_FLIGHT * 64)
        self._obituaries = Obituaries(clock)
        self._house_at = 0.0
        self._troubled = False
        self._released = False

    def adopt(self, senders: Mapping[str, Sender]) -> None:
        """Go on with other destinations. What waits for one that left is dropped soon."""
        self._senders = dict(senders)
        self._house_at = 0.0
        self._wake.set()

    def wake(self) -> None:
        """There may be something to send: look now, not at the next poll."""
        self._wake.set()

    @property
    def in_flight(self) -> Mapping[str, int]:
        """How many messages each destination is being sent now."""
        return Counter(self._tasks.values())

    async def run(self) -> None:
        """Deliver until cancelled; then what is under way gets a few seconds to be marked."""
        try:
            while True:
                self._wake.clear()
                await self._round()
                # Not wait_for: before Python 3.12 it can swallow a cancellation that comes together with the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._times.poll):
                        await self._wake.wait()
        finally:
            await self._end()
            self._threads.close()

    async def _round(self) -> None:
        try:
            await self._release()
            await self._keep_house()
            claims = await self._claim()
        except StoreError as error:
            if not self._troubled:
                log.warning("messages wait for the store: %s", error)
            self._troubled = True
            return
        except Exception:
            log.exception("looking for messages failed")
            return
        self._troubled = False
        for claim in claims:
            task = asyncio.get_running_loop().create_task(self._deliver(claim))
            self._tasks[task] = claim.message.destination
            task.add_done_callback(self._delivered)

    async def _release(self) -> None:
        """What a dead process of this name had in hand is sent again at once: it may never have left."""
        if not self._released:
            worker = self._worker
            await self._submit(lambda store: store.outbox.release(worker))
            self._released = True

    async def _claim(self) -> tuple[Claim, ...]:
        busy = self.in_flight
        room = {name: left for name in self._senders if (left := IN_FLIGHT - busy.get(name, 0)) > 0}
        if not room:
            return ()
        now, worker = self._clock.now(), self._worker
        lease = timedelta(seconds=max(each.deadline for each in self._senders.values())) + MARGIN
        return await self._submit(lambda store: store.outbox.claim(now, room, lease, worker))

    def _delivered(self, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(task, None)
        self._wake.set()  # the next of its queue may go now
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivering a message failed", exc_info=error)

    async def _deliver(self, claim: Claim) -> None:
        message = claim.message
        sender = self._senders.get(message.destination)
        if sender is None:
            return  # it left between claim and now: the claim runs out, and the house is kept
        if _is_about_its_own_death(message):
            now = self._clock.now()
            await self._mark(lambda store: store.outbox.dropped(message.id, claim.token, "it is about itself", now))
            return
        answer = await asyncio.wrap_future(self._threads.submit(lambda: sender.send(message, self._clock)))
        now = self._clock.now()
        outcome = schedule(message.attempts, message.first_tried_at or now, answer, now, self._jitter())
        await self._settle(claim, outcome, answer, now, acts=sender.acts)

    async def _settle(self, claim: Claim, outcome: Outcome, answer: Answer, now: datetime, *, acts: bool) -> None:
        message, token = claim.message, claim.token
        match outcome:
            case Delivered() if acts:
                await self._mark(lambda store: store.settle(message.id, token, done(message, now), now))
            case Delivered():
                await self._mark(lambda store: store.outbox.delivered(message.id, token, now))
                if message.attempts > 1:
                    await self._mark(lambda store: store.outbox.hasten(message.destination, now) > 0)
            case Retry(due):
                log.warning("%s was not told of %s: %s", message.destination, message.subject, answer)
                await self._mark(lambda store: store.outbox.retry(message.id, token, due, str(answer)))
            case Dead(why) | Disable(why):
                log.error("%s will not be told of %s: %s", message.destination, message.subject, why)
                disabled = isinstance(outcome, Disable)
                said = self._obituaries.decision(message, why, disabled=disabled)
                if acts:
                    said = replace(said, events=(*said.events, failed(message, why, now)))
                quiet = message.destination if disabled else None
                await self._mark(lambda store: store.bury(message.id, token, why, said, now, silence=quiet))

    async def _mark(self, job: Callable[[Store], bool]) -> bool:
        """Run the job until the store takes it. False for a lost claim: somebody else has the message."""
        while True:
            try:
                return await self._submit(job)
            except StoreError as error:
                if not error.retry:
                    log.error("what became of a message cannot be written: %s", error)
                    return False
            await asyncio.sleep(self._times.mark_again)

    async def _keep_house(self) -> None:
        if self._clock.monotonic() < self._house_at:
            return
        now, known = self._clock.now(), tuple(self._senders)

        def clean(store: Store) -> None:
            store.outbox.drop_strangers(known, now - STRANGER_FOR, now)
            store.outbox.bury_silenced(now - SILENCED_FOR, now)
            store.outbox.prune(now - KEEP)

        await self._submit(clean)
        self._house_at = self._clock.monotonic() + self._times.house

    async def _end(self) -> None:
        if not self._tasks:
            return
        _, late = await asyncio.wait(tuple(self._tasks), timeout=self._times.grace)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if late:
            log.warning("%d messages were under way at the end; they are sent again", len(late))


def _is_about_its_own_death(message: Message) -> bool:
    """A destination that does not take messages need not be told so."""
    return message.kind == "message.dead" and message.subject == message.destination
