"""From the fault to the move at default settings, through detection and steering: 35 s at most, whenever it happens."""

from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.config.tables import CheckHead, Failover
from statuspage.core.detection import Rules, Run, Verdict, observe, stale_after
from statuspage.core.observation import Outcome
from statuspage.core.route import Pace
from statuspage.monitor.due import Due, spread
from statuspage.monitor.engine import Times
from statuspage.monitor.looking import MAX_IN_FLIGHT
from tests.core.switchboards import FIREBASE, NATIVE, World, switchboard
from tests.core.values import at, run

HEAD = CheckHead(id=FIREBASE, component=FIREBASE, type="firebase")
EVERY, TIMEOUT, CONFIRM = (each.total_seconds() for each in (HEAD.every, HEAD.timeout, HEAD.confirm_every))
RULES = Rules(stale_after=stale_after(HEAD.every, HEAD.timeout))
WITHIN, VERDICT_WITHIN = 35.0, EVERY + 2 * TIMEOUT + 2


def course(first: float) -> tuple[float, float]:
    """Seconds from a fault, after which nothing is answered, to the verdict and to the move; the next run begins after
    `first`. Runs are planned as the monitor plans them, and routes steered once a second."""
    here = World(switchboard(pace=Pace(confirm=Failover().confirm)))
    here.unseen.add(FIREBASE)  # its window is what runs leave in it
    belief = replace(here.beliefs[FIREBASE], window=(Run(at(first - EVERY), Outcome.OK),))
    due, under_way, verdict = Due(), list[float](), 0.0
    due.plan({FIREBASE: EVERY}, first - spread(FIREBASE, EVERY))
    for tenth in range(1, 1000):
        now = tenth / 10
        for started in [each for each in under_way if each + TIMEOUT <= now]:
            under_way.remove(started)
            was_confirming = belief.confirming
            belief = observe(belief, run(Outcome.FAIL, started, took=TIMEOUT), RULES)
            verdict = verdict or (now if belief.verdict is Verdict.DOWN else 0.0)
            if belief.confirming and not was_confirming:
                due.hasten(FIREBASE, now)
        for _ in due.pop(now):
            due.after_start(FIREBASE, now, CONFIRM if belief.confirming else None)
            if len(under_way) < MAX_IN_FLIGHT:
                under_way.append(now)
        if tenth % 10 == 0:
            here.beliefs[FIREBASE], here.now = belief, at(now)
            here.tick()
            if here.where() == [NATIVE]:
                return verdict, now
    raise AssertionError("it never moved")


@pytest.mark.parametrize("first", [0.1, 2.5, 5.0, 7.7, 9.9, 10.0])
def test_a_route_has_left_a_silent_provider_within_35_seconds(first: float) -> None:
    verdict, moved = course(first)
    assert 0 < verdict <= VERDICT_WITHIN
    assert moved <= WITHIN


def test_the_defaults_add_up_to_35_seconds_with_a_tick_and_what_serving_takes() -> None:
    settings, tick, serving = Failover(), timedelta(seconds=Times().decide), timedelta(seconds=2)
    # The time of being down counts from the start of the first bad run: one interval after the fault at most.
    longest = max(timedelta(seconds=VERDICT_WITHIN), HEAD.every + settings.confirm)
    assert Pace().confirm == settings.confirm
    assert longest + tick + serving <= timedelta(seconds=WITHIN)
