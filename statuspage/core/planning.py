"""Planned work: what people do with a maintenance, and how the robot begins and completes it at its times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from statuspage.core.events import maintenance_event, person_event
from statuspage.core.incident import ROBOT, ComponentChange, Update
from statuspage.core.maintenance import TABLE, Maintenance, MaintenanceState
from statuspage.core.posting import id_of
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.site import Site, public_id
from statuspage.core.state import Decision, JournalEvent, State
from statuspage.core.status import Status
from statuspage.core.typed import body as clean_body
from statuspage.core.typed import past, site_of, title

LONGEST = timedelta(days=30)
FURTHEST = timedelta(days=730)

_KINDS = {
    MaintenanceState.IN_PROGRESS: "maintenance.started",
    MaintenanceState.COMPLETED: "maintenance.completed",
    MaintenanceState.CANCELLED: "maintenance.cancelled",
}
_WORDS = {
    MaintenanceState.IN_PROGRESS: "The planned work has begun. We will say here when it ends.",
    MaintenanceState.COMPLETED: "The planned work is done.",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Planned work as a person enters it: [starts, ends) in UTC. `key` makes a repeat harmless."""

    title: str
    starts: datetime
    ends: datetime
    components: Sequence[str]
    body: str = ""
    automatic: bool = True
    tell: bool = True
    key: str | None = None


def plan_maintenance(state: State, plan: Plan, by: str, now: datetime) -> Decision:
    """Announce planned work."""
    site = site_of(state)
    maintenance_id = id_of("maintenance", by, plan.key or now.isoformat())
    if maintenance_id in state.maintenances:
        return Decision()
    _check(site, plan, now)
    text = plan.body.strip() or "We will work on this in the time given."
    update = _update(
        f"{maintenance_id}/plan", MaintenanceState.SCHEDULED, text, by, now, now, plan.components, plan.tell
    )
    maintenance = Maintenance(
        id=maintenance_id,
        title=title(plan.title),
        starts=plan.starts,
        ends=plan.ends,
        components=tuple(dict.fromkeys(plan.components)),
        created_at=now,
        updated_at=now,
        by=by,
        updates=(update,),
        automatic=plan.automatic,
    )
    event = maintenance_event("maintenance.scheduled", maintenance, update, site, now, now + site.times.undo)
    return Decision(maintenances=(maintenance,), events=(event,))


def change_plan(
    state: State, maintenance_id: str, plan: Plan, by: str, now: datetime, version: int | None = None
) -> Decision:
    """Other times, another title, other components: subscribers of the calendar get the change."""
    site, before = site_of(state), find(state, maintenance_id)
    _same(before, version)
    if before.state.is_over:
        raise Refused("maintenance", "is over")
    _check(site, plan, now, starts_may_be_past=before.starts == plan.starts)
    if before.state is not MaintenanceState.SCHEDULED and before.starts != plan.starts:
        raise Refused("starts", "cannot change: it has begun")
    text = plan.body.strip() or "The plan has changed."
    key = f"{before.id}/{now.isoformat()}/{len(before.updates)}"
    update = _update(key, before.state, text, by, now, now, plan.components, plan.tell)
    after = replace(
        before.with_update(update),
        title=title(plan.title),
        starts=plan.starts,
        ends=plan.ends,
        components=tuple(dict.fromkeys(plan.components)),
        automatic=plan.automatic,
        updated_at=now,
        sequence=before.sequence + 1,
    )
    event = maintenance_event("maintenance.updated", after, update, site, now, now + site.times.undo)
    return Decision(maintenances=(after,), events=(event,))


def update_maintenance(
    state: State,
    maintenance_id: str,
    to: str,
    body: str,
    by: str,
    now: datetime,
    *,
    display_at: datetime | None = None,
    tell: bool = True,
    key: str | None = None,
    version: int | None = None,
) -> Decision:
    """Say something about planned work, or move it on. Completing it early ends what it masks."""
    site, before = site_of(state), find(state, maintenance_id)
    new_id = f"{before.id}/{key or f'{now.isoformat()}/{len(before.updates)}'}"
    if before.update(public_id("update", new_id)):
        return Decision()
    _same(before, version)
    if not before.is_public:
        raise Refused("maintenance", "was taken back")
    wanted = _state_named(to)
    if wanted not in TABLE[before.state]:
        raise Refused("state", f"cannot become {wanted.value} after {before.state.value}")
    at = past("display_at", display_at, now)
    text = clean_body(body)
    return _moved(
        site, before, _update(new_id, wanted, text, by, at, now, before.components, tell), now, site.times.undo
    )


def cancel(
    state: State, maintenance_id: str, body: str, by: str, now: datetime, version: int | None = None
) -> Decision:
    """Call planned work off. It stays in the history and in calendars, as cancelled."""
    text = body.strip() or "This work will not take place."
    return update_maintenance(state, maintenance_id, MaintenanceState.CANCELLED.value, text, by, now, version=version)


