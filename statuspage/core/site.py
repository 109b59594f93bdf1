"""The public part of the configuration: what the page shows of it, as values without a secret or an address.

The monitor that decides stores it; the web renders from what is stored, so that page and verdicts agree.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta

from statuspage.core.route import Switchboard
from statuspage.core.telling import Destination

PUBLIC_ID_ALPHABET = "0123456789bcdfghjklmnpqrstvwxyz"
"""Digits and consonants, as in every recorded Statuspage id: no id spells a word."""


def public_id(kind: str, config_id: str) -> str:
    """The 12-character id that the outside sees; a hash of kind and config id, so that it never changes."""
    number = int.from_bytes(hashlib.sha256(f"{kind}/{config_id}".encode()).digest()[:16])
    letters = []
    for _ in range(12):
        number, index = divmod(number, len(PUBLIC_ID_ALPHABET))
        letters.append(PUBLIC_ID_ALPHABET[index])
    return "".join(letters)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that the operator puts into the page's head."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """A heading over some components."""

    id: str
    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A component's own words for incidents that nobody typed; None for the default ones.

    `{component}`, `{affected}`, `{still_works}` and `{next_update}` are filled in; nothing else is.
    `{still_works}` is a sentence: `still_works`, or the default one.
    """

    title: str | None = None
    investigating: str | None = None
    monitoring: str | None = None
    resolved: str | None = None
    still_works: str | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """What visitors see. `position` counts from 1 within its group (or the top level).

    `checks` are the ids of the checks that speak for it; none means manual.
    """

    id: str
    name: str
    position: int
    group: str | None = None
    description: str | None = None
    needs: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    showcase: bool = True
    start_date: date | None = None
    publish: str = "auto"
    """How incidents that nobody typed become public: `auto`, `draft`, or `after` and a length such as `after 300s`."""
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """The pace of incidents."""

    incident_after: timedelta = timedelta(seconds=10)
    """How long a component fails before an incident opens."""
    slow_after: timedelta = timedelta(seconds=60)
    """How long one is degraded before."""
    merge_within: timedelta = timedelta(minutes=2)
    """Further causes join an incident this young."""
    reopen_within: timedelta = timedelta(minutes=15)
    """The same cause this soon after the end opens the same incident again."""
    resolve_after: timedelta = timedelta(minutes=5)
    """How long everything is well before it is called resolved."""
    next_update: timedelta = timedelta(minutes=30)
    """When the next update is promised."""
    undo: timedelta = timedelta(seconds=20)
    """How long what a person posted waits before anybody is notified."""


@dataclass(frozen=True, slots=True)
class Template:
    """Words for staff to start from."""

    id: str
    name: str
    title: str = ""
    state: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as it is sent: its media type, and its bytes in base64."""

    content_type: str
    base64: str


@dataclass(frozen=True, slots=True)
class Site:
    """Name, address, zone and structure of the page. `url` has no trailing slash; `time_zone` is an IANA name."""

    name: str
    url: str
    time_zone: str
    components: tuple[Component, ...] = ()
    groups: tuple[Group, ...] = ()
    links: tuple[Link, ...] = ()
    support_url: str | None = None
    image: Image | None = None
    """The logo. A site stored before it was a picture names an address under another key, which is passed over."""
    times: Times = field(default_factory=Times)
    destinations: tuple[Destination, ...] = ()
    templates: tuple[Template, ...] = ()
    switchboard: Switchboard = field(default_factory=Switchboard)
    anchors: int = 0
    """How many places outside are asked whether it is us."""

    def component(self, component_id: str) -> Component | None:
        """The component of that id, or None."""
        return next((each for each in self.components if each.id == component_id), None)

    def is_manual(self, component_id: str) -> bool:
        """Whether neither a check nor a route speaks for it: it is what people say."""
        known = self.component(component_id)
        return known is not None and not known.checks and not self.switchboard.routes_of(component_id)

    def in_group(self, group_id: str | None) -> tuple[Component, ...]:
        """The components of a group (None: of no group), by position."""
        return tuple(sorted((c for c in self.components if c.group == group_id), key=lambda c: c.position))
