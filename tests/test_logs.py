"""Logs: two forms, and no secret in either."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from statuspage import logs

SECRET = 'hun"ter\\2\nnext'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_no_form_shows_a_secret(stream: type[io.StringIO]) -> None:
    out = stream()
    logs.setup((SECRET,), stream=out)
    log = logging.getLogger("statuspage.test")
    log.info("the password is %s", SECRET)
    log.info("seen at https://user:p@ss@host/?key=AIza123&ns=x", extra={"url": f"redis://:{SECRET}@h"})
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("it broke")
    text = out.getvalue()
    for part in ("hun", "ter", "AIza123", "p@ss", "ss@host"):
        assert part not in text, part
    assert "ns=x" in text


def test_lines_are_json_unless_a_person_looks() -> None:
    out = io.StringIO()
    logs.setup(stream=out)
    logging.getLogger("statuspage.test").warning("café %d", 1, extra={"check": "chat"})
    (line,) = map(json.loads, out.getvalue().splitlines())
    assert (line["level"], line["message"], line["check"]) == ("warning", "café 1", "chat")
    assert line["at"].endswith("+00:00")


def test_httpx_does_not_write_whole_addresses() -> None:
    logs.setup(stream=io.StringIO())
    assert logging.getLogger("httpx").getEffectiveLevel() >= logging.WARNING
