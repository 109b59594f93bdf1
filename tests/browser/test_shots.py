"""The pictures of `python -m tests.shots`: every page is there to be taken, under its name."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.shots import SCHEMES, TROUBLE, served, take


def test_every_page_is_taken_in_both_schemes(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with served(tmp_path / "data", in_trouble=True) as site:
        taken = take(browser, site, TROUBLE, tmp_path / "shots", widths=(390,))
    assert {each.name for each in taken} == {f"{name}-390-{scheme}.png" for name in TROUBLE for scheme in SCHEMES}
    for each in taken:
        head = each.read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        assert int.from_bytes(head[16:20]) == 390
