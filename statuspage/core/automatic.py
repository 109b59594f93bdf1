"""What the robot does with incidents: it opens, joins, widens, reports recovery, resolves and reopens.

It runs with every decision, from what is held and believed at that moment, and is a fixed point: run again with
nothing changed it does nothing. Of an incident that a person has touched it changes nothing; what it would have
said it leaves as one draft, which its next word replaces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from statuspage.core.detection import Belief, Verdict
from statuspage.core.events import incident_event, incident_events
from statuspage.core.incident import (
    ROBOT,
    ComponentChange,
    Evidence,
    Impact,
    Incident,
    IncidentState,
    Update,
    impact_of,
    worse,
)
from statuspage.core.message import Told, Turn, body, title
from statuspage.core.observation import Observation
from statuspage.core.site import Site, public_id
from statuspage.core.state import Change, Held, JournalEvent, State
from statuspage.core.status import Status, worst
from statuspage.core.topology import IN_TROUBLE, Topology, dragged_down, root_causes

MOST_EVIDENCE = 60
KEEP_OVER = timedelta(hours=24)
"""How long a draft of what was over before anybody heard of it waits for a person."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the robot looks at. `held` is how components stand after the checks have spoken."""

    state: State
    site: Site
    topology: Topology
    held: Mapping[str, Held]
    beliefs: Mapping[str, Belief]
    newest: Mapping[str, Observation]
    now: datetime

    def status(self, component: str) -> Status:
        held = self.held.get(component)
        return held.status if held is not None and component in self.topology else Status.OPERATIONAL

    def since(self, component: str) -> datetime:
        return self.held[component].since


