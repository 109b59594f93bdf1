"""What people do with incidents: open, post, publish, edit, take back, hand back. One function an act, all pure.

Each takes the state that is read inside the deciding transaction and gives a Decision. Raises Refused for what
cannot be meant, NotThere for an unknown id, Conflict when a form was filled in on an older version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from statuspage.core.events import incident_event, incident_events, person_event
from statuspage.core.incident import (
    TABLE,
    ComponentChange,
    Edit,
    Impact,
    Incident,
    IncidentState,
    Postmortem,
    Update,
    impact_of,
    worse,
)
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.site import Site, public_id
from statuspage.core.state import Change, Decision, Override, State
from statuspage.core.status import Status
from statuspage.core.typed import body as clean_body
from statuspage.core.typed import past, site_of, title

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
    opening = _state_named(post.state or IncidentState.INVESTIGATING.value)
    return _say(state, site, incident, None, post, opening, by, now)


def post_update(
    state: State, incident_id: str, post: Post, by: str, now: datetime, version: int | None = None
) -> Decision:
    """A further update, published at once or kept as a draft."""
    site, incident = site_of(state), find(state, incident_id)
    if post.key is not None and incident.update(id_of("update", by, f"{incident_id}/{post.key}")):
        return Decision()
    _same(incident, version)
    if len(incident.updates) >= MAX_UPDATES:
        raise Refused("incident", f"has {MAX_UPDATES} updates already; open a new one")
    to = _state_named(post.state) if post.state else incident.state
    if to is not IncidentState.POSTMORTEM and incident.state is IncidentState.POSTMORTEM:
        raise Refused("state", "the incident has its postmortem; open a new incident instead")
    named = replace(incident, title=title(post.title)) if post.title is not None else incident
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
    at = past("display_at", post.display_at, now)
    _may_follow(incident, to, at)
    key = f"{incident.id}/{post.key or now.isoformat()}"
    update = Update(
        id=id_of("update", by, key),
        state=to.value,
        body=clean_body(post.body),
        display_at=at,
        written_at=now,
        by=by,
        changes=_changes(state, site, incident, post, to),
        published_at=None if post.draft else now,
        next_by=_next_by(post, site, to, now),
        tell=post.tell,
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
    _same(incident, version)
    draft = _draft(incident, update_id)
    to = _state_named(draft.state)
    # What waited is said now: its time is that of saying it, its promise counts from then.
    promised = draft.next_by - draft.written_at if draft.next_by else None
    at = now if not incident.is_public or draft.display_at < incident.published[-1].display_at else draft.display_at
    update = replace(
        draft, published_at=now, publish_at=None, display_at=at, next_by=now + promised if promised else None
    )
    _may_follow(incident, to, at)
    return _publish(state, site, incident, incident, update, by, now, touch=draft.by == by)


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
        components=_union(incident.components, [change.component for change in update.changes]),
        impact=_impact(incident, update),
        over_at=None,
        dismissed_at=None,
        recovering_since=incident.recovering_since if update.state == IncidentState.MONITORING else None,
        started_at=min(incident.started_at, update.display_at) if not incident.is_public else incident.started_at,
    )
    if touch:
        after = replace(after, touched_by=by, touched_at=now)
    changes, overrides = _apply(state, site, after, update, by, now)
    cleared = _released(state, after) if not after.is_open else ()
    events = incident_events(before, after, update, site, now, now + site.times.undo)
    if by != update.by:
        events = (*events, person_event("incident.published", incident.id, by, now, {"update": update.id}))
    return Decision(
        changes=changes,
        incidents=(after,),
        overrides=tuple(each for each in overrides if each.component not in cleared),
        cleared=cleared,
        events=events,
    )


def dismiss(state: State, incident_id: str, update_id: str, by: str, now: datetime, reason: str = "") -> Decision:
    """Throw a draft away. An incident of which nothing is public is dismissed with it."""
    incident = find(state, incident_id)
    draft = _draft(incident, update_id)
    after = replace(incident.with_update(replace(draft, withdrawn_at=now, publish_at=None)), updated_at=now)
    if not after.is_public and not after.drafts:
        after = replace(after, dismissed_at=now, touched_by=by, touched_at=now)
    data = {"update": update_id, "title": incident.title, "reason": reason}
    return Decision(incidents=(after,), events=(person_event("incident.dismissed", incident.id, by, now, data),))


def hold_draft(state: State, incident_id: str, update_id: str, by: str, now: datetime) -> Decision:
    """Veto: a draft that would publish itself waits for a person instead."""
    incident = find(state, incident_id)
    draft = _draft(incident, update_id)
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
    _same(incident, version)
    update = _update(incident, update_id)
    if update.withdrawn_at is not None:
        raise Refused("update", "was taken back")
    kept = Edit(now, by, update.state, update.body, update.display_at)
    at = past("display_at", post.display_at, now) if post.display_at is not None else update.display_at
    to = _state_named(post.state) if post.state else _state_named(update.state)
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
    if post.title is not None:
        after = replace(after, title=title(post.title))
    if incident.is_public and after.is_open != incident.is_open:
        raise Refused("state", "an edit cannot open or end the incident: post an update instead")
    event = person_event("incident.edited", incident.id, by, now, {"update": update_id, "was": update.body})
    return Decision(incidents=(after,), events=(event,))


def withdraw(state: State, incident_id: str, update_id: str, by: str, now: datetime) -> Decision:
    """Undo: within the window, and before anybody was notified, an update becomes a draft again."""
    site, incident = site_of(state), find(state, incident_id)
    update = _update(incident, update_id)
    if not update.is_published or update.published_at is None:
        raise Refused("update", "is not published")
    if now > update.published_at + site.times.undo:
        raise Refused("update", "is out: edit it, or post a correction")
    after = replace(incident.with_update(replace(update, published_at=None, publish_at=None)), updated_at=now)
    left = [Impact.NONE, *(impact_of(c.new) for each in after.published for c in each.changes)]
    after = replace(after, impact=max(left, key=list(Impact).index), touched_by=by, touched_at=now)
    undone = _manual(site, {change.component: change.old for change in update.changes})
    changes = tuple(
        Change(component, state.components[component].status, old, max(update.display_at, _since(state, component)))
        for component, old in undone.items()
        if component in state.components and state.components[component].status is not old
    )
    mine = {change.component for change in update.changes}
    cleared = tuple(
        each.component
        for each in state.overrides.values()
        if each.incident == incident.id and each.component in mine and each.at == update.published_at
    )
    event = person_event("incident.withdrawn", incident.id, by, now, {"update": update_id, "title": incident.title})
    return Decision(changes=changes, incidents=(after,), cleared=cleared, events=(event,), undone=(update_id,))


def acknowledge(state: State, incident_id: str, by: str, now: datetime) -> Decision:
    """Say that a person is at it: on-call tools hear of it, the public does not."""
    site, incident = site_of(state), find(state, incident_id)
    event = incident_event("incident.acknowledged", incident, None, site, now, now)
    return Decision(events=(replace(event, data={**event.data, "by": by}),))


def hand_back(state: State, incident_id: str, by: str, now: datetime) -> Decision:
    """Let the robot go on with an incident that a person took over."""
    incident = find(state, incident_id)
    if incident.touched_by is None:
        return Decision()
    if not incident.causes:
        raise Refused("incident", "has no check behind it: the robot would not know when it ends")
    after = replace(incident, touched_by=None, touched_at=None, updated_at=now)
    return Decision(incidents=(after,), events=(person_event("incident.handed_back", incident.id, by, now),))


def write_postmortem(
    state: State, incident_id: str, body: str, by: str, now: datetime, *, publish: bool, version: int | None = None
) -> Decision:
    """Write, change or publish what was learned. Only a resolved incident has it."""
    site, incident = site_of(state), find(state, incident_id)
    _same(incident, version)
    if incident.is_open or not incident.is_public:
        raise Refused("incident", "is not resolved yet")
    old = incident.postmortem
    was_public = old is not None and old.published_at is not None
    edits = old.edits if old else ()
    if old is not None and old.published_at is not None:
        edits = (*edits, Edit(now, by, "postmortem", old.body, old.published_at))
    written = Postmortem(
        body=clean_body(body, 100_000),
        by=by,
        written_at=now,
        published_at=(old.published_at if old and old.published_at else now) if publish or was_public else None,
        edits=edits,
    )
    after = replace(incident, postmortem=written, updated_at=now)
    kind = "incident.postmortem" if publish and not was_public else "incident.postmortem_written"
    not_before = now + site.times.undo if kind == "incident.postmortem" else None
    event = incident_event(kind, after, None, site, now, not_before)
    return Decision(incidents=(after,), events=(replace(event, data={**event.data, "by": by}),))


# --- the parts -------------------------------------------------------------------------------------------------


def find(state: State, incident_id: str) -> Incident:
    """The incident of that id. Raises NotThere."""
    found = state.incidents.get(incident_id)
    if found is None:
        raise NotThere("incident", incident_id)
    return found


def _same(incident: Incident, version: int | None) -> None:
    if version is not None and version != incident.version:
        raise Conflict("incident", incident.id, incident.version)


def _update(incident: Incident, update_id: str) -> Update:
    found = incident.update(update_id)
    if found is None:
        raise NotThere("update", update_id)
    return found


def _draft(incident: Incident, update_id: str) -> Update:
    found = _update(incident, update_id)
    if not found.is_draft:
        raise Refused("update", "is published already" if found.is_published else "was taken back")
    return found


def _state_named(name: str) -> IncidentState:
    try:
        return IncidentState(name)
    except ValueError:
        known = ", ".join(each.value for each in IncidentState if each is not IncidentState.POSTMORTEM)
        raise Refused("state", f"must be one of {known}") from None


def _may_follow(incident: Incident, to: IncidentState, at: datetime) -> None:
    if to is IncidentState.POSTMORTEM:
        raise Refused("state", "a postmortem is written, not posted")
    shown = incident.published
    if shown and at >= shown[-1].display_at and to not in TABLE[incident.state]:
        raise Refused("state", f"cannot become {to.value} after {incident.state.value}")


def _next_by(post: Post, site: Site, to: IncidentState, now: datetime) -> datetime | None:
    if not to.is_open:
        return None
    if post.next_by is not None and post.next_by <= now:
        raise Refused("next_by", "lies in the past")
    return post.next_by or now + site.times.next_update


def _changes(
    state: State, site: Site, incident: Incident, post: Post, to: IncidentState
) -> tuple[ComponentChange, ...]:
    wanted = dict(post.components)
    if to is IncidentState.RESOLVED and post.reset:
        wanted = {each: Status.OPERATIONAL for each in incident.components if site.component(each)} | wanted
    found = []
    for component, new in wanted.items():
        if site.component(component) is None:
            raise Refused("components", f'there is no component "{component}"')
        if new in (Status.UNKNOWN, Status.MAINTENANCE):
            raise Refused("components", f'{component}: an incident cannot make it "{new.value}"')
        held = state.components.get(component)
        found.append(ComponentChange(component, held.status if held else Status.UNKNOWN, new))
    return tuple(found)


def _apply(
    state: State, site: Site, incident: Incident, update: Update, by: str, now: datetime
) -> tuple[tuple[Change, ...], tuple[Override, ...]]:
    """What people say of manual components is so; of others it holds against the checks, until the end."""
    manual = _manual(site, {change.component: change.new for change in update.changes})
    newest = update.display_at >= max((u.display_at for u in incident.published), default=update.display_at)
    changes, overrides = [], []
    for change in update.changes:
        held = state.components.get(change.component)
        if held is None or held.status is change.new or not newest:
            continue
        if change.component in manual:
            since = max(update.display_at, held.created_at or held.since)
            changes.append(Change(change.component, held.status, change.new, min(since, now)))
        elif incident.is_open and update.by == by:
            overrides.append(Override(change.component, change.new, by, now, None, incident.id))
            changes.append(Change(change.component, held.status, change.new, now))
    return tuple(changes), tuple(overrides)


def _manual(site: Site, wanted: Mapping[str, Status]) -> dict[str, Status]:
    """Those of the components that no check speaks for."""
    found = {}
    for component, status in wanted.items():
        known = site.component(component)
        if known is not None and not known.checks:
            found[component] = status
    return found


def _released(state: State, incident: Incident) -> tuple[str, ...]:
    return tuple(each.component for each in state.overrides.values() if each.incident == incident.id)


def _since(state: State, component: str) -> datetime:
    held = state.components[component]
    return held.created_at or held.since


def _impact(incident: Incident, update: Update) -> Impact:
    found = incident.impact
    for change in update.changes:
        found = worse(found, impact_of(change.new))
    return found


def _union(one: tuple[str, ...], more: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *more)))
