"""A provider as the drill sees it: a process, a proxy before it, and the faults that it can be given."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from statuspage.drill.process import Child
from statuspage.drill.proxy import Fault as Wire
from statuspage.drill.proxy import Proxy
from statuspage.drill.redis import Redis, RedisError


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` is what its button says, `state` what the provider does while it lasts."""

    id: str
    name: str
    state: str
    wire: Wire | None = None
    delay: float = 2.5


FREEZE = Fault("freeze", "Freeze", "Frozen: the port is open, the process is stopped (SIGSTOP).")
FULL = Fault("full", "Full", "Full: newcomers are answered 503, old connections go on.", Wire.FULL)
REFUSE = Fault("refuse", "Refuse newcomers", "Closed: new connections are refused, old ones go on.", Wire.REFUSE)
DROP = Fault("drop", "Drop", "Every connection is reset as soon as it stands.", Wire.DROP)
BLACKHOLE = Fault(
    "blackhole", "Black hole", "Connections are accepted, then nothing arrives on either side.", Wire.BLACKHOLE
)
SILENCE = Fault("silence", "Silence", "The WebSocket upgrade is answered, then not another byte comes.", Wire.SILENCE)
CUT = Fault("cut", "Cut off", "Cut off from the network.", Wire.CUT)
STALL = Fault("stall", "Stall", "Every byte comes 2.5 seconds late, each way.", Wire.SLOW, 2.5)

OUT_OF_MEMORY = Fault(
    "out_of_memory", "Out of memory", "Memory is full and nothing may be evicted: writes fail, reads work."
)
READ_ONLY = Fault(
    "read_only", "Read-only", "It is the replica of a master that is gone: reads work, writes are refused."
)
LOADING = Fault("loading", "Loading", "It is reading its data set from disk and answers LOADING.")
MAXCLIENTS = Fault(
    "maxclients", "Max clients", "It has as many clients as it may have: newcomers are told so and closed."
)

_REDIS_OWN = {fault.id for fault in (OUT_OF_MEMORY, READ_ONLY, LOADING, MAXCLIENTS)}


def slow(delay: float) -> Fault:
    """A delay each way that answers survive."""
    return Fault("slow", "Slow", f"Every byte comes {delay * 1000:g} ms late, each way.", Wire.SLOW, delay)


class FaultFailed(Exception):
    """A fault could not be set or mended; the text says which and why."""


class Provider:
    """One provider of the demo. `offered` are its buttons; `cut` is always possible."""

    def __init__(
        self, id: str, name: str, proxy: Proxy, child: Child, offered: Sequence[Fault], redis: Redis | None = None
    ) -> None:
        self.id = id
        self.name = name
        self.proxy = proxy
        self.child = child
        self.offered: Mapping[str, Fault] = {fault.id: fault for fault in offered}
        self.fault: Fault | None = None
        self._redis = redis
        self._turn = asyncio.Lock()

    @property
    def state(self) -> str:
        if not self.child.alive:
            return "Its process has ended."
        return self.fault.state if self.fault else "Healthy."

    async def break_with(self, fault: Fault) -> None:
        """Set a fault in place of the one before. Raises FaultFailed."""
        async with self._turn:
            await self._mend()
            self.fault = fault
            if fault.wire is not None:
                await self.proxy.set(fault.wire, fault.delay)
            elif fault.id == FREEZE.id:
                self.child.freeze()
            elif self._redis is not None and fault.id in _REDIS_OWN:
                try:
                    await self._redis.faults[fault.id]()
                except (RedisError, TimeoutError) as error:
                    raise FaultFailed(f"{self.name}, {fault.name}: {error}") from None

    async def mend(self) -> None:
        """Back to healthy, whatever was wrong. Raises FaultFailed."""
        async with self._turn:
            await self._mend()

    async def _mend(self) -> None:
        self.child.thaw()
        await self.proxy.set(Wire.NONE)
        if self._redis is not None and self.fault is not None and self.fault.id in _REDIS_OWN:
            try:
                await self._redis.mend()
            except (RedisError, TimeoutError) as error:
                raise FaultFailed(f"{self.name} cannot be mended: {error}") from None
        self.fault = None