def withdraw_update(state: State, maintenance_id: str, update_id: str, by: str, now: datetime) -> Decision:
    """Undo within the window: nobody was notified yet. With its announcement planned work leaves the page whole."""
    site, before = site_of(state), find(state, maintenance_id)
    update = before.update(update_id)
    if update is None:
        raise NotThere("update", update_id)
    if update.published_at is None or update.withdrawn_at is not None:
        raise Refused("update", "was taken back already")
    if update.by == ROBOT or now >= update.published_at + site.times.undo:
        raise Refused("update", "is out: post a correction")
    if update.id != [each.id for each in before.updates if each.is_published][-1]:
        raise Refused("update", "was followed by another one: take that back first")
    after = replace(before.with_update(replace(update, withdrawn_at=now)), updated_at=now, sequence=before.sequence + 1)
    event = person_event("maintenance.withdrawn", before.id, by, now, {"update": update_id, "title": before.title})
    return Decision(maintenances=(after,), events=(event,), undone=(update_id,))


def pass_edges(
    maintenances: Sequence[Maintenance], site: Site, now: datetime
) -> tuple[list[Maintenance], list[JournalEvent]]:
    """What the robot does at the times of planned work: begin it, complete it."""
    changed: list[Maintenance] = []
    events: list[JournalEvent] = []
    for before in maintenances:
        present = before
        while (to := _due(present, now)) is not None:
            edge = present.starts if to is MaintenanceState.IN_PROGRESS else present.ends
            # Never before what was said already: the newest word is the one that counts.
            at = max([edge, *(update.display_at for update in present.published)])
            key = f"{present.id}/{ROBOT}/{to}/{at.isoformat()}"
            update = _update(key, to, _WORDS[to], ROBOT, at, now, present.components, tell=True)
            decision = _moved(site, present, update, now, timedelta(0))
            present = decision.maintenances[0]
            events.extend(decision.events)
        if present is not before:
            changed.append(present)
    return changed, events


def _due(maintenance: Maintenance, now: datetime) -> MaintenanceState | None:
    if not maintenance.automatic:
        return None
    state = maintenance.state
    if state is MaintenanceState.SCHEDULED and maintenance.starts <= now:
        return MaintenanceState.IN_PROGRESS
    if state in (MaintenanceState.IN_PROGRESS, MaintenanceState.VERIFYING) and maintenance.ends <= now:
        return MaintenanceState.COMPLETED
    return None


def _moved(site: Site, before: Maintenance, update: Update, now: datetime, undo: timedelta) -> Decision:
    after = replace(before.with_update(update), updated_at=now)
    if after.state is not before.state:
        after = replace(after, sequence=before.sequence + 1)
    kind = _KINDS.get(after.state, "maintenance.updated") if after.state is not before.state else "maintenance.updated"
    return Decision(maintenances=(after,), events=(maintenance_event(kind, after, update, site, now, now + undo),))


def find(state: State, maintenance_id: str) -> Maintenance:
    """The maintenance of that id. Raises NotThere."""
    found = state.maintenances.get(maintenance_id)
    if found is None:
        raise NotThere("maintenance", maintenance_id)
    return found


def _same(maintenance: Maintenance, version: int | None) -> None:
    if version is not None and version != maintenance.version:
        raise Conflict("maintenance", maintenance.id, maintenance.version)


def _check(site: Site, plan: Plan, now: datetime, *, starts_may_be_past: bool = False) -> None:
    if plan.ends <= plan.starts:
        raise Refused("ends", "must be after starts")
    if plan.ends - plan.starts > LONGEST:
        raise Refused("ends", f"must be within {LONGEST.days} days of starts")
    if plan.starts > now + FURTHEST:
        raise Refused("starts", "lies more than two years ahead")
    if plan.ends <= now:
        raise Refused("ends", "lies in the past")
    if plan.starts < now - timedelta(minutes=5) and not starts_may_be_past:
        raise Refused("starts", "lies in the past")
    if not plan.components:
        raise Refused("components", "must name at least one")
    for name in plan.components:
        if site.component(name) is None:
            raise Refused("components", f'there is no component "{name}"')


def _state_named(name: str) -> MaintenanceState:
    try:
        return MaintenanceState(name)
    except ValueError:
        raise Refused("state", f"must be one of {', '.join(MaintenanceState)}") from None


def _update(
    key: str,
    state: MaintenanceState,
    text: str,
    by: str,
    at: datetime,
    now: datetime,
    components: Sequence[str],
    tell: bool,
) -> Update:
    working = state in (MaintenanceState.IN_PROGRESS, MaintenanceState.VERIFYING)
    shown = Status.MAINTENANCE if working else Status.OPERATIONAL
    before = Status.MAINTENANCE if state.is_over or state is MaintenanceState.VERIFYING else Status.OPERATIONAL
    return Update(
        id=public_id("update", key),
        state=state.value,
        body=clean_body(text),
        display_at=at,
        written_at=now,
        by=by,
        changes=tuple(ComponentChange(name, before, shown) for name in dict.fromkeys(components)),
        published_at=now,
        tell=tell,
    )
