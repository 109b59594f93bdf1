"""The preview and the mail: what people typed is safe in both, and what the script is given is nothing but nodes."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from statuspage.core.role import Role
from statuspage.web.render import render
from statuspage.web.staff.mail import mail
from statuspage.web.staff.preview import tree
from tests.web.desk import VIDEO, Desk, desk, desk_site, still_desk
from tests.web.snapshots import NOW, open_incident
from tests.web.test_staff_post import POST, filled

__all__ = ["desk", "still_desk"]

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html,<script>)",
    "<javascript:alert(1)>",
    '[a](https://e "t\\" onmouseover=1")',
    '```mermaid\nclick A "javascript:alert(1)"\n```',
    "<style>*{display:none}</style>",
    "<form action=//evil><input name=mark></form>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0>",
    "<p id=post name=post>clobber</p>",
    "![](https://tracker.example/p.png)",
    "</div></td></table></section><h1>out</h1>",
    "{{ 7 * 7 }} {% raw %}",
]
Node = list[object]
FOLLOWABLE = ("#", "https://", "http://", "mailto:")
HARMLESS = {"class", "href", "datetime", "data-s", "aria-hidden", "aria-label", "title", "rel", "start"}


class Elements(HTMLParser):
    """What a browser would find in a text: names of elements and attributes, and where links lead."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]


def nodes(made: object) -> Iterator[Node]:
    """Every element of a tree."""
    if isinstance(made, list):
        if made and isinstance(made[0], str) and len(made) > 1 and isinstance(made[1], dict):
            yield made
        for each in made:
            yield from nodes(each)


@pytest.mark.corpus("C1", "C12")
@pytest.mark.parametrize("body", HOSTILE)
def test_what_people_type_is_safe_in_the_panes_and_in_the_tree(still_desk: Desk, body: str) -> None:
    browser = still_desk.browser(Role.RESPONDER)
    form = filled(browser.get(f"{POST}?incident=new"), title=body.replace("\n", " "), body=body, act="preview")
    page = browser.post(POST, **form).text
    panes = Elements(page[page.index('id="see"') : page.index("</aside>")])
    assert not panes.names & {"img", "script", "style", "form", "base", "meta", "input", "h1", "iframe"}
    assert panes.attributes <= HARMLESS
    assert all(address.startswith(FOLLOWABLE) for address in panes.addresses)
    answer = browser.post("/staff/preview", **form)
    assert answer.content_type == "application/json"
    for name, attributes, *_ in nodes(json.loads(answer.text)["panes"]):
        assert name not in ("img", "script", "style", "form", "base", "meta", "input", "h1", "iframe")
        assert isinstance(attributes, dict)
        assert set(attributes) <= HARMLESS
        assert attributes.get("href", "#").startswith(FOLLOWABLE)


def test_the_tree_is_the_fragment_of_the_page(still_desk: Desk) -> None:
    browser = still_desk.browser()
    typed = {"body": "It is **better**.", f"component.{VIDEO}": "operational", "next_in": "60"}
    form = filled(browser.get(f"{POST}?incident={still_desk.work.open}"), **typed)
    found = browser.post("/staff/preview", **form).json
    assert found is not None
    page = browser.post(POST, **{**form, "act": "preview"}).text
    panes = page[page.index('id="see"') : page.index("</aside>")]
    assert found["panes"] == tree(panes[panes.index("<section") :])
    flat = json.dumps(found["panes"])
    assert '["strong", {}, "better"]' in flat
    assert "[Identified] Video starts slowly" in flat
    assert "15:32 UTC" in flat


@pytest.mark.parametrize("state", ["investigating", "identified", "monitoring", "resolved"])
def test_the_preview_has_the_word_and_the_text_that_the_page_will_have(desk: Desk, state: str) -> None:
    """`identified` is what it is already: that is told as "Update"."""
    browser = desk.browser()
    form = filled(browser.get(f"{POST}?incident={desk.work.open}"), body="It is **better**.", state=state)
    seen = browser.post(POST, **{**form, "act": "preview"}).text
    assert browser.post(POST, **form).status_code == 303
    snapshot = desk.store.snapshot(desk.now)
    assert snapshot is not None
    page = render(snapshot, desk.now)[f"/incidents/{desk.work.open}"].body.decode()
    shown = re.search(r'<div class="what"><h3>([^<]*)</h3>(<div class="rich">.*?</div>)', page, re.DOTALL)
    expected = re.search(r'<p class="stamp"><b>([^<]*)</b>.*?(<div class="rich">.*?</div>)', seen, re.DOTALL)
    assert shown is not None
    assert expected is not None
    assert expected.groups() == shown.groups()
    assert (shown[1] == "Update") is (state == "identified")


def test_what_cannot_be_said_yet_is_told_in_the_pane(still_desk: Desk) -> None:
    browser = still_desk.browser()
    page = browser.get(f"{POST}?incident=new")
    nothing = browser.post("/staff/preview", **filled(page)).json
    refused = browser.post("/staff/preview", **filled(page, body="x", display_at="soon")).json
    assert nothing is not None
    assert refused is not None
    assert "Nothing to show yet." in json.dumps(nothing)
    assert refused["field"] == "display_at"
    assert "Not yet: the time shown must look like" in json.dumps(refused)
    untitled = browser.post("/staff/preview", **filled(page, body="x")).text
    assert "(no title yet)" in untitled


def test_markup_that_is_not_ours_builds_no_node() -> None:
    made = tree('<p onclick="x" class="a">b<script>c</script><iframe src="//e"></iframe></p></p></div><hr>')
    assert made == [["p", {"class": "a"}, "b", "c"], ["hr", {}]]


@pytest.mark.corpus("C1")
@pytest.mark.parametrize("body", HOSTILE)
def test_a_mail_carries_what_was_typed_and_nothing_that_acts(body: str) -> None:
    site = desk_site("https://status.example.com")
    incident = open_incident(NOW)
    update = incident.published[-1]
    hostile = replace(incident, title="A <b>title</b> & more")
    made = mail(hostile, replace(update, body=body, html=""), site, ZoneInfo("America/New_York"))
    for found in (Elements(made.html), Elements(made.shown)):
        assert not found.names & {"img", "script", "form", "base", "input", "iframe", "h1"}
        assert all(address.startswith(FOLLOWABLE) for address in found.addresses)
    assert "<b>title" not in made.html
    assert "style" not in Elements(made.shown).attributes
    assert made.subject == "[Identified] A <b>title</b> & more"
    message = EmailMessage()
    message["Subject"] = made.subject
    message.set_content(made.text)
    assert message["Subject"] == made.subject


def test_a_mail_says_when_what_and_where_in_text_and_html() -> None:
    site = desk_site("https://status.example.com")
    incident = open_incident(NOW)
    made = mail(incident, incident.published[-1], site, ZoneInfo("America/New_York"))
    for text in (made.text, made.html, made.shown):
        assert "Nov 23, 2026 - 09:20 EST" in text
        assert "09:50 EST" in text
        assert "14:50 UTC" in text
        assert "have been steady for half an hour" in text
        assert f"https://status.example.com/incidents/{incident.id}" in text
        assert "Invitations" in text
    assert made.text.startswith("Slow web socket connections\nIdentified, Nov 23")
    assert "\n\n\n" not in made.text
