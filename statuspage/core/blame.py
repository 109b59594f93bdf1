"""Whose fault was it? Positive evidence only that it was ours (settled.md, Blind)."""

from collections.abc import Sequence
from dataclasses import dataclass

from statuspage.core.observation import BEFORE_CONNECTED, Observation, Outcome, Reason, blinded


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the last complete round of anchors saw: how many were asked and how many failed."""

    asked: int = 0
    failed: int = 0

    @property
    def failing(self) -> bool:
        """At least half of two or more: positive evidence that it is us."""
        return self.asked >= 2 and 2 * self.failed >= self.asked


def judge(observation: Observation, anchors: Anchors) -> Observation:
    """The observation, or its blind twin where the evidence says that it was us.

    Only a run that ended before its connection stood can be doubted: what got through proves our network,
    however many targets fail together (settled.md, Blind; on 13 September all of them did).
    """
    if observation.outcome is not Outcome.FAIL or observation.stage not in BEFORE_CONNECTED:
        return observation
    if anchors.failing:
        return blinded(observation, Reason.ANCHORS, f"{anchors.failed} of {anchors.asked} anchors fail too")
    if observation.facts.get("resolver_silent") and anchors.asked < 2:
        return blinded(observation, Reason.RESOLVER)
    return observation


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
