"""From what happened to words: what people feel, what still works, when they hear again. Never a host or a version.

What an operator wrote in the configuration stands before the default. Placeholders are replaced one by one:
no text is ever taken for a format.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from statuspage.core.incident import IncidentState
from statuspage.core.moments import minute_text
from statuspage.core.observation import Reason
from statuspage.core.site import Component, Site, Words
from statuspage.core.status import Status
from statuspage.core.typed import MAX_TITLE, one_line
from statuspage.core.wording import Write, listed, plain

PLACEHOLDERS = ("component", "affected", "still_works", "next_update")
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")


class Turn(StrEnum):
    """What happened that people are told of."""

    OPENED = "opened"
    REOPENED = "reopened"
    WIDENED = "widened"
    GOES_ON = "goes_on"
    RELAPSED = "relapsed"
    RECOVERED = "recovered"
    RESOLVED = "resolved"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Told:
    """What the words are made from. `cause` is the component it began with, `status` its worst, `reason` why."""

    site: Site
    cause: str
    status: Status
    reason: Reason | None = None
    affected: Sequence[str] = ()
    still_work: Sequence[str] = ()
    next_by: datetime | None = None
    others: Sequence[str] = ()
    """Further causes."""
    displaced: Sequence[str] = ()
    """What is to be said of routes that went elsewhere, a sentence each."""


_FELT: Mapping[Reason, str] = {
    Reason.TIMEOUT: "new connections wait without an answer",
    Reason.FROZEN: "connections are taken and then nothing answers",
    Reason.CONNECT: "new connections are refused",
    Reason.DNS: "it cannot be reached by name",
    Reason.UPGRADE: "new connections are turned away",
    Reason.HANDSHAKE: "new connections are turned away",
    Reason.TLS: "secure connections to it fail",
    Reason.DISCONNECTED: "connections break",
    Reason.CAPACITY: "it has no room for new connections",
    Reason.QUOTA: "its allowance is used up",
    Reason.OUT_OF_MEMORY: "it cannot take new data",
    Reason.READONLY: "it answers, but cannot take new data",
    Reason.NO_ECHO: "what one person sends does not reach others",
    Reason.UNACKNOWLEDGED: "what is sent is not confirmed",
    Reason.WRONG_DATA: "it gives wrong answers",
    Reason.STATUS: "it answers with errors",
    Reason.UNAVAILABLE: "it says that it is not available",
    Reason.SHUTDOWN: "it ends new connections at once",
    Reason.AUTH: "signing in to it fails",
    Reason.DENIED: "it refuses what it normally allows",
    Reason.LOADING: "it is starting and not ready yet",
}
_HOW = {
    Status.MAJOR: "does not work at the moment",
    Status.PARTIAL: "works only in part at the moment",
    Status.DEGRADED: "is slow or unsteady at the moment",
}
_TITLES = {
    Status.MAJOR: "{component} does not work",
    Status.PARTIAL: "{component} works only in part",
    Status.DEGRADED: "{component} is slow or unsteady",
}


def title(told: Told) -> str:
    """The name of an incident that nobody typed; at most 255 characters."""
    own = _words(told).title
    found = fill(own or _TITLES.get(told.status, _TITLES[Status.MAJOR]), _values(told, str))
    return one_line(found)[:MAX_TITLE]


def body(turn: Turn, told: Told, recovering_for: str = "5 minutes") -> str:
    """The text of an update, Markdown."""
    own = _own(turn, _words(told))
    if own is not None:
        return fill(own, _values(told, plain))
    return "\n\n".join(part for part in _parts(turn, told, recovering_for) if part)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its known placeholders replaced; whatever else stands in braces stays as typed."""
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group(0)), text)


def unknown_placeholders(text: str) -> tuple[str, ...]:
    """What stands in braces and is no placeholder."""
    return tuple(name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS)


def continuing(state: IncidentState) -> str:
    """What to say when there is nothing new."""
    if state is IncidentState.MONITORING:
        return "Everything has been well since the last update. We keep watching."
    return "This is still going on. We keep working on it."


def _words(told: Told) -> Words:
    component = told.site.component(told.cause)
    return (component.words if component else None) or Words()


