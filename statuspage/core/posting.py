"""What people do with incidents: open, post, publish, edit, take back, hand back. One function an act, all pure.

Each takes the state that is read inside the deciding transaction and gives a Decision. Raises Refused for what
cannot be meant, NotThere for an unknown id, Conflict when a form was filled in on an older version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from statuspage.core.checking import draft_of, find, may_follow, next_by, same, state_named, update_of, within
from statuspage.core.effects import (
    apply,
    changes_of,
    impact_with,
    outspoken,
    released,
    without_offers,
    without_taken,
)
from statuspage.core.events import component_event, incident_event, incident_events, person_event
from statuspage.core.holding import acknowledge, hand_back
from statuspage.core.incident import ROBOT, Edit, Incident, IncidentState, Update
from statuspage.core.learning import withdraw_postmortem, write_postmortem
from statuspage.core.refusals import Refused
from statuspage.core.saying import said_at
from statuspage.core.site import Site, public_id
from statuspage.core.state import Decision, JournalEvent, State
from statuspage.core.status import Status
from statuspage.core.typed import body as clean_body
from statuspage.core.typed import past, site_of, title
from statuspage.core.undoing import withdraw

__all__ = [
    "Post",
    "acknowledge",
    "dismiss",
    "edit_update",
    "find",
    "hand_back",
    "hold_draft",
    "id_of",
    "open_incident",
    "post_update",
    "publish_draft",
    "withdraw",
    "withdraw_postmortem",
    "write_postmortem",
]

MAX_UPDATES = 200


@dataclass(frozen=True, slots=True)
class Post:
    """What a person wants to say. None stands for "as it is" or the default.

    `components` are the states that hold from this update on. `key` makes a repeat of the same request harmless.
    `reset` sets the incident's components right when it resolves.
    """

    body: str
    title: str | None = None
    state: str | None = None
    components: Mapping[str, Status] = field(default_factory=dict)
    display_at: datetime | None = None
    next_by: datetime | None = None
    tell: bool = True
    draft: bool = False
    reset: bool = True
    key: str | None = None


def id_of(kind: str, by: str, key: str) -> str:
    """The id of what is made under this key: the same again for a repeat."""
    return public_id(kind, f"{by}/{key}")


def open_incident(state: State, post: Post, by: str, now: datetime) -> Decision:
    """A new incident, or the draft of one. Its id is `id_of("incident", by, key or the time)`."""
    site = site_of(state)
    key = post.key or now.isoformat()
    incident_id = id_of("incident", by, key)
    if incident_id in state.incidents:
        return Decision()
    at = past("display_at", post.display_at, now)
    incident = Incident(
        id=incident_id,
        title=title(post.title),
        started_at=at,
        created_at=now,
        updated_at=now,
        by=by,
        components=tuple(post.components),
        touched_by=by,
        touched_at=now,
    )
    opening = state_named(post.state or IncidentState.INVESTIGATING.value)
    return _say(state, site, incident, None, post, opening, by, now)


def post_update(
    state: State, incident_id: str, post: Post, by: str, now: datetime, version: int | None = None
) -> Decision:
    """A further update, published at once or kept as a draft."""
    site, incident = site_of(state), find(state, incident_id)
    if post.key is not None and incident.update(id_of("update", by, f"{incident_id}/{post.key}")):
        return Decision()
    same(incident, version)
    to = state_named(post.state) if post.state else incident.state
    if len(incident.updates) >= MAX_UPDATES and to.is_open:
        raise Refused("incident", f"has {MAX_UPDATES} updates already; resolve it and open a new one")
    if to is not IncidentState.POSTMORTEM and incident.state is IncidentState.POSTMORTEM:
        raise Refused("state", "the incident has its postmortem; open a new incident instead")
    if post.draft and post.title is not None and title(post.title) != incident.title:
        raise Refused("title", "is the incident's: a draft cannot change it")
    named = incident.called(title(post.title), by, now) if post.title is not None else incident
    return _say(state, site, named, incident, post, to, by, now)


def _say(
    state: State,
    site: Site,
    incident: Incident,
    before: Incident | None,
    post: Post,
    to: IncidentState,
    by: str,
    now: datetime,
) -> Decision:
    at = within(incident, past("display_at", post.display_at, now)) if post.display_at else None
    at = at or said_at(incident.published, now)
    may_follow(incident, to, at)
    made_under = f"{incident.id}/{post.key}"
    update = Update(
        id=id_of("update", by, made_under) if post.key else incident.unused_id(f"{by}/{now.isoformat()}"),
        state=to.value,
        body=clean_body(post.body),
        display_at=at,
        written_at=now,
        by=by,
        changes=changes_of(state, site, incident, post.components, to, reset=post.reset),
        published_at=None if post.draft else now,
        next_by=next_by(post.next_by, site, to, now),
        tell=post.tell,
        published_by=None if post.draft else by,
    )
    if post.draft:
        drafted = replace(incident.with_update(update), updated_at=now)
        event = person_event("incident.drafted", incident.id, by, now, {"title": incident.title, "update": update.id})
        return Decision(incidents=(drafted,), events=(event,))
    return _publish(state, site, incident, before, update, by, now, touch=True)


def publish_draft(
    state: State, incident_id: str, update_id: str, by: str, now: datetime, version: int | None = None
) -> Decision:
    """Say what a draft says, as it is. A robot's draft stays the robot's word: it goes on by itself."""
    site, incident = site_of(state), find(state, incident_id)
    same(incident, version)
    draft = draft_of(incident, update_id)
    to = state_named(draft.state)
    # What waited is said now. Only what was back-dated, or tells of something that was over unheard, keeps its time.
    keeps_its_time = draft.is_backdated or incident.over_at is not None
    at = within(incident, draft.display_at) if keeps_its_time else said_at(incident.published, now)
    # The text may name the time that it promises.
    promised = now + (draft.next_by - draft.written_at) if draft.next_by and draft.next_by <= now else draft.next_by
    update = replace(draft, published_at=now, published_by=by, publish_at=None, display_at=at, next_by=promised)
    may_follow(incident, to, at)
    return _publish(state, site, incident, incident, update, by, now, touch=draft.by != ROBOT)


def _publish(
    state: State,
    site: Site,
    incident: Incident,
    before: Incident | None,
    update: Update,
    by: str,
    now: datetime,
    *,
    touch: bool,
) -> Decision:
    after = replace(
        incident.with_update(update),
        updated_at=now,
        components=tuple(dict.fromkeys((*incident.components, *(change.component for change in update.changes)))),
        impact=impact_with(incident, update),
        over_at=None,
        dismissed_at=None,
        recovering_since=incident.recovering_since if update.state == IncidentState.MONITORING else None,
        started_at=min(incident.started_at, update.display_at) if not incident.is_public else incident.started_at,
    )
    if touch:
        after = replace(without_offers(after), touched_by=by, touched_at=now)
    after = without_taken(state, after)
    changes, overrides = apply(state, site, after, update, by, now)
    cleared = (*(released(state, after) if not after.is_open else ()), *outspoken(state, site, changes))
    told_at = now + site.times.undo
    events = tuple(_renamed(each, before, after) for each in incident_events(before, after, update, site, now, told_at))
    if by != update.by:
        events = (*events, person_event("incident.published", incident.id, by, now, {"update": update.id}))
    not_before = told_at if update.tell else None
    moved = (component_event(change, now, not_before, by=by, update=update.id) for change in changes)
    return Decision(
        changes=changes,
        incidents=(after,),
        overrides=tuple(each for each in overrides if each.component not in cleared),
        cleared=cleared,
        events=(*events, *moved),
    )


def _renamed(event: JournalEvent, before: Incident | None, after: Incident) -> JournalEvent:
    """The event, with the title that it takes the place of."""
    if before is None or before.title == after.title:
        return event
    return replace(event, data={**event.data, "was_title": before.title})


def dismiss(state: State, incident_id: str, update_id: str, by: str, now: datetime, reason: str = "") -> Decision:
    """Throw a draft away. An incident of which nothing is public is dismissed with it."""
    incident = find(state, incident_id)
    draft = draft_of(incident, update_id)
    after = replace(incident.with_update(replace(draft, withdrawn_at=now, publish_at=None)), updated_at=now)
    theirs = [each for each in after.drafts if each.by != ROBOT]
    over: tuple[JournalEvent, ...] = ()
    if not after.is_public and not theirs and (incident.touched_by is not None or not after.drafts):
        after = replace(without_offers(after), dismissed_at=now, touched_by=by, touched_at=now)
        over = _over(state, after, incident, now)
    elif draft.by == ROBOT and incident.touched_by is None:
        after = replace(after, touched_by=by, touched_at=now)
    if incident.is_public and not incident.is_open and IncidentState(draft.state).is_open:
        over = _over(state, after, incident, now)  # the page for what came back ends with the offer
    data = {"update": update_id, "title": incident.title, "reason": reason}
    return Decision(incidents=(after,), events=(person_event("incident.dismissed", incident.id, by, now, data), *over))


def _over(state: State, after: Incident, before: Incident, now: datetime) -> tuple[JournalEvent, ...]:
    """On-call was told of the draft of an incident with a cause: that nothing came of it is told too."""
    if not before.causes or before.over_at is not None:
        return ()
    return (incident_event("draft.over", after, None, site_of(state), now, now),)


def hold_draft(state: State, incident_id: str, update_id: str, by: str, now: datetime) -> Decision:
    """Veto: a draft that would publish itself waits for a person instead."""
    incident = find(state, incident_id)
    draft = draft_of(incident, update_id)
    if draft.publish_at is None:
        return Decision()
    after = replace(incident.with_update(replace(draft, publish_at=None)), updated_at=now)
    return Decision(incidents=(after,), events=(person_event("incident.held", incident.id, by, now),))


def edit_update(
    state: State,
    incident_id: str,
    update_id: str,
    post: Post,
    by: str,
    now: datetime,
    version: int | None = None,
) -> Decision:
    """Other words or another time for an update. What stood there is kept and, once public, marked as edited."""
    incident = find(state, incident_id)
    same(incident, version)
    update = update_of(incident, update_id)
    if update.withdrawn_at is not None:
        raise Refused("update", "was taken back")
    kept = Edit(now, by, update.state, update.body, update.display_at)
    at = past("display_at", post.display_at, now) if post.display_at is not None else update.display_at
    # Its first word moves the beginning of what is public, no other one does.
    begins = incident.is_public and update.id == incident.published[0].id
    at = at if begins or post.display_at is None else within(incident, at)
    to = state_named(post.state) if post.state else state_named(update.state)
    edited = replace(
        update,
        body=clean_body(post.body),
        display_at=at,
        state=to.value,
        html="",
        edits=(*update.edits, kept) if update.published_at is not None else update.edits,
        by=update.by if update.published_at is not None else by,
        # A person's draft waits for a person.
        publish_at=None,
    )
    after = replace(incident.with_update(edited), updated_at=now, touched_by=by, touched_at=now)
    if begins:
        after = replace(after, started_at=min(after.started_at, at))
    after = without_taken(state, after)
    if post.title is not None:
        after = after.called(title(post.title), by, now)
    if incident.is_public and after.is_open != incident.is_open:
        raise Refused("state", "an edit cannot open or end the incident: post an update instead")
    event = person_event("incident.edited", incident.id, by, now, {"update": update_id, "was": update.body})
    return Decision(incidents=(after,), events=(_renamed(event, incident, after),))
