"""Addresses of the configuration that would be more than an address: refused, and escaped where they are shown."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from statuspage.app import loads_config
from statuspage.config import ConfigError
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
