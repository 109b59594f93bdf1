"""Who will be told of what is about to be said, counted by the kind of destination."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from statuspage.core.incident import Incident
from statuspage.core.site import Site
from statuspage.core.state import JournalEvent
from statuspage.core.telling import Destination, listeners, recipients
from statuspage.web.words import listed

MAINTENANCE = (
    "maintenance.scheduled",
    "maintenance.started",
    "maintenance.updated",
    "maintenance.completed",
    "maintenance.cancelled",
)


_SERVICES = {"pagerduty": "PagerDuty"}
"""Kinds that are called by a name of their own."""


@dataclass(frozen=True, slots=True)
class Audience:
    """`parts` are texts such as "2 webhooks" or "PagerDuty"; empty for nobody."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return listed(list(self.parts), max(len(self.parts), 1))


def audience(kinds: Iterable[str], components: Iterable[str], site: Site) -> Audience:
    """The destinations that hear of any of these events about these components."""
    touched = tuple(components)
    return _by_kind(each for kind in kinds for each in recipients(kind, touched, site.destinations))


def audience_of(events: Iterable[JournalEvent], site: Site) -> Audience:
    """The destinations that hear of what was decided: of the incident, and of the components that it moves."""
    return _by_kind(
        each
        for event in events
        if event.telling is not None
        for each in listeners(event.kind, event.telling, site.destinations)
    )


def _by_kind(heard: Iterable[Destination]) -> Audience:
    types = {each.id: each.type for each in heard}
    return Audience(tuple(_words(type, number) for type, number in sorted(Counter(types.values()).items())))


def _words(type: str, number: int) -> str:
    name = _SERVICES.get(type)
    if name is None:
        return f"{number} {type}{'' if number == 1 else 's'}"
    return name if number == 1 else f"{name} ({number} times)"


def incident_kinds(incident: Incident | None, *, stays_open: bool) -> tuple[str, ...]:
    """The events that an update means which leaves the incident open, or does not."""
    if incident is None or not incident.is_public:
        return ("incident.created",) if stays_open else ("incident.created", "incident.resolved")
    if incident.is_open == stays_open:
        return ("incident.updated",)
    return ("incident.reopened",) if stays_open else ("incident.resolved",)
