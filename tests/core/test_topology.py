import itertools

from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.status import Status
from statuspage.core.topology import Watched, dragged_down, find_cycle, root_causes

HOUSE = {
    "redis": Watched("redis", ("r",)),
    "backend": Watched("backend", ("b",), ("redis",)),
    "lobby": Watched("lobby", ("l",), ("backend",)),
    "landing": Watched("landing", ("p",)),
}


def test_the_deepest_trouble_is_the_root_cause() -> None:
    down = dict.fromkeys(("redis", "backend", "lobby"), Status.MAJOR)
    assert root_causes("lobby", HOUSE, down) == ("redis",)
    assert root_causes("redis", HOUSE, down) == ("redis",)


def test_a_need_that_is_well_ends_the_search() -> None:
    assert root_causes("lobby", HOUSE, {"redis": Status.MAJOR, "backend": Status.OPERATIONAL}) == ("lobby",)


def test_two_causes_are_both_named() -> None:
    house = {"a": Watched("a"), "b": Watched("b"), "c": Watched("c", needs=("a", "b"))}
    assert root_causes("c", house, {"a": Status.MAJOR, "b": Status.DEGRADED}) == ("a", "b")


def test_what_a_cause_drags_down_is_everything_above_it() -> None:
    assert dragged_down("redis", HOUSE) == ("backend", "lobby")
    assert dragged_down("landing", HOUSE) == ()


def test_a_circle_is_shown_along_its_way() -> None:
    assert find_cycle({"a": ["b"], "b": ["c"], "c": ["a"]}) in (
        ("a", "b", "c", "a"),
        ("b", "c", "a", "b"),
        ("c", "a", "b", "c"),
    )
    assert find_cycle({"a": ["a"]}) == ("a", "a")
    assert find_cycle({"a": ["b", "c"], "b": ["d"], "c": ["d"]}) is None


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=3), max_size=9))
def test_a_graph_has_a_circle_exactly_when_it_cannot_be_put_in_order(raw: dict[int, list[int]]) -> None:
    graph = {str(node): [str(need) for need in needs] for node, needs in raw.items()}
    found = find_cycle(graph)
    left = {node: set(needs) & set(graph) for node, needs in graph.items()}
    while free := [node for node, needs in left.items() if not needs]:
        for node in free:
            del left[node]
        left = {node: needs - set(free) for node, needs in left.items()}
    assert (found is not None) == bool(left)
    if found is not None:
        assert found[0] == found[-1]
        assert all(b in graph[a] for a, b in itertools.pairwise(found))
