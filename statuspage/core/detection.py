"""Noisy observations in, rare verdicts out: one belief for each (check, agent).

A run is good, slow or failed. Over a window of the last `window` runs, ordered by their start:

* FELL: `fall` of them failed.  SLOWED: `fall` of them were slow or failed.
* ROSE: the last `rise` were all good, or a whole window without a verdict was not bad.
* EASED: the last `rise` did not fail, and not all were good.
* FLAPPED: `flap_changes` changes of verdict within `flap_window`.  STEADIED: none for `settle`.
* SANK: all runs of a full window but one at most failed although we had called it unstable.
* LOST: no fresh run for `stale_after`.

The table says what each would mean in each state; a missing row means nothing. Verdicts are back-dated:
to the first failed (or slow) run of the window, to the first of the good ones, to the last fresh one.
A blind run is not evidence: it moves nothing but its own counter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from statuspage.core.observation import Observation, Outcome, Reason


class Verdict(StrEnum):
    """What we hold true of a check."""

    UNKNOWN = "unknown"
    UP = "up"
    SLOW = "slow"
    DOWN = "down"
    UNSTABLE = "unstable"


class Event(StrEnum):
    """What a window of runs can amount to."""

    FELL = "fell"
    SLOWED = "slowed"
    ROSE = "rose"
    EASED = "eased"
    FLAPPED = "flapped"
    STEADIED = "steadied"
    SANK = "sank"
    LOST = "lost"


TABLE: dict[Verdict, dict[Event, Verdict]] = {
    Verdict.UNKNOWN: {Event.FELL: Verdict.DOWN, Event.SLOWED: Verdict.SLOW, Event.ROSE: Verdict.UP},
    Verdict.UP: {
        Event.FELL: Verdict.DOWN,
        Event.SLOWED: Verdict.SLOW,
        Event.FLAPPED: Verdict.UNSTABLE,
        Event.LOST: Verdict.UNKNOWN,
    },
    Verdict.SLOW: {
        Event.FELL: Verdict.DOWN,
        Event.ROSE: Verdict.UP,
        Event.FLAPPED: Verdict.UNSTABLE,
        Event.LOST: Verdict.UNKNOWN,
    },
    Verdict.DOWN: {
        Event.ROSE: Verdict.UP,
        Event.EASED: Verdict.SLOW,
        Event.FLAPPED: Verdict.UNSTABLE,
        Event.LOST: Verdict.UNKNOWN,
    },
    Verdict.UNSTABLE: {
        Event.STEADIED: Verdict.UP,
        Event.SANK: Verdict.DOWN,
        Event.LOST: Verdict.UNKNOWN,
    },
}

SPENT = -1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of one check. Defaults are those of behaviour.md (Detection)."""

    fall: int = 3
    window: int = 5
    rise: int = 3
    flap_changes: int = 4
    flap_window: timedelta = timedelta(minutes=10)
    settle: timedelta = timedelta(minutes=5)
    stale_after: timedelta = timedelta(seconds=30)


def stale_after(every: timedelta, timeout: timedelta) -> timedelta:
    """How long without a fresh run until a check is unknown: max(3 × every, every + timeout + 10 s)."""
    return max(3 * every, every + timeout + timedelta(seconds=10))


@dataclass(frozen=True, slots=True)
class Run:
    """What a belief remembers of one fresh run."""

    at: datetime
    outcome: Outcome
    reason: Reason | None = None
    stage: str | None = None

    @property
    def good(self) -> bool:
        return self.outcome is Outcome.OK

    @property
    def failed(self) -> bool:
        return self.outcome is Outcome.FAIL


@dataclass(frozen=True, slots=True)
class Belief:
    """What we hold true of one check as one agent sees it.

    `since` is back-dated. `folded` is the `seq` of the last observation taken in. `changes` are the times of
    recent verdict changes, for flapping. `blind_runs` counts blind runs since the last fresh one.
    `confirm_left` is how many more runs the confirm cadence is asked for; SPENT once that brought no verdict.
    """

    check: str
    agent: str
    verdict: Verdict = Verdict.UNKNOWN
    since: datetime = EPOCH
    reason: Reason | None = None
    stage: str | None = None
    window: tuple[Run, ...] = ()
    changes: tuple[datetime, ...] = ()
    confirm_left: int = 0
    blind_runs: int = 0
    blind_reason: Reason | None = None
    folded: int = 0

    @property
    def confirming(self) -> bool:
        """Whether the next run shall follow at the confirm cadence. A blind run is no reason to hurry."""
        return self.confirm_left > 0 and not self.blind_runs

    @property
    def last_fresh(self) -> datetime | None:
        """The start of the newest run that was evidence, or None."""
        return self.window[-1].at if self.window else None


def observe(belief: Belief, observation: Observation, rules: Rules) -> Belief:
    """The belief after one more run. Runs may arrive out of order; the window is ordered by their start."""
    belief = replace(belief, folded=max(belief.folded, observation.seq))
    if not observation.is_fresh:
        return replace(belief, blind_runs=belief.blind_runs + 1, blind_reason=observation.reason)
    run = Run(observation.at, observation.outcome, observation.reason, observation.stage)
    window = tuple(sorted((*_before_a_step(belief.window, run, rules), run), key=lambda each: each.at))
    belief = replace(belief, window=window[-rules.window :], blind_runs=0, blind_reason=None)
    before, now = belief, belief.window[-1].at
    for event in _events(belief, rules, now):
        belief = _move(belief, event, rules, now)
    return _confirm(before, belief, run, rules)


def _before_a_step(window: tuple[Run, ...], run: Run, rules: Rules) -> tuple[Run, ...]:
    """The window without runs that lie in the future of a clock that was moved back.

    Runs overlap, so that a later one may have begun earlier, but never by as long as it takes to lose sight.
    """
    if window and window[-1].at - run.at > rules.stale_after:
        return tuple(each for each in window if each.at <= run.at)
    return window