@dataclass(slots=True)
class Doings:
    """What came of it: incidents by id as they are now, manual components that change, events."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    events: list[JournalEvent] = field(default_factory=list)


def automatic(seen: Seen) -> Doings:
    """Everything the robot does at this moment."""
    done = Doings()
    for incident in seen.state.incidents.values():
        _keep_up(seen, done, incident)
    for cause in _causes(seen):
        _take_up(seen, done, cause)
    return done


def _causes(seen: Seen) -> Sequence[str]:
    """The root causes of present trouble, the oldest first."""
    statuses = {name: seen.status(name) for name in seen.topology}
    found: dict[str, None] = {}
    for name in seen.topology:
        if statuses[name] in IN_TROUBLE and seen.topology[name].checks:
            found |= dict.fromkeys(root_causes(name, seen.topology, statuses))
    checked = (name for name in found if seen.topology[name].checks and name in seen.held)
    return sorted(checked, key=lambda name: (seen.since(name), name))


# --- a cause of trouble: whose is it ----------------------------------------------------------------------------


def _take_up(seen: Seen, done: Doings, cause: str) -> None:
    known = {**seen.state.incidents, **done.incidents}
    mine = [each for each in known.values() if cause in each.causes]
    if any(each.is_open for each in mine):
        return
    last = max(mine, key=_ended, default=None)
    if last is not None and _is_the_same_again(seen, last, cause):
        _reopen(seen, done, last, cause)
        return
    due = seen.site.times.slow_after if seen.status(cause) is Status.DEGRADED else seen.site.times.incident_after
    if seen.now - seen.since(cause) < due:
        return
    young = [each for each in known.values() if _may_be_joined(seen, each)]
    if young:
        _join(seen, done, max(young, key=lambda each: each.created_at), cause)
    else:
        _open(seen, done, cause)


def _ended(incident: Incident) -> datetime:
    return incident.resolved_at or incident.over_at or incident.dismissed_at or incident.updated_at


def _is_the_same_again(seen: Seen, last: Incident, cause: str) -> bool:
    """It never ended (a person said that it had), or it came back soon after its end.

    What a person called no incident is none for as long as it lasts, and no longer.
    """
    if last.dismissed_at is not None:
        return seen.since(cause) <= last.dismissed_at
    return seen.since(cause) <= _ended(last) or seen.now - _ended(last) < seen.site.times.reopen_within


def _may_be_joined(seen: Seen, incident: Incident) -> bool:
    young = seen.now - incident.created_at < seen.site.times.merge_within
    return bool(incident.causes) and incident.is_open and incident.touched_by is None and young


def _open(seen: Seen, done: Doings, cause: str) -> None:
    site, now = seen.site, seen.now
    policy = _policy(site, [cause])
    told = _told(seen, [cause], cause, now + site.times.next_update)
    incident = Incident(
        id=public_id("incident", f"{ROBOT}/{cause}/{now.isoformat()}"),
        title=title(told),
        started_at=seen.since(cause),
        created_at=now,
        updated_at=now,
        by=ROBOT,
        causes=(cause,),
        publish=policy,
    )
    _say(seen, done, None, _with_evidence(seen, incident, [cause]), Turn.OPENED, IncidentState.INVESTIGATING, cause)


def _join(seen: Seen, done: Doings, incident: Incident, cause: str) -> None:
    before = seen.state.incidents.get(incident.id)
    joined = replace(incident, causes=(*incident.causes, cause), recovering_since=None)
    joined = replace(joined, publish=_policy(seen.site, joined.causes))
    _say(seen, done, before, _with_evidence(seen, joined, [cause]), Turn.WIDENED, _at_work(incident), joined.causes[0])


def _reopen(seen: Seen, done: Doings, last: Incident, cause: str) -> None:
    if last.touched_by is not None or last.state is IncidentState.POSTMORTEM:
        if last.dismissed_at is None:
            _leave_draft(seen, done, last, Turn.REOPENED, IncidentState.INVESTIGATING, cause)
        return
    again = _with_evidence(seen, replace(last, causes=(cause,), over_at=None, recovering_since=None), [cause])
    _say(seen, done, seen.state.incidents.get(last.id), again, Turn.REOPENED, IncidentState.INVESTIGATING, cause)


# --- an incident that goes on -----------------------------------------------------------------------------------


def _keep_up(seen: Seen, done: Doings, incident: Incident) -> None:
    _publish_due(seen, done, incident)
    incident = done.incidents.get(incident.id, incident)
    if incident.causes and incident.is_open:
        _follow(seen, done, incident)
    incident = done.incidents.get(incident.id, incident)
    _keep_promise(seen, done, incident)
    if incident.over_at is not None and incident.drafts and seen.now - incident.over_at > KEEP_OVER:
        done.incidents[incident.id] = replace(incident, dismissed_at=seen.now)


def _publish_due(seen: Seen, done: Doings, incident: Incident) -> None:
    """A draft that nobody vetoed publishes itself, unless its trouble is just passing."""
    for draft in incident.drafts:
        if draft.publish_at is None or draft.publish_at > seen.now or not incident.is_open:
            continue
        if draft.by != ROBOT or draft.state == IncidentState.MONITORING or incident.touched_by is not None:
            continue
        published = replace(draft, published_at=seen.now, publish_at=None)
        _commit(seen, done, incident, incident.with_update(published), published)


def _follow(seen: Seen, done: Doings, incident: Incident) -> None:
    troubled = [cause for cause in incident.causes if seen.status(cause) in IN_TROUBLE]
    unseen = [cause for cause in incident.causes if seen.status(cause) is Status.UNKNOWN]
    if troubled:
        _go_on(seen, done, incident, troubled)
    elif unseen:
        if incident.recovering_since is not None and incident.touched_by is None:
            done.incidents[incident.id] = replace(incident, recovering_since=None)
    else:
        _recover(seen, done, incident)


def _go_on(seen: Seen, done: Doings, incident: Incident, troubled: Sequence[str]) -> None:
    if incident.state is IncidentState.MONITORING:
        relapsed = _with_evidence(seen, replace(incident, recovering_since=None), troubled)
        _say(seen, done, incident, relapsed, Turn.RELAPSED, IncidentState.INVESTIGATING, troubled[0])
        return
    known = _last_statuses(incident)
    affected = _affected(seen, incident.causes)
    wider = [name for name in affected if name not in known]
    sunk = [name for name in troubled if seen.status(name).severity > known.get(name, Status.OPERATIONAL).severity]
    if wider or sunk:
        wide = _with_evidence(seen, incident, troubled)
        _say(seen, done, incident, wide, Turn.WIDENED, _at_work(incident), troubled[0])


def _recover(seen: Seen, done: Doings, incident: Incident) -> None:
    first = incident.causes[0]
    if incident.recovering_since is None and incident.touched_by is None:
        recovering = replace(incident, recovering_since=seen.now)
        if incident.state is IncidentState.MONITORING:
            done.incidents[incident.id] = recovering
        else:
            _say(seen, done, incident, recovering, Turn.RECOVERED, IncidentState.MONITORING, first)
    elif incident.touched_by is not None:
        well_since = max((seen.since(each) for each in incident.causes if each in seen.held), default=seen.now)
        if seen.now - well_since >= seen.site.times.resolve_after:
            _leave_draft(seen, done, incident, Turn.RESOLVED, IncidentState.RESOLVED, first)
        elif incident.state is not IncidentState.MONITORING:
            _leave_draft(seen, done, incident, Turn.RECOVERED, IncidentState.MONITORING, first)
    elif incident.recovering_since and seen.now - incident.recovering_since >= seen.site.times.resolve_after:
        _say(seen, done, incident, incident, Turn.RESOLVED, IncidentState.RESOLVED, first)


def _keep_promise(seen: Seen, done: Doings, incident: Incident) -> None:
    """The robot keeps the promise of its own incidents; of a person's it reminds them, once a promise."""
    promised = incident.next_by
    if promised is None or promised > seen.now or not incident.is_public:
        return
    if incident.touched_by is None and incident.causes:
        _say(seen, done, incident, incident, Turn.GOES_ON, incident.state, incident.causes[0])
    elif incident.nagged_for != promised:
        nagged = replace(incident, nagged_for=promised)
        done.incidents[incident.id] = nagged
        done.events.append(incident_event("incident.overdue", nagged, None, seen.site, seen.now, seen.now))


