"""Short ways to say what the rules are fed with."""

from datetime import UTC, datetime, timedelta

from statuspage.core.detection import Belief, Rules, fold
from statuspage.core.observation import Observation, Outcome, Reason

T0 = datetime(2021, 9, 13, 13, 41, tzinfo=UTC)

OUTCOMES = {"o": Outcome.OK, "s": Outcome.SLOW, "f": Outcome.FAIL, "b": Outcome.BLIND}


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def run(
    outcome: Outcome,
    seconds: float,
    *,
    took: float = 0.1,
    reason: Reason | None = None,
    stage: str | None = None,
    seq: int = 0,
) -> Observation:
    if outcome is Outcome.FAIL and reason is None:
        reason, stage = Reason.TIMEOUT, stage or "upgrade"
    return Observation("chat", "local", at(seconds), outcome, took * 1000, reason, stage, seq=seq)


def runs(letters: str, *, every: float = 10.0, start: float = 0.0) -> list[Observation]:
    """One run a letter: o(k), s(low), f(ail), b(lind)."""
    return [run(OUTCOMES[letter], start + every * index, seq=index + 1) for index, letter in enumerate(letters)]


def after(letters: str, rules: Rules | None = None, *, every: float = 10.0, start: Belief | None = None) -> Belief:
    """The belief after these runs."""
    return fold(start or Belief("chat", "local", since=T0), runs(letters, every=every), rules or Rules())
