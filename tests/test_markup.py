"""Markdown of people becomes HTML that holds nothing but what is on the short list, whatever they typed."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.markup import SCHEMES, TAGS, render, to_text

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A&#x61)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://e/1)",
    "<javascript:alert(1)>",
    '<https://e/"onmouseover=alert(1)>',
    '[a](https://e "t\\" onmouseover=1")',
    "[a](https://e 't\" onmouseover=alert(1) x=\"')",
    "[a]: javascript:alert(1)\n\n[a]",
    '[a]: https://e "\' onclick=alert(1)"\n\n[a]',
    '```mermaid\nclick A "javascript:alert(1)"\n```',
    '```x" onmouseover="alert(1)\n<b>\n```',
    "<style>body{display:none}</style>",
    "<form action=//evil><input name=password>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0;url=//evil>",
    "<a id=config name=config href=//evil>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "| <script> |\n|---|\n| alert(1) |",
    "<x onclick=alert(1)>\n\n**bold**\n\n</x>",
    "![x](https://tracker.example/p.png)",
    "![x](javascript:alert(1))",
    "[![x](https://tracker.example/p.png)](https://e)",
    "[x](//evil.example/)",
    "[x](/staff/logout)",
    "[x](\\\\evil.example)",
    "\x00<script>alert(1)</script>\x0b",
    "\ud800<script>alert(1)</script>",
    "# " + "[" * 500 + "x" + "]" * 500,
    "*" * 2000 + "x",
    "> " * 500 + "x",
]


class Found(HTMLParser):
    """Every element with its attributes, and the text between."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.elements.append(("!--", {}))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("!", {}))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("?", {}))


def found_in(html: str) -> Found:
    parser = Found()
    parser.feed(html)
    parser.close()
    return parser


def assert_harmless(html: str) -> None:
    for tag, attributes in found_in(html).elements:
        assert tag in TAGS
        allowed = {"href", "title", "rel"} if tag == "a" else set()
        assert set(attributes) <= allowed, (tag, attributes)
        if tag == "a":
            assert attributes["rel"] == "nofollow noopener"
        if "href" in attributes:
            parts = urlsplit(attributes["href"] or "")
            assert parts.scheme in SCHEMES
            assert parts.netloc or parts.scheme == "mailto"


@pytest.mark.corpus("C1", "C2", "C12")
@pytest.mark.parametrize("text", PAYLOADS)
def test_no_payload_becomes_anything_but_text_and_links(text: str) -> None:
    assert_harmless(render(text))


@pytest.mark.corpus("C1")
@given(text=st.text(alphabet=st.sampled_from("<>\"'`()[]!*_~#&;:/=\\ \n\tajsx1"), max_size=80))
def test_nor_does_any_text_of_markup(text: str) -> None:
    assert_harmless(render(text))


@pytest.mark.corpus("C12")
def test_an_image_is_not_loaded_from_elsewhere() -> None:
    html = render("![a picture](https://tracker.example/p.png)")
    assert [tag for tag, _ in found_in(html).elements] == ["p", "a"]


@pytest.mark.corpus("C1")
def test_what_looks_like_html_is_shown_as_it_was_typed() -> None:
    assert found_in(render("<script>alert(1)</script>")).text == "<script>alert(1)</script>"


def test_what_people_need_is_there() -> None:
    text = (
        "# Head\n\n**bold** *soft* ~~gone~~ `code`\nnext line\n\n- one\n- two\n\n1. first\n\n> said\n\n---\n\n"
        '[link](https://e.example/a?b=1&c=2 "more") <https://e.example/> <ana@example.com>\n\n'
        "```\nblock\n```\n\n###### six"
    )
    tags = {tag for tag, _ in found_in(render(text)).elements}
    assert tags == TAGS
    assert '<a href="https://e.example/a?b=1&amp;c=2" title="more" rel="nofollow noopener">link</a>' in render(text)


def test_a_link_that_leads_nowhere_in_a_mail_or_a_feed_is_none() -> None:
    assert found_in(render("[x](/staff/logout) [y](//evil.example)")).elements == [
        ("p", {}),
        ("a", {"rel": "nofollow noopener"}),
        ("a", {"rel": "nofollow noopener"}),
    ]


def test_the_same_without_markup() -> None:
    text = "**Chat** is `slow` & <b>ill</b>.\n\nSee [it](https://e.example/x) or <https://e.example/>.\n\n- one\n- two"
    assert to_text(text) == (
        "Chat is slow & <b>ill</b>.\n\nSee it (https://e.example/x) or https://e.example/.\n\n- one\n- two"
    )


def test_a_mail_address_stands_once() -> None:
    assert to_text("Write to <ana@example.com>.") == "Write to ana@example.com."


@pytest.mark.parametrize("text", ["", " \n ", "\\*", "&amp;"])
def test_little_texts(text: str) -> None:
    assert_harmless(render(text))
    assert to_text(text) == {"\\*": "*", "&amp;": "&"}.get(text, "")


def test_backslashed_names_are_read_as_written() -> None:
    assert to_text("\\*Redis\\* \\_1\\_") == "*Redis* _1_"
