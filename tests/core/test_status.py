from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.status import Indicator, Status, page_status, worst

statuses = st.sampled_from(Status)

MAJOR, PARTIAL, DEGRADED = Status.MAJOR, Status.PARTIAL, Status.DEGRADED
MAINTENANCE, UP, UNKNOWN = Status.MAINTENANCE, Status.OPERATIONAL, Status.UNKNOWN


@given(statuses, statuses, statuses)
def test_worst_is_a_lattice_join(a: Status, b: Status, c: Status) -> None:
    assert worst([a, worst([b, c])]) is worst([worst([a, b]), c])
    assert worst([a, b]) is worst([b, a])
    assert worst([a, a]) is a
    assert worst([a, UNKNOWN]) is a
    assert worst([a, b]).severity >= a.severity


def test_nothing_known_is_unknown() -> None:
    assert worst([]) is UNKNOWN
    assert worst([UNKNOWN, UNKNOWN]) is UNKNOWN


def test_the_order_from_worst_to_best() -> None:
    assert sorted(Status, key=lambda status: -status.severity) == [MAJOR, PARTIAL, DEGRADED, MAINTENANCE, UP, UNKNOWN]


def test_the_page_says_one_of_seven_exact_sentences() -> None:
    table = {
        (UP, UP): (Indicator.NONE, "All Systems Operational"),
        (): (Indicator.NONE, "All Systems Operational"),
        (UNKNOWN, UP): (Indicator.NONE, "All Systems Operational"),
        (MAINTENANCE, UP): (Indicator.MAINTENANCE, "Service Under Maintenance"),
        (DEGRADED, UP): (Indicator.MINOR, "Partially Degraded Service"),
        (DEGRADED, DEGRADED): (Indicator.MINOR, "Degraded System Service"),
        (PARTIAL, UP): (Indicator.MINOR, "Minor Service Outage"),
        (PARTIAL, PARTIAL): (Indicator.MAJOR, "Partial System Outage"),
        (MAJOR, UP): (Indicator.MAJOR, "Partial System Outage"),
        (MAJOR, PARTIAL): (Indicator.MAJOR, "Partial System Outage"),
        (MAJOR, MAJOR): (Indicator.CRITICAL, "Major System Outage"),
        (MAJOR, UNKNOWN): (Indicator.MAJOR, "Partial System Outage"),
        (MAJOR,): (Indicator.CRITICAL, "Major System Outage"),
    }
    for components, expected in table.items():
        found = page_status(components)
        assert (found.indicator, found.description) == expected, components


@given(st.lists(statuses, min_size=1), statuses)
def test_a_component_that_gets_worse_never_makes_the_page_look_better(components: list[Status], new: Status) -> None:
    order = list(Indicator)
    worse = [worst([components[0], new]), *components[1:]]
    assert order.index(page_status(worse).indicator) >= order.index(page_status(components).indicator)
