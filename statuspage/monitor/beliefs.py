"""What this monitor believes of its checks, in memory: folded at once, stored with what follows from it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from statuspage.core import detection
from statuspage.core.decide import VerdictChange
from statuspage.core.detection import EPOCH, Belief, Rules, Verdict
from statuspage.core.observation import Observation, Outcome


class Beliefs:
    """The beliefs of one agent by check, and the moves that no decision has taken up yet."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._rules: dict[str, Rules] = {}
        self._beliefs: dict[str, Belief] = {}
        self._moved: dict[str, Verdict] = {}
        self.newest_bad: dict[str, Observation] = {}
        """The last bad run of each check: the evidence of what a decision opens."""
        self.watching_since: datetime = EPOCH

    def watch(self, rules: Mapping[str, Rules], stored: Mapping[str, Belief], now: datetime) -> None:
        """Hold a belief for exactly these checks: the present one, the stored one, or a new one."""
        self._rules = dict(rules)
        self._beliefs = {
            check: self._beliefs.get(check) or stored.get(check) or Belief(check, self._agent, since=now)
            for check in rules
        }
        self._moved = {check: old for check, old in self._moved.items() if check in rules}
        self.newest_bad = {check: run for check, run in self.newest_bad.items() if check in rules}

    def __getitem__(self, check: str) -> Belief:
        return self._beliefs[check]

    def __contains__(self, check: str) -> bool:
        return check in self._beliefs

    @property
    def all(self) -> Mapping[str, Belief]:
        return self._beliefs

    @property
    def last_fresh(self) -> list[datetime]:
        """The start of the newest fresh run of every check that had one."""
        return [belief.last_fresh for belief in self._beliefs.values() if belief.last_fresh is not None]

    def rules(self, check: str) -> Rules:
        return self._rules[check]

    def take_in(self, observation: Observation) -> Belief:
        """Fold one observation; the new belief. Raises KeyError for a check that is not watched."""
        belief = self._beliefs[observation.check]
        if observation.outcome in (Outcome.FAIL, Outcome.SLOW):
            self.newest_bad[observation.check] = observation
        return self._hold(detection.observe(belief, observation, self._rules[observation.check]))

    def replay(self, observations: Iterable[Observation]) -> int:
        """Fold stored observations that are newer than the stored beliefs; how many there were."""
        count = 0
        for observation in observations:
            belief = self._beliefs.get(observation.check)
            if belief is not None and observation.seq > belief.folded:
                if belief.folded == 0 and observation.at < belief.since:
                    # Nothing was decided of it before our end: it is as old as its runs, not as this start.
                    self._beliefs[observation.check] = replace(belief, since=observation.at)
                self.take_in(observation)
                count += 1
        return count

    def tick(self, now: datetime) -> None:
        """Let time pass: checks without a fresh run become unknown."""
        for check, belief in list(self._beliefs.items()):
            moved = detection.tick(belief, now, self.watching_since, self._rules[check])
            if moved is not belief:
                self._hold(moved)

    @property
    def moves(self) -> tuple[VerdictChange, ...]:
        """What changed since the last decision, with the newest state of each belief."""
        return tuple(
            VerdictChange(old, self._beliefs[check])
            for check, old in self._moved.items()
            if self._beliefs[check].verdict is not old
        )

    def taken_up(self, moves: Iterable[VerdictChange]) -> None:
        """A decision holds these moves now."""
        for move in moves:
            check = move.belief.check
            if check in self._beliefs and self._beliefs[check].verdict is not move.belief.verdict:
                self._moved[check] = move.belief.verdict
            else:
                self._moved.pop(check, None)

    def _hold(self, belief: Belief) -> Belief:
        before = self._beliefs[belief.check]
        if belief.verdict is not before.verdict:
            self._moved.setdefault(belief.check, before.verdict)
        self._beliefs[belief.check] = belief
        return belief
