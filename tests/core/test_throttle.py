"""Throttling: free tries, then a delay that grows to a limit, and is forgiven as time goes by."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.throttle import ACCOUNT, ADDRESS, CODE, Limit, Tries, address_key, charge, give_back, wait

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ZERO = timedelta(0)
LIMITS = st.sampled_from([ADDRESS, ACCOUNT, CODE])
GAPS = st.lists(st.integers(min_value=-4000, max_value=40_000), max_size=40)


def fail(times: int, limit: Limit, now: datetime = NOW) -> Tries:
    """So many failures, each as soon as it may be made."""
    tries: Tries | None = None
    for _ in range(times):
        now += wait(tries, limit, now)
        tries = charge(tries, limit, now)
    assert tries is not None
    return tries


@pytest.mark.parametrize("limit", [ADDRESS, ACCOUNT, CODE])
def test_the_free_failures_cost_nothing_and_the_next_ones_double_up_to_the_longest(limit: Limit) -> None:
    tries = fail(limit.free, limit)
    assert wait(tries, limit, NOW) == ZERO
    seen = []
    now = NOW
    for _ in range(6):
        tries = charge(tries, limit, now)
        seen.append(wait(tries, limit, now))
        now = tries.until
    assert seen == [min(limit.first * 2**n, limit.longest) for n in range(6)]


@pytest.mark.corpus("D15")
def test_no_more_than_five_codes_are_judged_in_any_minute() -> None:
    at, now, tries = [], NOW, None
    for _ in range(12):
        now += wait(tries, CODE, now)
        tries = charge(tries, CODE, now)
        at.append(now)
    for n in range(len(at) - 5):
        assert at[n + 5] - at[n] >= timedelta(minutes=1)


@given(LIMITS, GAPS)
def test_nobody_waits_longer_than_the_longest_whatever_the_clock_does(limit: Limit, gaps: list[int]) -> None:
    now, tries = NOW, None
    for gap in gaps:
        now += timedelta(seconds=gap)
        assert ZERO <= wait(tries, limit, now) <= limit.longest
        tries = charge(tries, limit, now)
        assert tries.count >= 1


@given(LIMITS, GAPS)
def test_a_good_try_leaves_no_more_than_there_was_before_it(limit: Limit, gaps: list[int]) -> None:
    now, tries = NOW, None
    for gap in gaps:
        now += timedelta(seconds=abs(gap))
        before = tries.count if tries is not None else 0
        tries = give_back(charge(tries, limit, now), limit, now)
        assert tries.count <= before
        assert wait(tries, limit, now) == ZERO


def test_everything_is_forgiven_in_time() -> None:
    tries = fail(40, ACCOUNT)
    later = tries.until + 41 * ACCOUNT.relief
    assert charge(tries, ACCOUNT, later).count == 1


def test_what_is_one_address() -> None:
    assert address_key("192.0.2.1") == address_key("::ffff:192.0.2.1") == "address 192.0.2.1"
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff:1:2") == "address 2001:db8::/64"
    assert address_key("2001:db8:0:1::1") != address_key("2001:db8::1")
    assert address_key("unknown" + "x" * 100) == "address unknown" + "x" * 57
