"""The form of the post screen as a value: what is typed into it, what a template adds, and the Post that it means."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.incident import Incident, IncidentState
from statuspage.core.posting import Post
from statuspage.core.refusals import Refused
from statuspage.core.site import Site
from statuspage.core.status import Status
from statuspage.core.typed import MAX_TITLE
from statuspage.web.staff.forms import Text
from statuspage.web.staff.moments import moment
from statuspage.web.staff.pasted import ANY_LONG, pasted_with
from statuspage.web.times import length_text

STATES = tuple(each.value for each in IncidentState if each is not IncidentState.POSTMORTEM)
MINUTES = (15, 30, 60, 120, 240)
NEW = "new"
_WRITTEN_ON = re.compile(r"([0-9A-Za-z]{1,40})\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form. `incident` is empty for a new one; `version` is the one that the form was made on.

    `components` maps ids to the status that is to hold from now on; untouched ones are not in it.
    """

    key: str
    incident: str = ""
    version: int | None = None
    template: str = ""
    title: str = ""
    state: str = IncidentState.INVESTIGATING.value
    body: str = ""
    components: Mapping[str, str] = field(default_factory=dict)
    next_in: str = ""
    display_at: str = ""
    tell: bool = True
    reset: bool = True

    @property
    def target(self) -> str:
        """The incident with its version, as the form carries it."""
        return f"{self.incident}.{self.version}" if self.incident else NEW


def empty_form(incident: Incident | None) -> Typed:
    """A form that nobody has typed into, for an update of this incident or for a new one."""
    key = secrets.token_hex(12)
    if incident is None:
        return Typed(key)
    state = incident.state if incident.state is not IncidentState.POSTMORTEM else IncidentState.RESOLVED
    return Typed(key, incident.id, incident.version, title=incident.title, state=state.value)


def sent_form() -> tuple[Typed, str]:
    """What was sent, and which button was pressed. Raises BadForm."""
    given, touched = pasted_with(
        "component",
        Text(40, optional=True),
        key=Text(64),
        act=Text(20),
        incident=Text(60),
        template=Text(200, optional=True),
        title=Text(4 * MAX_TITLE, optional=True),
        state=Text(40, optional=True),
        body=ANY_LONG,
        next_in=Text(10, optional=True),
        display_at=Text(40, optional=True),
        tell=Text(2, optional=True),
        reset=Text(2, optional=True),
    )
    on = _WRITTEN_ON.fullmatch(given["incident"])
    names = ("key", "template", "title", "state", "body", "next_in", "display_at")
    typed = Typed(
        incident=on[1] if on else "",
        version=int(on[2]) if on else None,
        components={name: status for name, status in touched.items() if status},
        tell=bool(given["tell"]),
        reset=bool(given["reset"]),
        **{name: given[name] for name in names},
    )
    return typed, given["act"]


def with_template(typed: Typed, site: Site, incident: Incident | None) -> Typed:
    """The form with the template of that name in its empty fields; what somebody typed stays."""
    wanted = typed.template.strip().casefold()
    found = next((each for each in site.templates if wanted in (each.name.casefold(), each.id.casefold())), None)
    if found is None:
        return typed
    untouched = typed.state in ("", empty_form(incident).state)
    return replace(
        typed,
        title=typed.title or found.title,
        body=typed.body if typed.body.strip() else found.body,
        state=found.state if found.state and untouched else typed.state,
    )


def post_of(typed: Typed, zone: ZoneInfo, now: datetime, *, draft: bool) -> Post:
    """What the form means. Raises Refused naming the field."""
    return Post(
        body=typed.body,
        title=typed.title,
        state=typed.state or None,
        components={name: _status(name, status) for name, status in typed.components.items()},
        display_at=moment("display_at", typed.display_at, zone, now) if typed.display_at else None,
        next_by=now + timedelta(minutes=_minutes(typed.next_in)) if typed.next_in else None,
        tell=typed.tell,
        draft=draft,
        reset=typed.reset,
        key=typed.key,
    )


def promises(site: Site) -> list[tuple[str, str]]:
    """The choices for the next update: (value, words). The first is the site's own pace."""
    usual = site.times.next_update
    more = [timedelta(minutes=each) for each in MINUTES if timedelta(minutes=each) != usual]
    named = [(str(int(each.total_seconds() // 60)), f"in {length_text(each)}") for each in more]
    return [("", f"in {length_text(usual)}"), *named]


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 7 * 24 * 60):
        raise Refused("next_in", "must be a number of minutes, a week at most")
    return int(text)


def _status(component: str, text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise Refused("components", f"{component}: there is no such state") from None
