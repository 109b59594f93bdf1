"""The security corpus is complete: each case has the tests that are counted here, and no test is lost unnoticed.

A test that covers a case carries `@pytest.mark.corpus("D9")`, with several ids where it covers several. Adding
one means raising the number beside its id; a number that only ever grows is the point of this file.
"""

import ast
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent

EXPECTED = {
    "A1": 4,
    "A2": 2,
    "A4": 2,
    "A6": 2,
    "A7": 3,
    "A9": 3,
    "A10": 1,
    "A11": 1,
    "A12": 2,
    "A16": 1,
    "A20": 1,
    "A21": 2,
    "B1": 1,
    "B3": 2,
    "B4": 2,
    "B5": 2,
    "B7": 4,
    "B8": 2,
    "B10": 1,
    "B12": 1,
    "B13": 1,
    "C1": 7,
    "C2": 3,
    "C3": 3,
    "C7": 1,
    "C8": 2,
    "C10": 1,
    "C11": 3,
    "C12": 4,
    "D1": 3,
    "D3": 4,
    "D4": 6,
    "D5": 3,
    "D6": 5,
    "D7": 3,
    "D9": 3,
    "D10": 3,
    "D11": 5,
    "D12": 5,
    "D15": 7,
    "D16": 3,
    "D17": 3,
    "D18": 3,
    "D20": 2,
    "D21": 2,
    "E1": 3,
    "E4": 6,
    "E5": 1,
    "E6": 3,
    "E9": 1,
    "E10": 2,
    "G1": 8,
    "G3": 1,
    "G5": 1,
    "G6": 1,
    "G7": 2,
    "G8": 1,
    "G9": 1,
    "H2": 3,
    "H3": 6,
    "H4": 2,
    "I2": 5,
    "I3": 3,
    "V14": 3,
}
"""How many test functions carry each id."""


def ids_in(source: str) -> list[str]:
    """The ids that the tests of a module carry, one for each test and id."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.corpus":
                    found += [str(ast.literal_eval(argument)) for argument in decorator.args]
    return found


def carried() -> Counter[str]:
    """How many tests carry each id, in all test modules."""
    return Counter(each for path in sorted(TESTS.rglob("test_*.py")) for each in ids_in(path.read_text("utf-8")))


def test_every_case_has_the_tests_that_are_counted_here() -> None:
    assert dict(sorted(carried().items())) == dict(sorted(EXPECTED.items()))


def test_a_test_with_two_ids_counts_for_both_and_one_that_is_no_test_for_none() -> None:
    source = '@pytest.mark.corpus("A1", "A2")\ndef test_x(): ...\n@pytest.mark.corpus("A1")\nasync def test_y(): ...\n'
    assert ids_in(source + '@pytest.mark.corpus("A1")\ndef helper(): ...\n') == ["A1", "A2", "A1"]
