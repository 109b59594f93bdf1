"""What the configuration can object to: the messages as they stand in the code, for a test that wants each seen."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = (
    *sorted((ROOT / "statuspage/config").glob("*.py")),
    ROOT / "statuspage/fields.py",
    *sorted((ROOT / "probes").glob("*.py")),
    *sorted((ROOT / "statuspage/notifiers").glob("*.py")),
)

NOT_OF_A_FILE = {
    "warnings": "warnings refuse nothing",
    "parse": "what a target answers while it is looked at (probes/_json_path.py)",
}
"""Functions whose messages no file can bring about, and why."""


@dataclass(frozen=True)
class Message:
    """One message: where it stands, and what its texts look like."""

    where: str
    pattern: str


def messages() -> Iterator[Message]:
    """Every literal text of an error, a template of one being a pattern."""
    for path in FILES:
        for function, node in _nodes(ast.parse(path.read_text(encoding="utf-8"))):
            if function not in NOT_OF_A_FILE:
                for text in _texts(node):
                    yield Message(f"{path.relative_to(ROOT)}:{node.lineno}", text)


def _nodes(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.expr]]:
    """Every expression with the name of the function that it stands in."""
    for node in ast.iter_child_nodes(tree):
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(node, ast.expr):
            yield inner, node
        yield from _nodes(node, inner)


def _texts(node: ast.expr) -> Iterator[str]:
    """The message that this expression makes: a ValueError's, a Problem's, or one of the tables of problems.py."""
    made: list[ast.expr] = []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "ValueError":
            made = node.args[:1]
        elif node.func.id == "Problem":
            made = node.args[1:2]
    elif isinstance(node, ast.Lambda):
        made = [node.body]
    for each in made:
        pattern = _pattern(each)
        if pattern.replace(".*", ""):
            yield pattern


def _pattern(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_pattern(part) if isinstance(part, ast.Constant) else ".*" for part in node.values)
    return ".*"
