"""An update as a mail: subject, text, and one table of HTML.

Mail programs know inline styles only, our own pages know none: on a page the same mail is shown without them, with
its classes in their place, and cleaned like everything else that was not written by us.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import nh3

from statuspage.core.incident import Incident, Update
from statuspage.core.site import Site
from statuspage.markup import SCHEMES, TAGS, to_text
from statuspage.web.entries import Line, html_of
from statuspage.web.present_incident import in_utc, said
from statuspage.web.render import environment
from statuspage.web.times import minute, minute_clock
from statuspage.web.words import STATE_WORDS

_TAGS = TAGS | {"table", "tbody", "tr", "td", "span", "b"}


@dataclass(frozen=True, slots=True)
class Mail:
    """What goes out, and `shown`: its HTML as a page of ours may hold it."""

    sender: str
    subject: str
    text: str
    html: str
    shown: str


def mail(incident: Incident, update: Update, site: Site, zone: ZoneInfo) -> Mail:
    """The mail that tells of this update."""
    word = STATE_WORDS[update.state]
    subject = f"[{word}] {incident.title}"
    promised = update.next_by
    values = {
        "site_name": site.name,
        "subject": subject,
        "title": incident.title,
        "word": word,
        "at": minute(update.display_at, zone).text,
        "body_html": html_of(update),
        "body_text": to_text(update.body),
        "next_by": minute_clock(promised, zone).text if promised is not None else None,
        "also": in_utc(promised, zone),
        "moved": said(incident, Line(word, update), site, zone).moved,
        "url": f"{site.url}/incidents/{incident.id}",
    }
    html = environment().get_template("mail/update.html").render(values)
    table = html[html.index("<table") : html.rindex("</table>")]
    shown = nh3.clean(table, tags=_TAGS, attributes={"a": {"href"}, "*": {"class"}}, url_schemes=SCHEMES, link_rel=None)
    return Mail(
        sender=f"{site.name} Status",
        subject=subject,
        text=environment().get_template("mail/update.txt").render(values),
        html=html,
        shown=shown.strip(),
    )
