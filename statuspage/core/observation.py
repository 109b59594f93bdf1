"""What one run of a probe saw, and the one vocabulary of reasons over all protocols."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """How a run ended. BLIND means that we could not look: our own fault, never the target's."""

    OK = "ok"
    SLOW = "slow"
    FAIL = "fail"
    BLIND = "blind"


class Reason(StrEnum):
    """Why a run was not good. Always read together with the stage it happened in."""

    # the way there
    DNS = "dns"  # the name has no address
    CONNECT = "connect"  # refused, reset or unreachable before a connection stood
    TLS = "tls"  # certificate or handshake
    UPGRADE = "upgrade"  # the WebSocket upgrade was answered with something else than 101
    HANDSHAKE = "handshake"  # the protocol's own greeting was refused or malformed
    TIMEOUT = "timeout"  # the stage's or the run's time was over
    DISCONNECTED = "disconnected"  # the connection ended where an answer was due
    REDIRECT_LOOP = "redirect_loop"  # sent on more often than the cap allows
    # who we are
    AUTH = "auth"  # credential missing, wrong or expired
    DENIED = "denied"  # known, but not allowed to do this
    # what they have left
    CAPACITY = "capacity"  # no room for another client (peak connections, maxclients, 1013, 503)
    QUOTA = "quota"  # the plan's allowance is used up
    OUT_OF_MEMORY = "out_of_memory"
    # what state they are in
    READONLY = "readonly"
    LOADING = "loading"
    MISCONFIGURED = "misconfigured"  # cannot persist and refuses writes (Redis MISCONF)
    MASTER_DOWN = "master_down"
    NO_REPLICAS = "no_replicas"
    BUSY = "busy"
    CLUSTER_DOWN = "cluster_down"
    FROZEN = "frozen"  # the port is open, the process does not answer a single byte
    SHUTDOWN = "shutdown"  # the server says that it ends or refuses this client
    DISABLED = "disabled"  # switched off by its owner
    WRONG_REGION = "wrong_region"
    UNKNOWN_NAMESPACE = "unknown_namespace"
    UNAVAILABLE = "unavailable"  # the server itself says "not now"
    # what came back
    STATUS = "status"  # an HTTP status that was not expected
    PROTOCOL = "protocol"  # not the protocol we know
    WRONG_DATA = "wrong_data"  # the answer is not what was written or asserted
    TOO_BIG = "too_big"  # more bytes than the size cap
    UNACKNOWLEDGED = "unacknowledged"  # a write was taken and never confirmed
    NO_ECHO = "no_echo"  # confirmed to the writer, never seen by another user
    REVOKED = "revoked"  # taken away in the middle of the run (listen or credential)
    THRESHOLD = "threshold"  # a measured fact is over its configured limit
    SLOW = "slow"  # all well, and over slow_over
    # our own fault: the outcome is BLIND
    NO_ROUTE = "no_route"
    RESOLVER = "resolver"  # our name server does not answer
    NO_HANDLES = "no_handles"  # out of file handles or local ports
    NO_MEMORY = "no_memory"
    STALLED = "stalled"  # this process stood still during the run
    ANCHORS = "anchors"  # at least half of the anchors fail too
    INTERNAL = "internal"  # an exception in our own code


Fact = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Stage:
    """One finished stage of a run."""

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What one run saw.

    `at` is the start of the run (UTC); `took_ms` its whole length. `stage` names where it failed or was
    slowest to end, None for a good run. `detail` is for staff, redacted, never shown to the public.
    `seq` numbers an agent's observations in the order of their arrival; 0 until the monitor gives it one.
    """

    check: str
    agent: str
    at: datetime
    outcome: Outcome
    took_ms: float
    reason: Reason | None = None
    stage: str | None = None
    detail: str = ""
    stages: tuple[Stage, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    seq: int = 0

    @property
    def ended_at(self) -> datetime:
        """When the run ended, UTC."""
        return self.at + timedelta(milliseconds=self.took_ms)

    @property
    def is_fresh(self) -> bool:
        """Whether this run says anything about its target."""
        return self.outcome is not Outcome.BLIND


def blinded(observation: Observation, reason: Reason, detail: str = "") -> Observation:
    """The same run, taken back as evidence about its target."""
    return replace(observation, outcome=Outcome.BLIND, reason=reason, detail=detail or observation.detail)