# --- saying it --------------------------------------------------------------------------------------------------


def _say(
    seen: Seen,
    done: Doings,
    before: Incident | None,
    incident: Incident,
    turn: Turn,
    to: IncidentState,
    cause: str,
) -> None:
    """Publish an update, or put it in the place of the draft that waits."""
    if incident.touched_by is not None:
        _leave_draft(seen, done, incident, turn, to, cause)
        return
    update = _update(seen, incident, turn, to, cause)
    if incident.is_public:
        published = replace(update, published_at=seen.now)
        _commit(seen, done, before, incident.with_update(published), published)
        return
    waiting = next((draft for draft in incident.drafts if draft.by == ROBOT), None)
    if before is None and incident.publish == "auto":
        published = replace(update, published_at=seen.now)
        _commit(seen, done, None, incident.with_update(published), published)
        return
    is_new_course = waiting is None or (before is not None and before.over_at is not None)
    publish_at = waiting.publish_at if waiting and not is_new_course else _publish_at(incident.publish, seen.now)
    draft = replace(update, id=waiting.id if waiting else update.id, publish_at=publish_at)
    over = seen.now if to is IncidentState.RESOLVED else None
    kept = replace(incident.with_update(draft if over is None else replace(draft, publish_at=None)), over_at=over)
    kept = replace(kept, updated_at=seen.now, components=_union(kept.components, _names(draft)))
    kept = replace(kept, impact=worse(kept.impact, _impact_of(draft)))
    done.incidents[kept.id] = kept
    kind = "draft.over" if over else ("draft.waiting" if is_new_course else "draft.changed")
    not_before = None if kind == "draft.changed" else seen.now
    done.events.append(incident_event(kind, kept, draft, seen.site, seen.now, not_before))


