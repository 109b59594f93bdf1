"""Markdown of people into HTML that is safe in every place: page, feed, mail, preview.

Two walls: the parser lets no HTML through, and what it made is cleaned against a short list of elements. Images
are left out: a visitor's browser asks nobody but this site.
"""

import re
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt

TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a", "hr", "h3", "h4", "s"}
SCHEMES = {"http", "https", "mailto"}
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_GAPS = re.compile(r"\n{3,}")
_HEADINGS = {"h1": "h3", "h2": "h3", "h5": "h4", "h6": "h4"}


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough")
    return parser.disable("image")


def render(text: str) -> str:
    """The HTML of a Markdown text: elements of TAGS only, links to http, https and mailto with `rel` set."""
    # Half a surrogate pair is no character, and no encoder takes it.
    tokens = _parser().parse(text.encode("utf-8", "replace").decode())
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
    made = _parser().renderer.render(tokens, _parser().options, {})
    return nh3.clean(
        made,
        tags=TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes=SCHEMES,
        link_rel="nofollow noopener",
        # In a feed or a mail such a link leads nowhere, or to another host.
        url_relative="deny",
        strip_comments=True,
    ).strip()


def to_text(text: str) -> str:
    """The same without any markup: what API v2, calendars and text mails show."""
    plain = unescape(nh3.clean(_spaced(_LINK.sub(_with_address, render(text))), tags=set()))
    return _GAPS.sub("\n\n", plain).strip()


def _with_address(link: "re.Match[str]") -> str:
    address, words = link.groups()
    return words if address in (words, f"mailto:{words}") else f"{words} ({address})"


def _spaced(html: str) -> str:
    for end in ("</p>", "</li>", "</pre>", "</h3>", "</h4>", "</blockquote>"):
        html = html.replace(end + "\n", end).replace(end, end + "\n")
    return html.replace("</p>\n", "</p>\n\n").replace("<li>", "<li>- ").replace("<hr>", "\n")
