"""One bad file a rule, each pinned to its exact message: a changed wording is a changed interface."""

from pathlib import Path

import pytest

from statuspage.app import load_config
from statuspage.config import ConfigError

FILES = sorted((Path(__file__).parent / "bad").glob("*.toml"))


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_exactly_these_messages(path: Path) -> None:
    assert expected(path), "the file does not say what it expects"
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert [str(problem) for problem in refused.value.problems] == expected(path)


def test_there_is_a_file_for_every_rule() -> None:
    assert len(FILES) >= 40
