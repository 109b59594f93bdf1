"""The tree's own laws. That the SDK agrees is tested in tests/interop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.drill.rtdb_tree import BadData, Node, build, get, key_order, node_hash, number, parse_path, put, window

KEYS = st.text("abc0123456789", min_size=1, max_size=3)
LEAVES = st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
NODES = st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=4), max_leaves=10)
PATHS = st.lists(KEYS, max_size=4).map(tuple)


@given(NODES, PATHS, NODES)
def test_what_was_put_is_read_back(root: Node, path: tuple[str, ...], node: Node) -> None:
    assert get(put(root, path, node), path) == node


@given(NODES, PATHS)
def test_a_removed_place_leaves_no_empty_parent(root: Node, path: tuple[str, ...]) -> None:
    after = put(root, path, None)
    assert get(after, path) is None
    assert after == build(after, None, 0)


@given(NODES, PATHS, NODES)
def test_an_old_root_stays_the_old_state(root: Node, path: tuple[str, ...], node: Node) -> None:
    before = node_hash(root)
    put(root, path, node)
    assert node_hash(root) == before


@given(NODES)
def test_a_hash_does_not_depend_on_the_order_of_keys(node: Node) -> None:
    def turned(value: Node) -> Node:
        return {key: turned(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    assert node_hash(turned(node)) == node_hash(node)


def test_true_and_one_hash_apart() -> None:
    assert node_hash(True) != node_hash(1)
    assert node_hash(1) == node_hash(1.0)
    assert node_hash(None) == ""


def test_a_child_below_a_leaf_replaces_it_and_keeps_its_priority() -> None:
    leaf = {".value": "x", ".priority": 3}
    assert put(leaf, ("a",), 1) == {".priority": 3, "a": 1}
    assert put(leaf, ("a",), None) == leaf
    assert put("x", ("a", "b", ".priority"), 1) == "x"


def test_lists_become_children_and_empties_vanish() -> None:
    assert build(["a", None, {"x": {}}, "d"], None, 0) == {"0": "a", "3": "d"}
    assert build({".value": 5, ".priority": None}, None, 0) == 5
    assert build({".priority": 2}, None, 0) is None


def test_server_values_look_at_what_is_there() -> None:
    sent = {"at": {".sv": "timestamp"}, "n": {".sv": {"increment": 2}}, "new": {".sv": {"increment": 0.5}}}
    assert build(sent, {"n": 40, "new": "text"}, 1234) == {"at": 1234, "n": 42, "new": 0.5}


@pytest.mark.parametrize("sent", [{".sv": "now"}, {".sv": {"increment": "1"}}, {"a.b": 1}, {"": 1}, {"a\n": 1}])
def test_what_cannot_be_stored_is_refused(sent: Node) -> None:
    with pytest.raises(BadData):
        build(sent, None, 0)


def test_data_and_paths_have_a_depth_limit() -> None:
    deep: Node = 1
    for _ in range(40):
        deep = {"d": deep}
    with pytest.raises(BadData, match="deeper than 32"):
        build(deep, None, 0)
    with pytest.raises(BadData, match="deeper than 32"):
        parse_path("/".join("d" * 40))


@pytest.mark.parametrize("path", ["a/b#c", "$x", "a/[0]", "a.b", ".priority/x", 5, None])
def test_bad_paths_are_refused(path: object) -> None:
    with pytest.raises(BadData):
        parse_path(path)


def test_integer_keys_come_before_text_and_are_ordered_by_number() -> None:
    assert sorted(["b", "10", "-1", "9", "4294967296", "a"], key=key_order) == ["-1", "9", "10", "4294967296", "a", "b"]


def test_numbers_are_doubles() -> None:
    assert number("1.0") == 1
    assert isinstance(number("1e3"), int)
    assert isinstance(number("123456789012345678901234567890"), float)
    with pytest.raises(BadData):
        number("1e999")


SCORES = {"ann": {"n": 3}, "bob": {"n": 1}, "cid": {"n": 2}, "dan": "no number"}


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({}, ["ann", "bob", "cid", "dan"]),
        ({"i": "n", "l": 2, "vf": "l"}, ["bob", "dan"]),
        ({"i": "n", "l": 2, "vf": "r"}, ["ann", "cid"]),
        ({"i": "n", "sp": 2, "sin": True}, ["ann", "cid"]),
        ({"i": "n", "sp": 2, "sn": "[MAX_NAME]", "sin": False}, ["ann"]),
        ({"i": "n", "ep": 2, "en": "[MIN_NAME]", "ein": False}, ["bob", "dan"]),
        ({"i": "n", "sp": 2, "ep": 2}, ["cid"]),
        ({"i": "n", "sp": 9}, []),
        ({"i": ".key", "sp": "b", "ep": "cid"}, ["bob", "cid"]),
        ({"i": ".key", "sp": "bob", "sin": False}, ["cid", "dan"]),
        ({"i": ".value", "l": 1, "vf": "l"}, ["dan"]),
    ],
)
def test_a_query_shows_its_window(query: Node, keys: list[str]) -> None:
    assert sorted(window(SCORES, query) or {}) == keys