def _own(turn: Turn, words: Words) -> str | None:
    match turn:
        case Turn.OPENED | Turn.REOPENED:
            return words.investigating
        case Turn.RECOVERED:
            return words.monitoring
        case Turn.RESOLVED:
            return words.resolved
        case _:
            return None


def _values(told: Told, write: Write) -> dict[str, str]:
    """What the placeholders stand for. `write` makes a name fit for where it goes: Markdown, or plain text."""
    return {
        "component": write(_name(told.site, told.cause)),
        "affected": listed([_name(told.site, each) for each in told.affected], write),
        "still_works": _works(told, write),
        "next_update": _next(told),
    }


def _parts(turn: Turn, told: Told, recovering_for: str) -> Sequence[str]:
    name = plain(_name(told.site, told.cause))
    match turn:
        case Turn.OPENED:
            words = _promise("We are looking into it.", told)
            return (_felt(told), _also(told), _dragged(told), " ".join(told.displaced), _works(told), words)
        case Turn.REOPENED:
            again = f"The trouble with {name} is back. {_felt(told)}"
            words = _promise("We are looking into it.", told)
            return (again, _also(told), _dragged(told), " ".join(told.displaced), _works(told), words)
        case Turn.MOVED:
            return (" ".join(told.displaced), _promise("We keep working on it.", told) if told.next_by else "")
        case Turn.WIDENED:
            words = _promise("We are working on it.", told)
            return (_felt(told), _also(told), _dragged(told), " ".join(told.displaced), _works(told), words)
        case Turn.GOES_ON:
            return (_going_on(told), _works(told), _promise("We keep working on it.", told))
        case Turn.RELAPSED:
            return (f"{name} recovered for a while and fails again. {_felt(told)}", _promise("We go on.", told))
        case Turn.RECOVERED:
            return (_promise(f"{_recovered(told)} We call it resolved after {recovering_for} without trouble.", told),)
        case Turn.RESOLVED:
            return (f"{_recovered(told)} This incident is over.",)


def _felt(told: Told) -> str:
    how = _HOW.get(told.status, _HOW[Status.MAJOR])
    felt = _FELT.get(told.reason) if told.reason and told.status is not Status.DEGRADED else None
    return f"{plain(_name(told.site, told.cause))} {how}{f': {felt}' if felt else ''}."


def _also(told: Told) -> str:
    names = [_name(told.site, each) for each in told.others]
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'} affected too." if names else ""


def _dragged(told: Told) -> str:
    names = [_name(told.site, each) for each in told.affected if each != told.cause and each not in told.others]
    if not names:
        return ""
    return f"What needs it may not work either: {listed(names)}."


def _going_on(told: Told) -> str:
    if told.status in _HOW:
        return f"This is still going on. {_felt(told)}"
    if told.status is Status.UNKNOWN:
        return f"We cannot see at the moment how {plain(_name(told.site, told.cause))} is doing."
    return continuing(IncidentState.MONITORING)


def _works(told: Told, write: Write = plain) -> str:
    component = told.site.component(told.cause)
    if component and component.words and component.words.still_works:
        return component.words.still_works
    names = [_name(told.site, each) for each in told.still_work]
    return f"Not affected: {listed(names, write)}." if names else ""


def _recovered(told: Told) -> str:
    component = told.site.component(told.cause)
    if component is None or told.site.is_manual(told.cause):
        return f"{plain(_name(told.site, told.cause))} is no longer watched."
    if told.status is Status.MAINTENANCE:
        return f"{plain(_name(told.site, told.cause))} is under planned maintenance now."
    names = [_name(told.site, each) for each in (told.cause, *told.others)]
    return f"{listed(names)} {'works' if len(names) == 1 else 'work'} again."


def _promise(what: str, told: Told) -> str:
    return f"{what} Next update by {_next(told)}." if told.next_by else what


def _next(told: Told) -> str:
    return minute_text(told.next_by, ZoneInfo(told.site.time_zone)) if told.next_by else "the next change"


def _name(site: Site, component: str) -> str:
    found: Component | None = site.component(component)
    return found.name if found else component
