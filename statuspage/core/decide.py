"""Folds them all: what is held, what is believed, the time → one Decision.

Every function here is pure and total. The store calls it inside the deciding transaction, so that what it
reads is what is true at that moment, for the monitor as for anybody else who writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.detection import EPOCH, Belief, Verdict
from statuspage.core.maintenance import masked
from statuspage.core.site import Site
from statuspage.core.state import Change, Decision, Held, JournalEvent, Json, State
from statuspage.core.status import Status
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
    return {each.id: Watched(each.id, each.checks, each.needs) for each in site.components}


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
) -> Decision:
    """What the present beliefs (by check id) mean for the components, and the events that tell of it.

    `moves` are the verdicts that changed since the last decision: each becomes a journal event, and its
    belief is stored with the change that it causes. No component's state is back-dated to before
    `not_before`: a stretch in which nobody looked stays unknown.
    """
    topology = topology_of(state.site) if state.site else {}
    changes = tuple(_changes(state, topology, beliefs, now, not_before))
    statuses = {name: held.status for name, held in state.components.items()}
    statuses.update({change.component: change.new for change in changes})
    events = [_check_event(move, now) for move in moves]
    events += [_component_event(change, topology, statuses, now) for change in changes]
    return Decision(changes=changes, beliefs=tuple(move.belief for move in moves), events=tuple(events))


def _changes(
    state: State, topology: Topology, beliefs: Mapping[str, Belief], now: datetime, not_before: datetime
) -> Iterable[Change]:
    for watched in topology.values():
        held = state.components.get(watched.id)
        spoken_for = [beliefs[check] for check in watched.checks if check in beliefs]
        if held is None or not watched.checks or not spoken_for:
            continue
        found = component_status([belief.verdict for belief in spoken_for])
        since = min(max(belief.since for belief in spoken_for), now)
        shown = masked(watched.id, found, since, state.windows, now)
        if shown is not held.status:
            begins = now if Status.MAINTENANCE in (shown, held.status) else max(since, held.since, not_before)
            # A time in the future is left over from a clock that was moved back.
            yield Change(watched.id, held.status, shown, min(begins, now))


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
    data: dict[str, Json] = {
        "from": change.old.value,
        "to": change.new.value,
        "since": change.since.isoformat(),
    }
    if change.new in IN_TROUBLE:
        data["root_causes"] = list(root_causes(change.component, topology, statuses))
    return JournalEvent("component.updated", change.component, now, data)


def adopt(state: State, site: Site, now: datetime) -> Decision:
    """Publish a configuration: components appear, leave into the archive, or come back with their history.

    Empty when nothing differs from what is published already.
    """
    if state.site == site:
        return Decision()
    before = {each.id for each in state.site.components} if state.site else set()
    wanted = {each.id for each in site.components}
    known = state.components
    created = tuple(
        Held(each.id, _first_status(each.checks), now, created_at=now)
        for each in site.components
        if each.id not in known
    )
    archived = tuple(sorted(before - wanted))
    revived = tuple(sorted(name for name in wanted - before if name in known))
    # What no check speaks for any more is what people say it is, and begins well.
    left_alone = tuple(
        Change(each.id, known[each.id].status, Status.OPERATIONAL, now)
        for each in site.components
        if not each.checks and _had_checks(state, each.id) and known[each.id].status is not Status.OPERATIONAL
    )
    data: dict[str, Json] = {
        "created": [each.component for each in created],
        "archived": list(archived),
        "revived": list(revived),
    }
    return Decision(
        changes=left_alone,
        events=(JournalEvent("config.published", "site", now, data),),
        site=site,
        created=created,
        archived=archived,
        revived=revived,
    )


def _had_checks(state: State, component: str) -> bool:
    before = state.site.component(component) if state.site else None
    return before is not None and bool(before.checks) and component in state.components


def _first_status(checks: tuple[str, ...]) -> Status:
    """A component nobody has looked at yet is unknown; one without checks is what people say it is."""
    return Status.UNKNOWN if checks else Status.OPERATIONAL


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
    """An event of the monitor itself: it went blind, came to its senses, stood still."""
    return Decision(events=(JournalEvent(f"monitor.{kind}", agent, now, data or {}),))
