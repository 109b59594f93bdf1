"""Incidents: asked for, opened, told of, corrected, learned from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from statuspage.acting.caller import Caller, Command, Done, a_key, act, an_id
from statuspage.core import posting, reading
from statuspage.core.checking import same
from statuspage.core.clock import Clock
from statuspage.core.incident import Incident
from statuspage.core.posting import find, id_of
from statuspage.core.refusals import NotThere
from statuspage.core.renaming import rename
from statuspage.core.role import Role
from statuspage.core.state import Decision, State
from statuspage.core.telling import Json
from statuspage.core.typed import site_of
from statuspage.core.writing import Document, incident_document, incident_summary, notices
from statuspage.store import Store


class Incidents:
    """Every method raises StoreError; acts raise Refused, NotThere, Conflict and NotAllowed too."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def listed(self, state: str, limit: int, before: int | None) -> Document:
        """The newest incidents by number: those that are `open` to the public, wait as `draft`, or `all`.

        `next` is the number to go on from; None at the end.
        """
        now = self._store.state()
        site = site_of(now)
        if state == "all":
            found = self._store.incidents(limit + 1, before)
        else:
            wanted = _WANTED[state]
            some = (each for each in now.incidents.values() if wanted(each))
            found = sorted(some, key=lambda each: -each.number)
            found = [each for each in found if before is None or each.number < before][: limit + 1]
        listed: list[Json] = [incident_summary(each, site) for each in found[:limit]]
        return {"incidents": listed, "next": found[limit - 1].number if len(found) > limit else None}

    def one(self, id: str, *, evidence: bool = False) -> Document:
        """One incident, whole."""
        state = self._store.state(also=(an_id("incident", id),))
        return incident_document(find(state, id), site_of(state), evidence=evidence)

    def open(self, document: Json, caller: Caller, key: str | None = None) -> Done:
        """A new incident; the same one again for a repeat under the same key."""
        post = reading.opening_from(document)
        caller.need(Role.RESPONDER if post.draft else Role.PUBLISHER)
        unique = a_key(key)
        id = id_of("incident", caller.by, unique)
        keyed = replace(post, key=unique)

        def command(state: State, now: datetime) -> Decision:
            reading.refuse_unknown(site_of(state), post.components)
            if key is not None and id in state.incidents:
                reading.refuse_other_use(state.incidents[id], id_of("update", caller.by, f"{id}/{key}"), post)
            return posting.open_incident(state, keyed, caller.by, now)

        return self._act(id, command)

    def update(self, id: str, document: Json, caller: Caller, key: str | None = None) -> Done:
        """A further update, published or a draft."""
        post, version = reading.post_from(document)
        caller.need(Role.RESPONDER if post.draft else Role.PUBLISHER)
        keyed = replace(post, key=a_key(key))

        def command(state: State, now: datetime) -> Decision:
            incident = find(state, id)
            if post.title is not None and incident.is_public:
                caller.need(Role.PUBLISHER)  # a draft's title would be public at once
            reading.refuse_unknown(site_of(state), post.components)
            reading.refuse_other_use(incident, id_of("update", caller.by, f"{id}/{keyed.key}"), post)
            return posting.post_update(state, id, keyed, caller.by, now, version)

        return self._act(id, command)

    def edit(self, id: str, update: str, document: Json, caller: Caller) -> Done:
        """Other words, another time or state for an update."""
        wanted = reading.amendment_from(document)

        def command(state: State, now: datetime) -> Decision:
            present = find(state, id).update(update)
            if present is None:
                raise NotThere("update", an_id("update", update))
            caller.need(Role.PUBLISHER if present.published_at is not None else Role.RESPONDER)
            return posting.edit_update(state, id, update, wanted.of(present), caller.by, now, wanted.version)

        return self._act(id, command)

    def publish(self, id: str, update: str, document: Json, caller: Caller) -> Done:
        """Say what a draft says."""
        caller.need(Role.PUBLISHER)
        version, draft = reading.version_from(document), an_id("update", update)
        return self._act(id, lambda state, now: posting.publish_draft(state, id, draft, caller.by, now, version))

    def dismiss(self, id: str, update: str, document: Json, caller: Caller) -> Done:
        """Throw a draft away."""
        caller.need(Role.RESPONDER)
        rest, version = _version_apart(document)
        reason, draft = reading.reason_from(rest), an_id("update", update)

        def command(state: State, now: datetime) -> Decision:
            same(find(state, id), version)
            return posting.dismiss(state, id, draft, caller.by, now, reason)

        return self._act(id, command)

    def hold(self, id: str, update: str, document: Json, caller: Caller) -> Done:
        """Let a draft that would publish itself wait for a person."""
        caller.need(Role.RESPONDER)
        version, draft = reading.version_from(document), an_id("update", update)

        def command(state: State, now: datetime) -> Decision:
            same(find(state, id), version)
            return posting.hold_draft(state, id, draft, caller.by, now)

        return self._act(id, command)

    def withdraw(self, id: str, update: str, document: Json, caller: Caller) -> Done:
        """Take an update back before anybody is notified."""
        caller.need(Role.PUBLISHER)
        reading.nothing_from(document)
        said = an_id("update", update)
        return self._act(id, lambda state, now: posting.withdraw(state, id, said, caller.by, now))

    def rename(self, id: str, document: Json, caller: Caller) -> Done:
        """Another title."""
        title, version = reading.title_from(document)

        def command(state: State, now: datetime) -> Decision:
            caller.need(Role.PUBLISHER if find(state, id).is_public else Role.RESPONDER)
            return rename(state, id, title, caller.by, now, version)

        return self._act(id, command)

    def acknowledge(self, id: str, document: Json, caller: Caller) -> Done:
        """Tell on-call that a person is at it."""
        caller.need(Role.RESPONDER)
        reading.nothing_from(document)
        return self._act(id, lambda state, now: posting.acknowledge(state, id, caller.by, now))

    def hand_back(self, id: str, document: Json, caller: Caller) -> Done:
        """Let the robot go on."""
        caller.need(Role.PUBLISHER)
        reading.nothing_from(document)
        return self._act(id, lambda state, now: posting.hand_back(state, id, caller.by, now))

    def learn(self, id: str, document: Json, caller: Caller) -> Done:
        """Write, change or publish the postmortem."""
        body, publish, version = reading.postmortem_from(document)

        def command(state: State, now: datetime) -> Decision:
            old = find(state, id).postmortem
            public = publish or (old is not None and old.published_at is not None)
            caller.need(Role.PUBLISHER if public else Role.RESPONDER)
            return posting.write_postmortem(state, id, body, caller.by, now, publish=publish, version=version)

        return self._act(id, command)

    def unlearn(self, id: str, document: Json, caller: Caller) -> Done:
        """Take a published postmortem back before anybody is notified: it is a draft again."""
        caller.need(Role.PUBLISHER)
        reading.nothing_from(document)
        return self._act(id, lambda state, now: posting.withdraw_postmortem(state, id, caller.by, now))

    def _act(self, id: str, command: Command) -> Done:
        wanted = an_id("incident", id)
        acted = act(self._store, self._clock, command, wanted)
        written = {each.id: each for each in acted.decision.incidents}
        incident = written.get(wanted) or acted.state.incidents[wanted]
        document = incident_document(incident, acted.site)
        document["notifies"] = notices(acted.decision.events, acted.site)
        return Done(wanted, document)


def _version_apart(document: Json) -> tuple[Json, int | None]:
    """The document without the version that somebody has seen, and that version. Raises Malformed."""
    if not isinstance(document, dict) or "version" not in document:
        return document, None
    rest: dict[str, Json] = {name: value for name, value in document.items() if name != "version"}
    return rest, reading.version_from({"version": document["version"]})


def _waits(incident: Incident) -> bool:
    return bool(incident.drafts) and incident.dismissed_at is None and incident.over_at is None


_WANTED: dict[str, Callable[[Incident], bool]] = {
    "open": lambda incident: incident.is_open and incident.is_public,
    "draft": _waits,
}
STATES = (*_WANTED, "all")
