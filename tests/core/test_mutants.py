"""The seeded bugs can still be planted: `python -m tests.core.mutants` plants them."""

import ast
from pathlib import Path

import pytest

from tests.core.mutants.seeds import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_the_line_that_a_bug_replaces_is_there_once_and_the_bug_is_a_program(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert len(mutant.places(text)) == 1
    changed = mutant.put_into(text)
    assert changed != text
    ast.parse(changed)


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({each.name for each in MUTANTS}) == len(MUTANTS) >= 24
