"""What is about to be said, as it will look on the page and in a mail: made by the same code as the real ones.

A script cannot put markup into a page under our policy (Trusted Types), so it gets the same fragment as a tree of
lists, `[name, {attribute: value}, child, …]`, and builds it node by node.
"""

from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from statuspage.core.incident import Incident
from statuspage.core.site import Site
from statuspage.markup import TAGS
from statuspage.web.entries import lines
from statuspage.web.present_incident import Said, impact_look, said
from statuspage.web.staff.mail import Mail, mail
from statuspage.web.times import Stamp, minute_clock
from statuspage.web.words import Look

Node = list[object]

_ATTRIBUTES = {"class", "href", "datetime", "data-s", "aria-hidden", "aria-label", "viewbox", "title", "rel", "start"}
_ELEMENTS = TAGS | {
    "article", "b", "dd", "details", "div", "dl", "dt", "footer", "header", "h2", "section", "small", "span", "summary",
    "svg", "table", "tbody", "td", "time", "tr", "use",
}  # fmt: skip
_VOID = frozenset({"br", "hr"})


@dataclass(frozen=True, slots=True)
class Preview:
    """The newest update as a card of the page, and as a mail."""

    title: str
    look: Look
    said: Said
    next_by: Stamp | None
    mail: Mail


def preview(incident: Incident, update_id: str, site: Site, zone: ZoneInfo, now: datetime) -> Preview:
    """How an update of this incident will look. It may be a draft: it is shown as if it were said now."""
    line = next(each for each in lines(incident) if each.update.id == update_id)
    promised = line.update.next_by
    return Preview(
        title=incident.title,
        look=impact_look(incident),
        said=said(incident, line, site, zone),
        next_by=minute_clock(promised, zone) if promised is not None else None,
        mail=mail(incident, line.update, site, zone),
    )


def tree(markup: str) -> list[object]:
    """A fragment of our own as nested lists. What is not known to be harmless is left out."""
    builder = _Builder()
    builder.feed(markup)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: Node = []
        self._open: list[tuple[str, Node]] = [("", self.root)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ELEMENTS:
            return
        kept = {name: value or "" for name, value in attrs if name in _ATTRIBUTES}
        node: Node = [tag, kept]
        self._open[-1][1].append(node)
        if tag not in _VOID:
            self._open.append((tag, node))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        names = [name for name, _ in self._open]
        if tag in _ELEMENTS and tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if data.strip() or data == " ":
            self._open[-1][1].append(data)