def _leave_draft(seen: Seen, done: Doings, incident: Incident, turn: Turn, to: IncidentState, cause: str) -> None:
    """What the robot would say, left for the person whose incident it is. One at most, the newest."""
    waiting = next((draft for draft in incident.drafts if draft.by == ROBOT), None)
    if waiting is not None and waiting.state == to:
        return
    if any(
        update.by == ROBOT and update.state == to and _was_turned_down(update, incident) for update in incident.updates
    ):
        return
    draft = _update(seen, incident, turn, to, cause)
    left = incident.with_update(replace(draft, id=waiting.id) if waiting is not None else draft)
    done.incidents[left.id] = replace(left, updated_at=seen.now)
    done.events.append(incident_event("draft.waiting", left, draft, seen.site, seen.now, seen.now))


def _was_turned_down(update: Update, incident: Incident) -> bool:
    """Whether a person turned it down after their last word: it is not offered twice."""
    if update.withdrawn_at is None or incident.touched_at is None:
        return False
    return update.written_at > incident.touched_at


def _commit(seen: Seen, done: Doings, before: Incident | None, incident: Incident, update: Update) -> None:
    after = replace(
        incident,
        updated_at=seen.now,
        components=_union(incident.components, _names(update)),
        impact=worse(incident.impact, _impact_of(update)),
    )
    done.incidents[after.id] = after
    done.events.extend(incident_events(before, after, update, seen.site, seen.now, seen.now))
    for change in update.changes:
        _set_manual(seen, done, change)


def _set_manual(seen: Seen, done: Doings, change: ComponentChange) -> None:
    """A component that no check speaks for stands as the incident says, unless a person said otherwise."""
    watched, held = seen.topology.get(change.component), seen.held.get(change.component)
    if watched is None or held is None or watched.checks or change.component in seen.state.overrides:
        return
    if held.status is not change.new and held.status is not Status.MAINTENANCE:
        done.changes[change.component] = Change(change.component, held.status, change.new, seen.now)


def _update(seen: Seen, incident: Incident, turn: Turn, to: IncidentState, cause: str) -> Update:
    next_by = seen.now + seen.site.times.next_update if to.is_open else None
    told = _told(seen, incident.causes, cause, next_by)
    return Update(
        id=public_id("update", f"{incident.id}/{ROBOT}/{turn}/{seen.now.isoformat()}"),
        state=to.value,
        body=body(turn, told, _spoken(seen.site.times.resolve_after)),
        display_at=seen.now,
        written_at=seen.now,
        by=ROBOT,
        changes=_changes(seen, incident, to),
        next_by=next_by,
    )


def _changes(seen: Seen, incident: Incident, to: IncidentState) -> tuple[ComponentChange, ...]:
    known = _last_statuses(incident)
    well = to in (IncidentState.MONITORING, IncidentState.RESOLVED)
    named = dict.fromkeys((*incident.components, *_affected(seen, incident.causes)))
    found = []
    for name in named:
        old, new = known.get(name, Status.OPERATIONAL), _told_status(seen, incident.causes, name)
        if new is Status.UNKNOWN:
            new = Status.OPERATIONAL if well else old
        if name in seen.topology and (old is not new or name not in known):
            found.append(ComponentChange(name, old, new))
    return tuple(found)


def _told_status(seen: Seen, causes: Sequence[str], name: str) -> Status:
    """What an update says of a component: its own status; of a manual one the worst of what drags it down."""
    watched = seen.topology.get(name)
    if watched is None or watched.checks or name in seen.state.overrides:
        return seen.status(name)
    above = [seen.status(cause) for cause in causes if name in dragged_down(cause, seen.topology)]
    return worst([Status.OPERATIONAL, *(each for each in above if each in IN_TROUBLE)])


def _affected(seen: Seen, causes: Sequence[str]) -> Sequence[str]:
    """The causes in trouble, and whatever needs them and has trouble or no check of its own."""
    found: dict[str, None] = {}
    for cause in causes:
        if seen.status(cause) not in IN_TROUBLE:
            continue
        found[cause] = None
        for name in dragged_down(cause, seen.topology):
            if not seen.topology[name].checks or seen.status(name) in IN_TROUBLE:
                found[name] = None
    return tuple(found)


