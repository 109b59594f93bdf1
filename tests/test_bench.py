"""What a benchmark says of itself is true; how fast anything is belongs to nobody's test."""

from tests.bench.ramp import END_S, simulate


def test_a_herd_that_comes_at_once_is_watched_for_an_hour_before_it_is_called_lost() -> None:
    found = simulate(20_000, paced=False)
    assert (found.recovered_s, found.end_s, found.users) == (None, END_S, 20_000)
    assert found.connected < 1_000
    # Whoever waits longest between two tries makes one a minute, and each of them goes on to the end.
    assert found.tries > 20_000 * END_S / 60
    assert found.peak_per_s > 20_000


def test_the_same_herd_paced_is_there_when_its_ramp_ends() -> None:
    found = simulate(20_000, paced=True)
    assert found.connected == found.users == found.tries
    assert found.recovered_s is not None
    assert found.recovered_s <= found.ramp_s + 10
    assert found.useful == 1.0


def test_the_rate_of_new_connections_grows_with_a_herd_that_comes_at_once_and_not_with_a_paced_one() -> None:
    at_once, paced = ([simulate(users, way).peak_per_s for users in (2_000, 20_000)] for way in (False, True))
    assert at_once[1] > 5 * at_once[0]
    assert paced[1] < 2 * paced[0]
