"""One run: its deadline, its stages, and the one place where exceptions become an Observation."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from statuspage.core.clock import Clock
from statuspage.core.observation import Fact, Observation, Outcome, Reason, Stage
from statuspage.fields import redact

DETAIL_LIMIT = 300

GRACE = 0.05
"""Seconds that the whole run's own timer waits beyond the stages', so that the stage gets to say what was missing."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a run is given by whoever starts it.

    `timeout` and `slow_over` are seconds for the whole run; `limits` holds seconds for single stages, each
    never longer than what is left of the whole. `secrets` are redacted from everything the run returns.
    """

    check: str
    agent: str
    clock: Clock
    timeout: float = 8.0
    slow_over: float = 2.0
    limits: Mapping[str, float] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


class Failed(Exception):
    """The target failed. Raised inside a stage; carries what the Observation will say."""

    def __init__(self, reason: Reason, detail: str = "", stage: str | None = None) -> None:
        super().__init__(reason, detail, stage)
        self.reason = reason
        self.detail = detail
        self.stage = stage


class Blinded(Exception):
    """We could not look: our own fault."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


LOCAL_ERRORS = {
    errno.ENETUNREACH: Reason.NO_ROUTE,
    errno.ENETDOWN: Reason.NO_ROUTE,
    errno.EMFILE: Reason.NO_HANDLES,
    errno.ENFILE: Reason.NO_HANDLES,
    errno.EADDRNOTAVAIL: Reason.NO_HANDLES,
    errno.ENOMEM: Reason.NO_MEMORY,
    errno.ENOBUFS: Reason.NO_MEMORY,
}
"""Errors of the machine we run on. They say nothing about the target (settled.md, Blind)."""


class Run:
    """Stage by stage through one run.

    async def probe(config, context):
        async def look(run):
            async with run.stage("connect"):
                ...
        return await observe(context, look)
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.facts: dict[str, Fact] = {}
        self.stages: list[Stage] = []
        self.current: str | None = None
        self.slow_reason: tuple[Reason, str, str] | None = None
        self.idle = 0.0
        """Seconds that this run waited on purpose; they do not make it slow."""
        self._secrets = context.secrets
        self._clock = context.clock
        self._at = context.clock.now()
        self._started = context.clock.monotonic()
        self._stage_ends = self._started + context.timeout

    @property
    def left(self) -> float:
        """Seconds until the whole run's deadline, never below zero."""
        return max(0.0, self._started + self.context.timeout - self._clock.monotonic())

    @property
    def stage_left(self) -> float:
        """Seconds until the present stage's deadline, never below zero."""
        return max(0.0, self._stage_ends - self._clock.monotonic())

    @asynccontextmanager
    async def stage(self, name: str) -> AsyncIterator[None]:
        """Time one stage and end it at its deadline. Stages do not nest; a name met twice adds up."""
        self.current = name
        begun = self._clock.monotonic()
        limit = min(self.left, self.context.limits.get(name, self.context.timeout))
        self._stage_ends = begun + limit
        try:
            async with asyncio.timeout(limit):
                yield
        except TimeoutError:
            raise Failed(Reason.TIMEOUT, f"no answer within {limit:.1f} s", name) from None
        self._record(name, (self._clock.monotonic() - begun) * 1000)
        self.current = None

    def _record(self, name: str, ms: float) -> None:
        for index, stage in enumerate(self.stages):
            if stage.name == name:
                self.stages[index] = Stage(name, round(stage.ms + ms, 3))
                return
        self.stages.append(Stage(name, round(ms, 3)))

    def hide(self, secret: str) -> None:
        """Redact this too from here on: a credential that came up during the run."""
        self._secrets = (*self._secrets, secret)

    def fact(self, name: str, value: Fact) -> None:
        """Note a measured fact. Texts are redacted and cut."""
        self.facts[name] = self._clean(value) if isinstance(value, str) else value

    def degrade(self, reason: Reason, detail: str, stage: str) -> None:
        """The run goes on, and ends as slow at best: something works worse than it should."""
        if self.slow_reason is None:
            self.slow_reason = (reason, detail, stage)

    def _clean(self, text: str) -> str:
        printable = "".join(char if char.isprintable() else " " for char in text)
        return redact(printable, self._secrets)[:DETAIL_LIMIT]

    def observation(
        self, outcome: Outcome, reason: Reason | None = None, detail: str = "", stage: str | None = None
    ) -> Observation:
        """What this run amounts to. Good runs over `slow_over` become slow here."""
        took_ms = (self._clock.monotonic() - self._started) * 1000
        if outcome is Outcome.OK and self.slow_reason is not None:
            outcome = Outcome.SLOW
            reason, detail, stage = self.slow_reason
        elif outcome is Outcome.OK and took_ms > (self.context.slow_over + self.idle) * 1000:
            outcome, reason = Outcome.SLOW, Reason.SLOW
            stage = max(self.stages, key=lambda each: each.ms).name if self.stages else None
            detail = f"{took_ms / 1000:.1f} s in all"
        return Observation(
            check=self.context.check,
            agent=self.context.agent,
            at=self._at,
            outcome=outcome,
            took_ms=round(took_ms, 3),
            reason=reason,
            stage=stage,
            detail=self._clean(detail),
            stages=tuple(self.stages),
            facts=dict(self.facts),
        )


async def observe(context: Context, look: Callable[[Run], Awaitable[None]]) -> Observation:
    """Run `look` (a coroutine function) under the context's deadline; never raises but for cancellation."""
    run = Run(context)
    try:
        async with asyncio.timeout(context.timeout + GRACE):
            await look(run)
    except Failed as failed:
        return run.observation(Outcome.FAIL, failed.reason, failed.detail, failed.stage or run.current)
    except Blinded as blinded:
        return run.observation(Outcome.BLIND, blinded.reason, blinded.detail, run.current)
    except TimeoutError:
        return run.observation(Outcome.FAIL, Reason.TIMEOUT, f"not done within {context.timeout:g} s", run.current)
    except ssl.SSLError as error:
        return run.observation(Outcome.FAIL, Reason.TLS, error.reason or str(error), run.current or "tls")
    except OSError as error:
        return _os_error(run, error)
    except MemoryError:
        return run.observation(Outcome.BLIND, Reason.NO_MEMORY, "", run.current)
    except Exception as error:
        return run.observation(Outcome.BLIND, Reason.INTERNAL, f"{type(error).__name__}: {error}", run.current)
    return run.observation(Outcome.OK)


def _os_error(run: Run, error: OSError) -> Observation:
    if isinstance(error, socket.gaierror):
        run.fact("resolver_silent", error.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM))
        return run.observation(Outcome.FAIL, Reason.DNS, error.strerror or str(error), run.current or "dns")
    ours = LOCAL_ERRORS.get(error.errno) if error.errno is not None else None
    if ours is not None:
        return run.observation(Outcome.BLIND, ours, error.strerror or str(error), run.current)
    reason = Reason.CONNECT if run.current == "connect" else Reason.DISCONNECTED
    return run.observation(Outcome.FAIL, reason, error.strerror or str(error), run.current)
