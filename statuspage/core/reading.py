"""Documents from outside to the values that people's acts take: every field known, of its type, and not null.

A document with several faults is refused with all of them. Which components there are, and which state may follow
which, is for the acts to judge: they see the state of things.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from statuspage.core.fields import Fields
from statuspage.core.incident import Incident, IncidentState, Update
from statuspage.core.parsing import shown
from statuspage.core.posting import Post
from statuspage.core.refusals import Refused
from statuspage.core.site import Site
from statuspage.core.status import Status
from statuspage.core.telling import Json
from statuspage.core.typed import body as clean_body

INCIDENT_STATES = tuple(each.value for each in IncidentState if each is not IncidentState.POSTMORTEM)
MOST_KEY = 200

_SHORT = {
    "operational": Status.OPERATIONAL,
    "degraded": Status.DEGRADED,
    "partial": Status.PARTIAL,
    "major": Status.MAJOR,
    "maintenance": Status.MAINTENANCE,
}
STATUS_WORDS: Mapping[str, Status] = {**{each.value: each for each in Status if each is not Status.UNKNOWN}, **_SHORT}
"""A component's status as people may write it."""

_TOLD_WORDS = {word: status for word, status in STATUS_WORDS.items() if status is not Status.MAINTENANCE}
"""What an incident can make of a component."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What shall be other than it is. None: as it is."""

    body: str | None = None
    title: str | None = None
    state: str | None = None
    display_at: datetime | None = None
    version: int | None = None

    def of(self, update: Update) -> Post:
        """The update as it shall be."""
        return Post(
            body=update.body if self.body is None else self.body,
            title=self.title,
            state=self.state,
            display_at=self.display_at,
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """What [started, ended) of a component's past really was."""

    started: datetime
    ended: datetime
    status: Status
    reason: str


def opening_from(document: Json) -> Post:
    """A new incident. Raises Unreadable; so does everything here."""
    fields = Fields(document)
    post = replace(_post(fields), title=fields.needed_text("title"))
    fields.close()
    return post


def post_from(document: Json) -> tuple[Post, int | None]:
    """A further update, and the version of the incident that it was written on."""
    fields = Fields(document)
    post = replace(_post(fields), title=fields.text("title"))
    version = fields.number("version")
    fields.close()
    return post, version


def _post(fields: Fields) -> Post:
    return Post(
        body=fields.needed_text("body"),
        state=fields.choice("state", INCIDENT_STATES),
        components=_statuses(fields),
        display_at=fields.moment("display_at"),
        next_by=fields.moment("next_by"),
        tell=fields.flag("tell") is not False,
        draft=fields.flag("draft") is True,
        reset=fields.flag("reset") is not False,
    )


def amendment_from(document: Json) -> Amendment:
    """Another wording, time or state of an update."""
    fields = Fields(document)
    found = Amendment(
        body=fields.text("body"),
        state=fields.choice("state", INCIDENT_STATES),
        display_at=fields.moment("display_at"),
        version=fields.number("version"),
    )
    fields.need_one("body", "state", "display_at")
    fields.close()
    return found


def title_from(document: Json) -> tuple[str, int | None]:
    """Another title for an incident."""
    fields = Fields(document)
    found = fields.needed_text("title"), fields.number("version")
    fields.close()
    return found


def version_from(document: Json) -> int | None:
    """Nothing but the version that somebody has seen."""
    fields = Fields(document)
    version = fields.number("version")
    fields.close()
    return version


def reason_from(document: Json) -> str:
    """Nothing but a reason, which may be missing."""
    fields = Fields(document)
    reason = fields.text("reason")
    fields.close()
    return reason or ""


def postmortem_from(document: Json) -> tuple[str, bool, int | None]:
    """What was learned, whether the public may read it, and the version of the incident it was written on."""
    fields = Fields(document)
    found = fields.needed_text("body"), fields.flag("publish") is True, fields.number("version")
    fields.close()
    return found


def override_from(document: Json) -> tuple[Status, datetime, str]:
    """A status, until when, and why."""
    fields = Fields(document)
    status = _status(fields, STATUS_WORDS)
    until, reason = fields.needed_moment("until"), fields.needed_text("reason")
    fields.close()
    return status, until, reason


def stretch_from(document: Json) -> Stretch:
    """What a part of the past really was."""
    fields = Fields(document)
    started, ended = fields.needed_moment("started"), fields.needed_moment("ended")
    words = {**STATUS_WORDS, Status.UNKNOWN.value: Status.UNKNOWN}
    status, reason = _status(fields, words), fields.needed_text("reason")
    fields.close()
    return Stretch(started, ended, status, reason)


def nothing_from(document: Json) -> None:
    """No field at all."""
    Fields(document).close()


def key_from(text: str) -> str:
    """An idempotency key. Raises Refused."""
    if not 1 <= len(text) <= MOST_KEY or not text.isascii() or not text.isprintable():
        raise Refused("Idempotency-Key", f"must have 1 to {MOST_KEY} printable ASCII characters")
    return text


def refuse_unknown(site: Site, components: Iterable[str]) -> None:
    """Raises Refused for a component that the site does not have, with the one that may be meant."""
    known = [each.id for each in site.components]
    for name in components:
        if name not in known:
            near = difflib.get_close_matches(name[:80], known, 1, 0.5)
            hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
            raise Refused("components", f'there is no component "{shown(name)}" ({hint})')


def refuse_other_use(incident: Incident, update_id: str, post: Post) -> None:
    """Raises Refused where an idempotency key made something else before: a repeat says the same again."""
    made = incident.update(update_id)
    if made is not None and post.components and {each.component for each in made.changes} != set(post.components):
        raise Refused("Idempotency-Key", "was used for other components already")
    if made is not None and (made.edits[0].body if made.edits else made.body) != clean_body(post.body):
        raise Refused("Idempotency-Key", "was used for another text already")


def _statuses(fields: Fields) -> Mapping[str, Status]:
    found = {}
    for component, word in fields.mapping("components").items():
        status = _TOLD_WORDS.get(word) if isinstance(word, str) else None
        if status is None:
            fields.refuse(f"components.{shown(component)}", f"must be one of {', '.join(_TOLD_WORDS)}")
        else:
            found[component] = status
    return found


def _status(fields: Fields, words: Mapping[str, Status]) -> Status:
    return words.get(fields.needed_choice("status", words), Status.UNKNOWN)