def tick(belief: Belief, now: datetime, watching_since: datetime, rules: Rules) -> Belief:
    """The belief as time passes: a check without a fresh run becomes unknown.

    `watching_since` is when this monitor began to look (or came back from a stall or blindness ended by a
    restart): time before it is a gap of ours, for which no timer runs.
    """
    last = belief.last_fresh or belief.since
    # A time in the future is left over from a clock that was moved back, and proves nothing.
    if now - (max(last, watching_since) if last <= now else watching_since) <= rules.stale_after:
        return belief
    moved = _move(belief, Event.LOST, rules, now)
    if moved.verdict is belief.verdict:
        return belief
    return replace(moved, window=(), changes=(), confirm_left=rules.window)


def _events(belief: Belief, rules: Rules, now: datetime) -> Iterable[Event]:
    window = belief.window
    failed = sum(run.failed for run in window)
    bad = sum(not run.good for run in window)
    tail = window[-rules.rise :]
    settled = len(tail) == rules.rise
    full = len(window) == rules.window
    if belief.verdict is Verdict.UNSTABLE:
        if full and failed >= max(rules.window - 1, rules.fall):
            return (Event.SANK,)
        quiet = not belief.changes or now - belief.changes[-1] >= rules.settle
        if quiet and full and all(run.good for run in window):
            return (Event.STEADIED,)
        return ()
    if settled and all(run.good for run in tail):
        return (Event.ROSE,)
    if failed >= rules.fall:
        return (Event.EASED,) if settled and not any(run.failed for run in tail) else (Event.FELL,)
    if settled and belief.verdict is Verdict.DOWN and not any(run.failed for run in tail):
        return (Event.EASED,)
    if bad >= rules.fall:
        return (Event.SLOWED,)
    # A whole window was seen and it is not bad: that is no longer "no fresh data".
    return (Event.ROSE,) if full and belief.verdict is Verdict.UNKNOWN else ()


def _move(belief: Belief, event: Event, rules: Rules, now: datetime) -> Belief:
    to = TABLE[belief.verdict].get(event)
    if to is None or to is belief.verdict:
        return _refresh_cause(belief)
    began, cause = _origin(belief, event, rules, now)
    since = max(began, belief.since) if belief.since <= now else began
    changes = tuple(at for at in belief.changes if timedelta(0) <= now - at <= rules.flap_window)
    flapping = {belief.verdict, to} <= {Verdict.UP, Verdict.SLOW, Verdict.DOWN}
    changes = (*changes, now) if flapping else changes
    if flapping and len(changes) >= rules.flap_changes:
        to = TABLE[belief.verdict][Event.FLAPPED]
        since = max(now, since)
    if event in (Event.STEADIED, Event.SANK):
        changes = ()
    return replace(
        belief,
        verdict=to,
        since=since,
        reason=cause.reason if cause else None,
        stage=cause.stage if cause else None,
        changes=changes,
        # What led to this verdict has had its say: it must not count towards the next one.
        window=tuple(run for run in belief.window if run.at >= began),
    )


def _refresh_cause(belief: Belief) -> Belief:
    """While a check stays down or unstable its newest reason is the one to show."""
    newest = belief.window[-1] if belief.window else None
    if belief.verdict in (Verdict.DOWN, Verdict.SLOW, Verdict.UNSTABLE) and newest is not None and not newest.good:
        return replace(belief, reason=newest.reason, stage=newest.stage)
    return belief


def _origin(belief: Belief, event: Event, rules: Rules, now: datetime) -> tuple[datetime, Run | None]:
    """When it really began, and the run that tells why."""
    window = belief.window
    match event:
        case Event.FELL | Event.SANK:
            failed = [run for run in window if run.failed]
            return failed[0].at, failed[-1]
        case Event.SLOWED:
            bad = [run for run in window if not run.good]
            return bad[0].at, bad[-1]
        case Event.ROSE | Event.STEADIED:
            return window[-rules.rise].at, None
        case Event.EASED:
            return window[-rules.rise].at, next((run for run in reversed(window) if not run.good), None)
        case _:
            return belief.last_fresh or now, None


def _confirm(before: Belief, belief: Belief, run: Run, rules: Rules) -> Belief:
    """The belief with the confirm cadence asked for, or not.

    A first run that contradicts the verdict asks for it, and so does having no verdict; confirmed or cleared
    ends it, and so does a window's worth of runs that did neither, until two bad ones in a row: what is merely
    unreliable is not worth a tenfold load. The way up is walked at the check's own pace: a rise shall take
    longer than a fall.
    """
    tail = belief.window[-rules.rise :]
    contradicting = {
        Verdict.UNKNOWN: True,
        Verdict.UP: any(not each.good for each in tail),
        Verdict.SLOW: any(each.failed for each in tail),
    }.get(belief.verdict, False)
    left = before.confirm_left
    if not contradicting:
        return replace(belief, confirm_left=0)
    if left > 0:
        return replace(belief, confirm_left=left - 1 or SPENT)
    two_in_a_row = not any(each.good for each in belief.window[-2:])
    doubted = two_in_a_row if left == SPENT else not run.good or belief.verdict is not before.verdict
    return replace(belief, confirm_left=rules.window if doubted or belief.verdict is Verdict.UNKNOWN else left)


def fold(belief: Belief, observations: Iterable[Observation], rules: Rules) -> Belief:
    """Take in a sequence of observations, in the order of their `seq`; those already folded are passed over."""
    for observation in observations:
        if observation.seq > belief.folded or observation.seq == 0:
            belief = observe(belief, observation, rules)
    return belief
