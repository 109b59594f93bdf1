"""The pictures of `python -m tests.shots`: every page is there to be taken, under its name."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.shots import SCHEMES, TROUBLE, served, shoot, take


def test_every_page_is_taken_in_both_schemes(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with served(tmp_path / "data", in_trouble=True) as site:
        taken = take(browser, site, TROUBLE, tmp_path / "shots", widths=(390,))
    assert {each.name for each in taken} == {f"{name}-390-{scheme}.png" for name in TROUBLE for scheme in SCHEMES}
    for each in taken:
        head = each.read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        assert int.from_bytes(head[16:20]) == 390


def test_the_bar_with_the_button_lies_over_nothing_in_a_picture(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with served(tmp_path / "data", in_trouble=True) as site:
        context = browser.new_context()
        context.add_cookies([{"name": "statuspage", "value": site.secret, "url": site.here}])
        page = context.new_page()
        shoot(page, f"{site.here}/staff/post?incident={site.open}", 1280, tmp_path / "post.png")
        bar = page.locator(".desk .send").bounding_box()
        rows = page.locator(".desk .picks li:visible, .desk textarea")
        boxes = [each.bounding_box() for each in rows.all()]
        assert len(boxes) > 1
        assert bar is not None
        assert [each for each in boxes if each is None or each["y"] + each["height"] > bar["y"]] == []
        context.close()
