"""Texts that try to be more than text, and incidents that carry them everywhere."""

from dataclasses import replace
from datetime import timedelta

from statuspage.core.incident import Edit, Incident, Postmortem
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import Group
from statuspage.core.state import Snapshot
from statuspage.core.status import Status
from tests.web.snapshots import NOW, OUTAGE, make_incident, make_maintenance, make_site, make_snapshot

TEXTS = (
    "]]><script>alert(1)</script>",
    "<script>alert(1)</script>\"'{{ 7*7 }}&",
    "before\x0bafter\x00end\x1b[31m",
    "&#0; &#x1; &amp;lt;b&gt;",
    "half a pair \ud800 and another \udfff",
    "right \u202eto left\u200f and back\ufeff \ufffe \uffff",
    "line\r\nBEGIN:VEVENT\r\nUID:evil@example.com\r\nEND:VEVENT\r\n",
    "line\u2028and\u2029paragraph\x85next",
    'comma, semicolon; colon: backslash\\ and \\n quote" caret^',
    "漢字かな混じり文" * 20,
    "👩‍👩‍👧‍👦" * 30,
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](java&#115;cript:alert(1)) [y](vbscript:x) [z](data:text/html,x)",
    '<javascript:alert(1)> <https://e.example/?a="onmouseover=alert(1)>',
    '[a](https://e.example "t\\" onmouseover=1")',
    "<style>*{}</style><form action=//evil.example><base href=//evil.example><meta http-equiv=refresh content=0>",
    "![](https://tracker.example/p.png)",
    '<a id="main" name="beat">clobber</a>',
    "--> <!-- <![CDATA[ ]]> <?xml ?>",
    "{{ 7*7 }} {% include '/etc/passwd' %} ${7*7} %s %(x)s",
    "https://e.example/" + "a" * 300,
)


def hostile_incident(text: str, number: int) -> Incident:
    """The text as title, body, earlier body and postmortem."""
    began = NOW - timedelta(days=number, hours=3)
    incident = make_incident(
        f"Hostile {number}",
        [
            (began, "investigating", text, {"inbox": (Status.OPERATIONAL, Status.DEGRADED)}),
            (began + timedelta(minutes=5), "resolved", f"**{text}**", {"inbox": (Status.DEGRADED, Status.OPERATIONAL)}),
        ],
        number=number + 1,
    )
    edit = Edit(began + timedelta(minutes=2), "secret-person", "identified", text, began)
    first, last = incident.updates
    learned = Postmortem(f"# {text}\n\n- {text}", "secret-person", NOW, published_at=NOW, edits=(edit,))
    return replace(incident, title=text, updates=(replace(first, edits=(edit,)), last), postmortem=learned)


def hostile_maintenance(text: str, number: int) -> Maintenance:
    """The same of planned work."""
    starts, announced = NOW + timedelta(days=number, hours=1), NOW - timedelta(days=1)
    made = make_maintenance(f"Hostile {number}", starts, announced=announced, number=number + 1)
    return replace(made, title=text, updates=tuple(replace(each, body=text) for each in made.updates))


def hostile_snapshot() -> Snapshot:
    """Every text as an incident and as planned work, on a site that is called like one."""
    site = make_site()
    parts = tuple(replace(each, name=TEXTS[n % len(TEXTS)]) for n, each in enumerate(site.components))
    groups = tuple(Group(each.id, TEXTS[0]) for each in site.groups)
    return make_snapshot(
        OUTAGE,
        site=replace(site, name=TEXTS[1], components=parts, groups=groups),
        incidents=[hostile_incident(text, number) for number, text in enumerate(TEXTS)],
        maintenances=[hostile_maintenance(text, number) for number, text in enumerate(TEXTS)],
    )
