"""The Realtime Database's tree as values: build, read, write, hash, query.

A node is None (nothing), a scalar, or a dict of children; priorities sit beside them as the wire has them:
`{".priority": p, "child": …}` for a branch, `{".value": v, ".priority": p}` for a leaf. Nodes are never
changed in place, so an old root stays the old state. Order, hashes and windows are those that the SDK
computes for itself: where they differ, its transactions never end and its queries show other rows.
"""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Iterator
from typing import Any, TypeAlias, TypeGuard

Node: TypeAlias = Any  # None, bool, int, float, str or dict[str, Node]
Path: TypeAlias = tuple[str, ...]
Order: TypeAlias = tuple[int, float, bytes]

MAX_DEPTH = 32
_KEY_BYTES = 768
_BAD_KEY = re.compile(r"[.$#\[\]/\x00-\x1f\x7f]")
_INT32 = re.compile(r"-?\d{1,10}")


class BadData(ValueError):
    """What a client sent cannot be stored; the text says why."""


def parse_path(text: object) -> Path:
    """ "/rooms/a" → ("rooms", "a"). Raises BadData."""
    if not isinstance(text, str):
        raise BadData("the path is not a string")
    path = tuple(part for part in text.split("/") if part)
    if len(path) > MAX_DEPTH:
        raise BadData(f"the path is deeper than {MAX_DEPTH}")
    for key in path[:-1] if path[-1:] == (".priority",) else path:
        _check_key(key)
    return path


def _check_key(key: str) -> None:
    if not key or _BAD_KEY.search(key) or len(key.encode("utf-8", "surrogatepass")) > _KEY_BYTES:
        raise BadData(f"{key[:40]!r} cannot be a key")


def is_branch(node: Node) -> TypeGuard[dict[str, Any]]:
    """Whether a node has children (and is not a leaf with a priority)."""
    return isinstance(node, dict) and ".value" not in node


def children(node: Node) -> Iterator[tuple[str, Node]]:
    if is_branch(node):
        yield from ((key, child) for key, child in node.items() if key != ".priority")


def priority(node: Node) -> Node:
    return node.get(".priority") if isinstance(node, dict) else None


def leaf_value(node: Node) -> Node:
    """The scalar of a leaf; None for nothing and for branches."""
    if isinstance(node, dict):
        return node.get(".value")
    return node


def build(sent: Node, old: Node, now_ms: int, depth: int = 0) -> Node:
    """What a client sent as a node: server values filled in (over `old`, what is there), empties dropped."""
    if depth > MAX_DEPTH:
        raise BadData(f"the data is deeper than {MAX_DEPTH}")
    if isinstance(sent, list):
        sent = {str(index): item for index, item in enumerate(sent)}
    if not isinstance(sent, dict):
        return sent
    if ".sv" in sent:
        return _server_value(sent[".sv"], old, now_ms)
    rank = build(sent.get(".priority"), priority(old), now_ms, depth + 1)
    if isinstance(rank, dict | bool):
        raise BadData("a priority is a number or a string")
    if ".value" in sent:
        return _with_priority(build(sent[".value"], old, now_ms, depth + 1), rank)
    node: dict[str, Node] = {}
    for key, value in sent.items():
        if key == ".priority":
            continue
        _check_key(key)
        child = build(value, get(old, (key,)), now_ms, depth + 1)
        if child is not None:
            node[key] = child
    return _with_priority(node, rank) if node else None


def _server_value(what: Node, old: Node, now_ms: int) -> Node:
    if what == "timestamp":
        return now_ms
    if isinstance(what, dict) and set(what) == {"increment"}:
        step, base = what["increment"], leaf_value(old)
        if not _is_number(step):
            raise BadData("an increment is a number")
        return _as_double(float(step) + float(base)) if _is_number(base) else step
    raise BadData("no such server value")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_priority(node: Node, rank: Node) -> Node:
    if node is None:
        return None
    if is_branch(node):
        plain: dict[str, Node] = dict(children(node))
        return plain if rank is None else {".priority": rank, **plain}
    value = leaf_value(node)
    return value if rank is None else {".value": value, ".priority": rank}


def get(root: Node, path: Path) -> Node:
    """The node at a path, None where nothing is."""
    node = root
    for key in path:
        if key == ".priority":
            return priority(node)
        node = node.get(key) if is_branch(node) else None
    return node