def _told(seen: Seen, causes: Sequence[str], cause: str, next_by: datetime | None) -> Told:
    affected = _affected(seen, causes)
    beliefs = [seen.beliefs[check] for check in _checks(seen, cause) if check in seen.beliefs]
    worst_first = sorted(beliefs, key=lambda belief: belief.verdict is not Verdict.DOWN)
    return Told(
        site=seen.site,
        cause=cause,
        status=seen.status(cause),
        reason=next((belief.reason for belief in worst_first if belief.verdict is Verdict.DOWN), None),
        affected=affected,
        still_work=[n for n in seen.topology if n not in affected and seen.status(n) is Status.OPERATIONAL],
        next_by=next_by,
        others=[each for each in causes if each != cause],
    )


def _with_evidence(seen: Seen, incident: Incident, causes: Iterable[str]) -> Incident:
    found = [
        _evidence(seen, cause, seen.beliefs[check])
        for cause in causes
        for check in _checks(seen, cause)
        if check in seen.beliefs and seen.beliefs[check].verdict not in (Verdict.UP, Verdict.UNKNOWN)
    ]
    return replace(incident, evidence=(*incident.evidence, *found)[-MOST_EVIDENCE:])


def _evidence(seen: Seen, component: str, belief: Belief) -> Evidence:
    run = seen.newest.get(belief.check)
    return Evidence(
        at=seen.now,
        check=belief.check,
        component=component,
        agent=belief.agent,
        verdict=belief.verdict.value,
        since=belief.since,
        reason=belief.reason.value if belief.reason else None,
        stage=belief.stage,
        detail=run.detail if run else "",
        stages=tuple((stage.name, stage.ms) for stage in run.stages) if run else (),
    )


# --- small words ------------------------------------------------------------------------------------------------


def _at_work(incident: Incident) -> IncidentState:
    return IncidentState.IDENTIFIED if incident.state is IncidentState.IDENTIFIED else IncidentState.INVESTIGATING


def _last_statuses(incident: Incident) -> dict[str, Status]:
    """What was last said of each component, drafts of an unpublished incident included."""
    shown = incident.published or tuple(update for update in incident.updates if update.withdrawn_at is None)
    return {change.component: change.new for update in shown for change in update.changes}


def _impact(seen: Seen, names: Sequence[str]) -> Impact:
    return impact_of(worst(seen.status(name) for name in names))


def _impact_of(update: Update) -> Impact:
    return impact_of(worst(change.new for change in update.changes))


def _checks(seen: Seen, component: str) -> tuple[str, ...]:
    return seen.topology[component].checks if component in seen.topology else ()


def _names(update: Update) -> list[str]:
    return [change.component for change in update.changes]


def _union(one: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *more)))


def _policy(site: Site, causes: Sequence[str]) -> str:
    """The strictest of the causes' publish policies: a person, then the longest wait, then at once."""
    found = [component.publish for cause in causes if (component := site.component(cause))]
    return max(found, key=_strictness, default="auto")


def _strictness(policy: str) -> float:
    if policy == "auto":
        return 0.0
    wait = _wait(policy)
    return float("inf") if wait is None else wait.total_seconds()


def _wait(policy: str) -> timedelta | None:
    """How long `after 300s` waits; None for a draft."""
    return timedelta(seconds=float(policy[len("after ") : -1])) if policy.startswith("after ") else None


def _publish_at(policy: str, now: datetime) -> datetime | None:
    wait = timedelta(0) if policy == "auto" else _wait(policy)
    return None if wait is None else now + wait


def _spoken(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    whole, unit = (seconds // 60, "minute") if seconds >= 60 and seconds % 60 == 0 else (seconds, "second")
    return f"{whole} {unit}{'' if whole == 1 else 's'}"
