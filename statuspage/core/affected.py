"""Whom a trouble reaches: the causes, what needs them, and what an update says of each component."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from statuspage.core.detection import Belief, Verdict
from statuspage.core.incident import ComponentChange, Evidence, Incident, IncidentState
from statuspage.core.message import Told
from statuspage.core.route_words import route_sentences
from statuspage.core.seeing import Seen
from statuspage.core.status import Status, worst
from statuspage.core.topology import IN_TROUBLE, dragged_down, root_causes
from statuspage.core.typed import one_line

MOST_EVIDENCE = 60
MOST_DETAIL = 500


def causes_of_trouble(seen: Seen, spoken_for: frozenset[str]) -> list[str]:
    """The root causes of what the checks find wrong, the oldest first.

    What a person says of a component explains the trouble of others only where an incident tells of it
    (`spoken_for`): nobody else would.
    """
    statuses = _explaining(seen, spoken_for)
    found: dict[str, None] = {}
    for name in seen.topology:
        if statuses.get(name) in IN_TROUBLE and seen.is_watched(name):
            found |= dict.fromkeys(root_causes(name, seen.topology, statuses))
    checked = (name for name in found if seen.is_watched(name) and name in seen.held)
    return sorted(checked, key=lambda name: (seen.since(name), name))


def _explaining(seen: Seen, spoken_for: frozenset[str]) -> dict[str, Status]:
    """What may explain the trouble of others. A component without checks passes on what it needs."""
    statuses = {name: seen.status(name) for name in seen.topology if seen.is_watched(name) or name in spoken_for}
    grown = True
    while grown:
        passed_on = {
            each.id: Status.MAJOR
            for each in seen.topology.values()
            if each.id not in statuses and any(statuses.get(need) in IN_TROUBLE for need in each.needs)
        }
        statuses |= passed_on
        grown = bool(passed_on)
    return statuses


def affected(seen: Seen, causes: Sequence[str]) -> Sequence[str]:
    """The causes in trouble, and whatever needs them and has trouble, or nothing of its own that speaks for it."""
    found: dict[str, None] = {}
    for cause in seen.in_trouble(causes):
        found[cause] = None
        for name in dragged_down(cause, seen.topology):
            if seen.is_manual(name) or seen.status(name) in IN_TROUBLE:
                found[name] = None
    return tuple(found)


def last_statuses(incident: Incident) -> dict[str, Status]:
    """What was last said of each component."""
    return {change.component: change.new for update in incident.course for change in update.changes}


def changes(seen: Seen, incident: Incident, to: IncidentState) -> tuple[ComponentChange, ...]:
    """What an update that moves the incident to `to` says of the components: what is new to the reader.

    A draft tells nobody anything: of what was not published yet all is new.
    """
    known = {change.component: change.new for update in incident.published for change in update.changes}
    well = to in (IncidentState.MONITORING, IncidentState.RESOLVED)
    found = []
    for name in dict.fromkeys((*incident.components, *affected(seen, incident.causes))):
        old, new = known.get(name, Status.OPERATIONAL), _status_told(seen, incident.causes, name)
        if new is Status.UNKNOWN:
            new = Status.OPERATIONAL if well else old
        if name in seen.topology and (old is not new or name not in known):
            found.append(ComponentChange(name, old, new))
    return tuple(found)


def _status_told(seen: Seen, causes: Sequence[str], name: str) -> Status:
    """Its own status; of a component without checks the worst of what drags it down."""
    if not seen.is_manual(name) or name not in seen.topology or name in seen.state.overrides:
        return seen.status(name)
    above = (seen.status(cause) for cause in seen.in_trouble(causes) if name in dragged_down(cause, seen.topology))
    return worst([Status.OPERATIONAL, *above])


def told(seen: Seen, causes: Sequence[str], cause: str, next_by: datetime | None) -> Told:
    """What the words of an update are made from. Of a recovery all causes are told, else those in trouble."""
    reached = affected(seen, causes)
    beliefs = [seen.beliefs[check] for check in seen.checks(cause) if check in seen.beliefs]
    down = (belief.reason for belief in beliefs if belief.verdict is Verdict.DOWN)
    others = [name for name in causes if name != cause and name in seen.topology]
    return Told(
        site=seen.site,
        cause=cause,
        status=seen.status_of_cause(cause),
        reason=next(down, None),
        affected=reached,
        still_work=[name for name in seen.topology if name not in reached and _is_seen_to_work(seen, name)],
        next_by=next_by,
        others=[name for name in others if not reached or name in reached],
        displaced=displaced(seen, causes),
    )


def displaced(seen: Seen, causes: Sequence[str]) -> tuple[str, ...]:
    """What is to be said of routes, a sentence each: of those that left a provider among the causes and are not back,
    and of modules that are a cause themselves, limited or on their way.
    """
    if seen.board is None:
        return ()
    board, now = seen.site.switchboard, seen.now
    lost = {each.id for each in board.providers if each.component in causes}
    away = []
    for route in board.routes:
        state = seen.board.states.get(route.id)
        if state is None:
            continue
        is_felt = route.component in causes and (state.is_limited or state.is_moving(now))
        if is_felt or state.origin in lost:
            away.append(state)
    return route_sentences(seen.site, away)


def _is_seen_to_work(seen: Seen, name: str) -> bool:
    """Whether every check of it has just been good: what begins to fail is not called unaffected."""
    windows = [seen.beliefs[check].window for check in seen.checks(name) if check in seen.beliefs]
    good = bool(windows) and all(window and window[-1].good for window in windows)
    return good and seen.status(name) is Status.OPERATIONAL


def with_evidence(seen: Seen, incident: Incident, causes: Iterable[str]) -> Incident:
    """The incident with what the checks of these causes found just now."""
    found = [
        _evidence(seen, cause, seen.beliefs[check])
        for cause in causes
        for check in seen.checks(cause)
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
        # A target's words may hold anything.
        detail=one_line(run.detail)[:MOST_DETAIL] if run else "",
        stages=tuple((stage.name, stage.ms) for stage in run.stages) if run else (),
    )
