"""Addresses of the configuration that would be more than an address: refused, and escaped where they are shown."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from statuspage.app import loads_config
from statuspage.config import ConfigError
from statuspage.core.json_path import look_up, steps_of
from statuspage.core.site import Link
from statuspage.web.render import render
from tests.web.snapshots import NOW, make_site, make_snapshot

BAD = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example",
    'https://example.com/x" onload="alert(1)',
    "https://example.com/<script>",
    "https://example.com/ x",
    "https://example.com/`x`",
)


PROGRAMS = (
    "$ENV.PATH",
    "env.PATH",
    "unparsed-text('/etc/passwd')",
    "__import__('os').environ",
    "a[?(@.b)]",
    "a | env",
    "..*",
    "a[-1]",
    "a[0:2]",
    "{{7*7}}",
)
"""What other products once ran: jq, XPath, JSONPath, Python, templates."""


@pytest.mark.corpus("B8")
@pytest.mark.parametrize("path", PROGRAMS)
def test_a_path_into_an_answer_is_names_and_indexes_and_never_a_program(path: str) -> None:
    """Where such a text is a path at all it names keys, of which an answer has none."""
    with suppress(ValueError):
        assert steps_of(path) == tuple(path.split("."))
        assert look_up({"a": [{"b": 1}], "PATH": "x"}, path) is None


@pytest.mark.corpus("B8")
@pytest.mark.parametrize("path", ["a[?(@.b)]", "..*", "a[-1]", "a[0:2]", "unparsed-text[0]()"])
def test_a_program_in_the_place_of_a_path_refuses_the_configuration(path: str) -> None:
    text = '[[component]]\nid = "chat"\nname = "Chat"\n[[check]]\nid = "chat"\ncomponent = "chat"\ntype = "http"\n'
    text += f'url = "http://a.example/"\n[[check.expect_json]]\npath = {json.dumps(path)}\nequals = 1\n'
    text += '[[provider]]\nid = "main"\nname = "Main"\ncomponent = "chat"\n[[signal]]\nid = "load"\ntype = "json"\n'
    text += f'url = "https://metrics.example.com/x"\nprovider = "main"\nusers = {json.dumps(path)}\n'
    with pytest.raises(ConfigError) as refused:
        loads_config(text, Path())
    assert {problem.path for problem in refused.value.problems} == {
        "check[chat].expect_json[0].path",
        "signal[load].users",
    }


@pytest.mark.corpus("C3")
@pytest.mark.parametrize("url", BAD)
def test_a_link_of_the_site_is_http_and_ends_no_attribute(url: str) -> None:
    text = f"[site]\nsupport_url = {json.dumps(url)}\n"
    text += f'[[site.link]]\nname = "Help"\nurl = {json.dumps(url)}\n'
    with pytest.raises(ConfigError) as refused:
        loads_config(text, Path())
    assert {problem.path for problem in refused.value.problems} == {"site.support_url", "site.link[0].url"}


@pytest.mark.corpus("C3")
@pytest.mark.parametrize("url", BAD)
def test_a_logo_is_a_file_and_no_address(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loads_config(f"[site]\nlogo = {json.dumps(url)}\n", tmp_path)
    assert [problem.path for problem in refused.value.problems] == ["site.logo"]


@pytest.mark.corpus("C3")
def test_what_a_site_has_stored_all_the_same_is_escaped_on_the_page() -> None:
    evil = 'https://example.com/x" onload="alert(1)"><script>alert(1)</script>\''
    site = replace(make_site(), support_url=evil, links=(Link("Help", evil),))
    pages = [
        file.body.decode() for path, file in render(make_snapshot(site=site), NOW).items() if path in ("/", "/history")
    ]
    assert len(pages) == 2
    for page in pages:
        assert "x&#34; onload=&#34;alert(1)" in page
        assert 'onload="' not in page
        assert "<script>alert(1)" not in page
