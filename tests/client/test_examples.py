"""The examples of docs/clients.md, run as they stand there against a real site; only the addresses are ours."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from statuspage.client import evaluate
from tests.client.documents import document, moved
from tests.client.site import example, serving


def test_the_python_example_connects_where_a_real_site_says(tmp_path: Path) -> None:
    with serving(tmp_path) as (web, _):
        code = example("import time\nfrom statuspage.client").replace(
            "https://status.example.com", f"http://127.0.0.1:{web.port}"
        )
        assert len([line for line in code.splitlines() if line]) <= 10
        names: dict[str, Any] = {"dial": lambda provider: f"dialled {provider}"}
        exec(code, names)
        assert names["connect"]() == "dialled native"
        assert names["directives"].directive("realtime.chat")["cause"] == "firebase_down"


def test_the_document_that_is_shown_has_the_shape_of_a_real_one() -> None:
    shown, real = json.loads(example('{"version": 1')), document(moved())
    assert shown.keys() == real.keys()
    directive = shown["routes"]["realtime.chat"]
    assert directive.keys() == real["routes"]["realtime.chat"].keys()
    assert directive["connect"] == real["routes"]["realtime.chat"]["connect"]
    assert evaluate("realtime.chat", directive, {}) == ("native", "STATIC")


def test_the_wrapper_for_openfeature_keeps_what_was_said_last() -> None:
    names: dict[str, Any] = {}
    exec(example("import time\n\n\nclass Kept"), names)
    said, asked, now = SimpleNamespace(value="native", error_code=None), list[str](), [0.0]

    def details(flag: str, default: str, context: object) -> SimpleNamespace:
        asked.append(flag)
        return said

    kept = names["Kept"](SimpleNamespace(get_string_details=details), lambda: now[0])
    assert [kept.value("f", "firebase") for _ in range(3)] == ["native"] * 3
    assert asked == ["f"]
    said.value, said.error_code, now[0] = "firebase", "GENERAL", 6
    assert kept.value("f", "firebase") == "native"
    said.value, said.error_code, now[0] = "limited", None, 12
    assert kept.value("f", "firebase") == "limited"
