"""Whose fault was it? Positive evidence only that it was ours (settled.md, Blind)."""

from collections.abc import Sequence
from dataclasses import dataclass

from statuspage.core.observation import Observation, Outcome, Reason, blinded


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the last complete round of anchors saw: how many were asked and how many failed."""

    asked: int = 0
    failed: int = 0

    @property
    def failing(self) -> bool:
        """At least half of two or more: positive evidence that it is us."""
        return self.asked >= 2 and 2 * self.failed >= self.asked


BEFORE_CONNECTED = frozenset({"dns", "connect"})
"""Stages that prove nothing about our own network. A run that ended later got through to the target."""

FETCHING = "token"
"""The stage in which a credential comes from a service elsewhere, over a way of its own, before the target is met."""

ON_THE_WAY = frozenset({Reason.DNS, Reason.CONNECT, Reason.TIMEOUT, Reason.TLS})
"""Reasons for which the service of `FETCHING` need not have been reached at all."""


def may_be_ours(observation: Observation) -> bool:
    """Whether the run failed so that our own network might be why.

    Only a run that ended before a connection to its target stood can be doubted: what got through proves our network,
    however many targets fail together (settled.md, Blind; on 13 September all of them did). A run that makes a second
    connection got through by its first.
    """
    if observation.outcome is not Outcome.FAIL or any(stage.name == "connect" for stage in observation.stages):
        return False
    if observation.stage == FETCHING:
        return observation.reason in ON_THE_WAY
    return observation.stage in BEFORE_CONNECTED


def judge(observation: Observation, anchors: Anchors) -> Observation:
    """The observation, or its blind twin where the evidence says that it was us."""
    if not may_be_ours(observation):
        return observation
    if anchors.failing:
        return blinded(observation, Reason.ANCHORS, f"{anchors.failed} of {anchors.asked} anchors fail too")
    if anchors.asked < 2 and _no_name_server_answered(observation):
        return blinded(observation, Reason.RESOLVER)
    return observation


def _no_name_server_answered(observation: Observation) -> bool:
    """It said that it cannot answer now, or said nothing until the time was over."""
    silent = observation.stage == "dns" and observation.reason is Reason.TIMEOUT
    return silent or bool(observation.facts.get("resolver_silent"))


@dataclass(frozen=True, slots=True)
class Stall:
    """A span in which this process stood still: seconds of the monotonic clock, which no step can move."""

    started: float
    ended: float


def judge_stall(observation: Observation, started: float, ended: float, stalls: Sequence[Stall]) -> Observation:
    """A run that was under way while we stood still says nothing about its target.

    `started` and `ended` are the run's own, on the monotonic clock.
    """
    for stall in stalls:
        if started <= stall.ended and ended >= stall.started:
            return blinded(observation, Reason.STALLED, "this monitor stood still during the run")
    return observation
