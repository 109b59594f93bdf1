"""Folds them all: what is held, what is believed, the time → one Decision.

Every function here is pure and total. The store calls it inside the deciding transaction, so that what it
reads is what is true at that moment, for the monitor as for anybody else who writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from statuspage.core.automatic import Seen, automatic
from statuspage.core.boarding import board_of
from statuspage.core.correcting import run_out
from statuspage.core.detection import EPOCH, Belief, Verdict
from statuspage.core.events import component_event
from statuspage.core.failover import steer
from statuspage.core.guards import Board
from statuspage.core.maintenance import Window, masked
from statuspage.core.modules import Served, served_by
from statuspage.core.moves import first_state
from statuspage.core.observation import Observation
from statuspage.core.planning import pass_edges
from statuspage.core.refusals import Refused
from statuspage.core.rooms import watch_rooms
from statuspage.core.route import LIMITED, RouteState
from statuspage.core.route_events import steered_events
from statuspage.core.site import Site
from statuspage.core.state import Change, Decision, Held, JournalEvent, Json, State
from statuspage.core.status import Status, worst
from statuspage.core.telling import Telling
from statuspage.core.topology import IN_TROUBLE, Topology, Watched, root_causes


def component_status(verdicts: Sequence[Verdict]) -> Status:
    """A component's status from the verdicts of its checks.

    All down is a major outage; some down a partial one; slow or unstable is degraded. An unknown check
    neither helps nor harms, and all unknown is unknown.
    """
    if verdicts and all(verdict is Verdict.DOWN for verdict in verdicts):
        return Status.MAJOR
    if Verdict.DOWN in verdicts:
        return Status.PARTIAL
    if Verdict.SLOW in verdicts or Verdict.UNSTABLE in verdicts:
        return Status.DEGRADED
    return Status.OPERATIONAL if Verdict.UP in verdicts else Status.UNKNOWN


def topology_of(site: Site) -> Topology:
    """The site's components as the rules see them."""
    board = site.switchboard
    of_provider = {each.id: each.component for each in board.providers if not each.built_in}
    found = {}
    for each in site.components:
        routes = board.routes_of(each.id)
        providers = (of_provider[name] for route in routes for name in route.providers if name in of_provider)
        needs = tuple(dict.fromkeys((*each.needs, *providers)))
        found[each.id] = Watched(each.id, each.checks, needs, bool(routes))
    return found


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A belief before and after, as the monitor saw it change."""

    old: Verdict
    belief: Belief


def decide(
    state: State,
    beliefs: Mapping[str, Belief],
    moves: Sequence[VerdictChange],
    now: datetime,
    not_before: datetime = EPOCH,
    newest: Mapping[str, Observation] | None = None,
) -> Decision:
    """What the present beliefs (by check id) mean: for the components, for planned work, for incidents.

    `moves` are the verdicts that changed since the last decision: each becomes a journal event, and its
    belief is stored with the change that it causes. No component's state is back-dated to before
    `not_before`: a stretch in which nobody looked stays unknown. `newest` has the last bad run of each check,
    the evidence of what opens.
    """
    events = [_check_event(move, now) for move in moves]
    told = Decision(beliefs=tuple(move.belief for move in moves), events=tuple(events))
    if state.site is None:
        return told
    topology = topology_of(state.site)
    planned, edges = pass_edges(tuple(state.maintenances.values()), state.site, now)
    ended = run_out(state, dict(state.components), now)
    left = {name: each for name, each in state.overrides.items() if name not in ended.cleared}
    present = replace(
        state,
        components=_after(state.components, ended.changes),
        overrides=left,
        maintenances={**state.maintenances, **{each.id: each for each in planned}},
    )
    changes = {change.component: change for change in ended.changes}
    board = board_of(present, state.site, beliefs, now, not_before)
    steered = steer(board)
    board = replace(board, states={**board.states, **steered.states})
    for change in _changes(present, topology, beliefs, board):
        changes[change.component] = change
    held = _after(state.components, changes.values())
    seen = Seen(present, state.site, topology, held, beliefs, newest or {}, now, not_before, board, steered.moves)
    done = automatic(seen)
    changes = _moved(state, {**changes, **done.changes})
    rooms = watch_rooms(board, present.low)
    statuses = {name: each.status for name, each in _after(held, done.changes.values()).items()}
    events += [*ended.events, *edges]
    events += [_component_event(change, topology, statuses, now) for change in changes.values()]
    return replace(
        told,
        changes=tuple(changes.values()),
        events=(*events, *steered_events(state.routes, steered, board), *done.events, *rooms.events),
        routes=tuple(steered.states.values()),
        low=rooms.low,
        incidents=tuple(done.incidents.values()),
        maintenances=tuple(planned),
        cleared=ended.cleared,
    )


def _moved(state: State, changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes from what stood before the decision: one that moved twice in it moves once, or not at all."""
    whole = (replace(change, old=state.components[name].status) for name, change in changes.items())
    return {change.component: change for change in whole if change.new is not change.old}


