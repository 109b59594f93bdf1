"""One bad file a rule, each pinned to its exact message: a changed wording is a changed interface."""

from pathlib import Path

import pytest

from statuspage.app import load_config
from statuspage.config import ConfigError

FILES = sorted((Path(__file__).parent / "bad").glob("*.toml"))


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUSPAGE_TEST_SIGNING_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("STATUSPAGE_TEST_ROUTING_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("STATUSPAGE_TEST_SHORT_KEY", "c2hvcnQ=")


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
