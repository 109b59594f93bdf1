"""An incident that goes on: it is published when its wait is over, widens, recovers, relapses, resolves, reminds.

What a person has touched is theirs: there the robot keeps one offer of what it would say now, and no more.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from statuspage.core.affected import affected, last_statuses, with_evidence
from statuspage.core.events import incident_event
from statuspage.core.incident import ROBOT, Incident, IncidentState
from statuspage.core.message import Turn
from statuspage.core.saying import commit, draft_of_robot, offer, said_at, say, take_offer_back
from statuspage.core.seeing import Doings, Seen
from statuspage.core.status import Status
from statuspage.core.unwatched import set_right

MOST_OF_ITS_OWN = 100
"""Updates after which the robot repeats itself no more and reminds staff instead."""
KEEP_OVER = timedelta(hours=24)
"""How long a draft of what was over before anybody heard of it waits for a person."""


def keep_up(seen: Seen, done: Doings, incident_id: str) -> None:
    """Whatever is due for one incident at this moment."""
    for step in (_follow, _publish_due, _keep_promise, _put_away):
        step(seen, done, done.known(seen)[incident_id])


def _follow(seen: Seen, done: Doings, incident: Incident) -> None:
    if not incident.causes or not incident.is_open:
        return
    troubled = seen.in_trouble(incident.causes)
    unseen = any(seen.status_of_cause(cause) is Status.UNKNOWN for cause in incident.causes)
    if incident.touched_by is not None:
        _follow_touched(seen, done, incident, troubled, unseen)
    elif troubled:
        _go_on(seen, done, incident, troubled)
    elif unseen or seen.lingers(incident):
        # Nobody knows, or people still feel it: the time of being well begins anew.
        if incident.recovering_since is not None:
            done.incidents[incident.id] = replace(incident, recovering_since=None)
    else:
        _recover(seen, done, incident)


def _go_on(seen: Seen, done: Doings, incident: Incident, troubled: Sequence[str]) -> None:
    worse_now = with_evidence(seen, replace(incident, recovering_since=None), troubled)
    if incident.state is IncidentState.MONITORING:
        say(seen, done, incident, worse_now, Turn.RELAPSED, IncidentState.INVESTIGATING, troubled[0])
    elif _is_wider(seen, incident, troubled):
        # Its moves were told when they happened.
        say(seen, done, incident, worse_now, Turn.WIDENED, at_work(incident), troubled[0], displaced=())
    elif _is_outdated(seen, incident):
        say(seen, done, incident, incident, Turn.OPENED, at_work(incident), troubled[0])


def _is_wider(seen: Seen, incident: Incident, troubled: Sequence[str]) -> bool:
    known = last_statuses(incident)
    if any(name not in known for name in affected(seen, incident.causes)):
        return True
    return any(seen.status(name).severity > known.get(name, Status.OPERATIONAL).severity for name in troubled)


def _is_outdated(seen: Seen, incident: Incident) -> bool:
    """Whether what a draft promises is over, or what it calls not affected has trouble by now."""
    waiting = draft_of_robot(incident) if not incident.is_public else None
    if waiting is None:
        return False
    promises_the_past = waiting.next_by is not None and waiting.next_by <= seen.now
    return promises_the_past or bool(seen.in_trouble(waiting.spared))


def _recover(seen: Seen, done: Doings, incident: Incident) -> None:
    first = incident.causes[0]
    if incident.recovering_since is None:
        recovering = replace(incident, recovering_since=seen.now)
        if incident.state is IncidentState.MONITORING:
            done.incidents[incident.id] = recovering
        else:
            say(seen, done, incident, recovering, Turn.RECOVERED, IncidentState.MONITORING, first)
    elif seen.lasts(incident.recovering_since) >= seen.site.times.resolve_after:
        say(seen, done, incident, incident, Turn.RESOLVED, IncidentState.RESOLVED, first)


def _follow_touched(seen: Seen, done: Doings, incident: Incident, troubled: Sequence[str], unseen: bool) -> None:
    if seen.all_well(incident.causes):
        set_right(seen, done, incident)
    found = _word_for_a_person(seen, incident, troubled, unseen)
    if found is not None:
        turn, to = found
        seen_now = with_evidence(seen, incident, troubled)
        offer(seen, done, incident, seen_now, turn, to, troubled[0] if troubled else incident.causes[0])
    elif troubled or not unseen:
        take_offer_back(seen, done, incident)


def _word_for_a_person(
    seen: Seen, incident: Incident, troubled: Sequence[str], unseen: bool
) -> tuple[Turn, IncidentState] | None:
    """What the robot would say now, if the incident were its own."""
    if troubled:
        called_well = incident.monitoring_at if incident.state is IncidentState.MONITORING else None
        if called_well is not None and any(seen.since(name) > called_well for name in troubled):
            return Turn.RELAPSED, IncidentState.INVESTIGATING
        return (Turn.WIDENED, at_work(incident)) if _is_wider(seen, incident, troubled) else None
    if unseen:
        return None
    well_since = max((seen.since(each) for each in incident.causes if each in seen.held), default=seen.now)
    if seen.lasts(well_since) >= seen.site.times.resolve_after:
        return Turn.RESOLVED, IncidentState.RESOLVED
    return None if incident.state is IncidentState.MONITORING else (Turn.RECOVERED, IncidentState.MONITORING)


def _publish_due(seen: Seen, done: Doings, incident: Incident) -> None:
    """A draft that nobody vetoed publishes itself, unless its trouble is just passing or cannot be seen."""
    draft = draft_of_robot(incident)
    if draft is None or draft.publish_at is None or draft.publish_at > seen.now:
        return
    if incident.touched_by is not None or not incident.is_open or not seen.in_trouble(incident.causes):
        return
    at = said_at(incident.published, seen.now)
    published = replace(draft, published_at=seen.now, published_by=ROBOT, publish_at=None, display_at=at)
    commit(seen, done, incident, incident.with_update(published), published)


def _keep_promise(seen: Seen, done: Doings, incident: Incident) -> None:
    """The robot keeps the promise of its own incidents; of a person's it reminds them, once a promise."""
    promised = incident.next_by
    if promised is None or promised > seen.now:
        return
    if incident.touched_by is None and incident.causes and len(incident.updates) < MOST_OF_ITS_OWN:
        told_of = [*seen.in_trouble(incident.causes), *incident.causes]
        say(seen, done, incident, incident, Turn.GOES_ON, incident.state, told_of[0])
    elif incident.nagged_for != promised:
        nagged = replace(incident, nagged_for=promised)
        done.incidents[incident.id] = nagged
        done.events.append(incident_event("incident.overdue", nagged, None, seen.site, seen.now, seen.now))


def _put_away(seen: Seen, done: Doings, incident: Incident) -> None:
    """What was over before anybody heard of it waits for a day; what a person dismissed ends with its trouble."""
    if incident.dismissed_at is None:
        if incident.over_at is not None and incident.drafts and seen.now - incident.over_at > KEEP_OVER:
            done.incidents[incident.id] = replace(incident, dismissed_at=seen.now)
    elif incident.over_at is None and seen.all_well(incident.causes):
        done.incidents[incident.id] = replace(incident, over_at=seen.now)


def at_work(incident: Incident) -> IncidentState:
    """Its state while it goes on."""
    return IncidentState.IDENTIFIED if incident.state is IncidentState.IDENTIFIED else IncidentState.INVESTIGATING