def _after(held: Mapping[str, Held], changes: Iterable[Change]) -> dict[str, Held]:
    found = dict(held)
    for change in changes:
        found[change.component] = replace(found[change.component], status=change.new, since=change.since)
    return found


def _changes(state: State, topology: Topology, beliefs: Mapping[str, Belief], board: Board) -> Iterable[Change]:
    windows, now = state.windows, board.now
    for watched in topology.values():
        held = state.components.get(watched.id)
        if held is None:
            continue
        if watched.is_manual:
            found = _by_hand(state, held, windows, now)
        else:
            found = _as_found(state, watched, held, beliefs, windows, board)
        if found is not None and found.new is not held.status:
            yield found


def _by_hand(state: State, held: Held, windows: Sequence[Window], now: datetime) -> Change | None:
    """A component without checks is what people say; planned work shows while nobody says anything worse."""
    said = state.overrides.get(held.component)
    if said is not None:
        return Change(held.component, held.status, said.status, now)
    base = Status.OPERATIONAL if held.status is Status.MAINTENANCE else held.status
    return Change(held.component, held.status, masked(held.component, base, held.since, windows, now), now)


def _as_found(
    state: State,
    watched: Watched,
    held: Held,
    beliefs: Mapping[str, Belief],
    windows: Sequence[Window],
    board: Board,
) -> Change | None:
    """The worst of what checks and routes say, unless a person said otherwise; its time is the back-dated one."""
    now, not_before = board.now, board.watching_since
    said = state.overrides.get(watched.id)
    if said is not None:
        return Change(watched.id, held.status, said.status, now)
    voices = [*_by_checks(watched, beliefs), *served_by(watched.id, board)]
    if not voices:
        return None
    found = worst([each.status for each in voices])
    since = min(max(each.since for each in voices if each.status is found), now)
    shown = masked(watched.id, found, since, windows, now)
    begins = now if Status.MAINTENANCE in (shown, held.status) else max(since, held.since, not_before)
    # A time in the future is left over from a clock that was moved back.
    return Change(watched.id, held.status, shown, min(begins, now))


def _by_checks(watched: Watched, beliefs: Mapping[str, Belief]) -> Iterable[Served]:
    spoken_for = [beliefs[check] for check in watched.checks if check in beliefs]
    if spoken_for:
        status = component_status([belief.verdict for belief in spoken_for])
        yield Served(status, max(belief.since for belief in spoken_for))


def _check_event(move: VerdictChange, now: datetime) -> JournalEvent:
    belief = move.belief
    data: dict[str, Json] = {
        "agent": belief.agent,
        "from": move.old.value,
        "to": belief.verdict.value,
        "since": belief.since.isoformat(),
        "reason": belief.reason.value if belief.reason else None,
        "stage": belief.stage,
    }
    return JournalEvent("check.changed", belief.check, now, data)