def put(root: Node, path: Path, node: Node) -> Node:
    """A new root with `node` at `path`; parents appear and vanish as needed."""
    if not path:
        return node
    key, rest = path[0], path[1:]
    if key == ".priority":
        return _with_priority(root, node)
    if not is_branch(root):
        if node is None:
            return root
        only = put(None, rest, node)
        return root if only is None else _with_priority({key: only}, priority(root))
    changed = dict(root)
    child = put(root.get(key), rest, node)
    if child is None:
        changed.pop(key, None)
    else:
        changed[key] = child
    return changed if any(name != ".priority" for name in changed) else None


def node_hash(node: Node) -> str:
    """The hash that the SDK sends as `h`: base64 of SHA-1 over its own text form; "" for nothing."""
    rank = priority(node)
    text = "" if rank is None else f"priority:{_scalar_text(rank)}:"
    if is_branch(node):
        parts = sorted(children(node), key=lambda item: (value_order(priority(item[1])), key_order(item[0])))
        text += "".join(f":{key}:{node_hash(child)}" for key, child in parts)
    elif node is None:
        return ""
    else:
        text += _scalar_text(leaf_value(node))
    return base64.b64encode(hashlib.sha1(text.encode("utf-8", "surrogatepass")).digest()).decode() if text else ""


def _scalar_text(value: Node) -> str:
    if isinstance(value, bool):
        return f"boolean:{'true' if value else 'false'}"
    if isinstance(value, int | float):
        return f"number:{struct.pack('>d', value).hex()}"
    return f"string:{value}"


def value_order(node: Node) -> Order:
    """Nothing, then booleans, numbers, strings (by UTF-16 unit, as in JavaScript), then branches."""
    if is_branch(node):
        return (4, 0, b"")
    value = leaf_value(node)
    if value is None:
        return (0, 0, b"")
    if isinstance(value, bool):
        return (1, value, b"")
    if isinstance(value, int | float):
        return (2, value, b"")
    return (3, 0, str(value).encode("utf-16-be", "surrogatepass"))


def key_order(key: str) -> Order:
    """Keys that are 32-bit integers first, by number; then the others by text."""
    if _INT32.fullmatch(key) and -(2**31) <= int(key) < 2**31:
        return (0, int(key), bytes([len(key)]))
    return (1, 0, key.encode("utf-16-be", "surrogatepass"))


_BEFORE: Order = (-1, 0, b"")
_AFTER: Order = (2, 0, b"")


def window(node: Node, query: dict[str, Any]) -> Node:
    """What a query shows of a node. `query` as on the wire: i, sp, sn, sin, ep, en, ein, l, vf."""
    if not query or not is_branch(node):
        return node
    index = query.get("i", ".priority")

    def rank(item: tuple[str, Node]) -> tuple[Order, Order]:
        key, child = item
        if index == ".key":
            return (key_order(key), _BEFORE)
        value = child if index == ".value" else priority(child)
        if index not in (".value", ".priority"):
            value = get(child, parse_path(index))
        return (value_order(value), key_order(key))

    rows = sorted(children(node), key=rank)
    if "sp" in query:
        after = query.get("sin") is False
        edge = _edge(query["sp"], query.get("sn"), index, _AFTER if after else _BEFORE)
        rows = [row for row in rows if (rank(row) > edge if after else rank(row) >= edge)]
    if "ep" in query:
        before = query.get("ein") is False
        edge = _edge(query["ep"], query.get("en"), index, _BEFORE if before else _AFTER)
        rows = [row for row in rows if (rank(row) < edge if before else rank(row) <= edge)]
    limit = query.get("l")
    if isinstance(limit, int) and limit > 0:
        rows = rows[:limit] if query.get("vf", "l" if "sp" in query else "r") == "l" else rows[-limit:]
    return _with_priority(dict(rows), priority(node)) if rows else None


def _edge(value: Node, name: object, index: str, beside: Order) -> tuple[Order, Order]:
    if index == ".key":
        # "[MIN_NAME]" and "[MAX_NAME]" are how the SDK writes an open end.
        open_ends = {"[MIN_NAME]": _BEFORE, "[MAX_NAME]": _AFTER}
        return (open_ends.get(str(value)) or key_order(str(value)), _BEFORE)
    named = isinstance(name, str) and name not in ("[MIN_NAME]", "[MAX_NAME]")
    if not named and name in ("[MIN_NAME]", "[MAX_NAME]"):
        beside = _BEFORE if name == "[MIN_NAME]" else _AFTER
    return (value_order(value), key_order(str(name)) if named else beside)


def number(text: str) -> int | float:
    """A JSON number as JavaScript has it: whole where it is whole, a double beyond 2**53. Raises BadData."""
    return _as_double(float(text))


def _as_double(value: float) -> int | float:
    if not math.isfinite(value):
        raise BadData("a number is not finite")
    return int(value) if value.is_integer() and abs(value) <= 2**53 else value