def _component_event(change: Change, topology: Topology, statuses: Mapping[str, Status], now: datetime) -> JournalEvent:
    causes = root_causes(change.component, topology, statuses) if change.new in IN_TROUBLE else ()
    return component_event(change, now, now, root_causes=causes)


def adopt(state: State, site: Site, now: datetime) -> Decision:
    """Publish a configuration: components appear, leave into the archive, or come back with their history.

    Empty when nothing differs from what is published already. Raises Refused for one without the present provider
    of a route.
    """
    if state.site == site:
        return Decision()
    _refuse_lost_providers(state, site)
    before = {each.id for each in state.site.components} if state.site else set()
    wanted = {each.id for each in site.components}
    known = state.components
    created = tuple(
        Held(each.id, _first_status(site, each.id), now, created_at=now)
        for each in site.components
        if each.id not in known
    )
    archived = tuple(sorted(before - wanted))
    revived = tuple(sorted(name for name in wanted - before if name in known))
    # What no check speaks for any more is what people say it is, and begins well.
    left_alone = tuple(
        Change(each.id, known[each.id].status, Status.OPERATIONAL, now)
        for each in site.components
        if site.is_manual(each.id) and _was_watched(state, each.id) and known[each.id].status is not Status.OPERATIONAL
    )
    data: dict[str, Json] = {
        "created": [each.component for each in created],
        "archived": list(archived),
        "revived": list(revived),
    }
    return Decision(
        changes=left_alone,
        events=(JournalEvent("config.published", "site", now, data),),
        routes=tuple(_returned(state, site, now)),
        site=site,
        created=created,
        archived=archived,
        revived=revived,
    )


def _was_watched(state: State, component: str) -> bool:
    site = state.site
    return site is not None and component in state.components and not site.is_manual(component)


def _first_status(site: Site, component: str) -> Status:
    """A component nobody has looked at yet is unknown; one without checks and route is what people say it is."""
    return Status.OPERATIONAL if site.is_manual(component) else Status.UNKNOWN


def _refuse_lost_providers(state: State, site: Site) -> None:
    """A route keeps the providers that its clients are on."""
    for route in site.switchboard.routes:
        present = state.routes.get(route.id)
        if present is None or _is_new(state, route.id):
            continue
        places = [present.provider, *([present.rollout.to] if present.rollout is not None else [])]
        for place in places:
            if place != LIMITED and place not in route.providers:
                problem = f'does not name "{place}" any more, where clients are now: move it away first'
                raise Refused(f"route[{route.id}].prefer", problem)


def _is_new(state: State, route: str) -> bool:
    """Whether the published configuration has no such route: it may have been there before that."""
    return state.site is None or state.site.switchboard.route(route) is None


def _returned(state: State, site: Site, now: datetime) -> Iterable[RouteState]:
    """The routes that come back into the configuration: they begin anew, with the next epoch."""
    for route in site.switchboard.routes:
        present = state.routes.get(route.id)
        if present is not None and _is_new(state, route.id):
            yield replace(first_state(route, now), epoch=present.epoch + 1)


def resume(last_sign_of_life: datetime | None, now: datetime) -> Decision:
    """What a monitor writes when it starts: the time in which nobody looked becomes one neutral gap."""
    return _gap("started", last_sign_of_life, now)


def stalled(since: datetime, now: datetime) -> Decision:
    """What a monitor writes that stood still: nobody looked then either."""
    return _gap("stalled", since, now)


def _gap(kind: str, since: datetime | None, now: datetime) -> Decision:
    if since is None or since >= now:
        return Decision()
    event = JournalEvent(f"monitor.{kind}", "monitor", now, {"gap_from": since.isoformat()})
    return Decision(events=(event,), gap=(since, now))


def monitor_event(kind: str, agent: str, now: datetime, data: Mapping[str, Json] | None = None) -> Decision:
    """An event of the monitor itself, of which people are told: it went blind or sees, decides no more or again."""
    told = Telling("monitor", (), now, {"agent": agent}, dict(data or {}))
    return Decision(events=(JournalEvent(f"monitor.{kind}", agent, now, data or {}, told),))
