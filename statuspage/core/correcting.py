"""What people say against the checks: a component's status until a given time, and what the past really was."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from statuspage.core.events import component_event, person_event
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.state import Change, Decision, Held, JournalEvent, Override, Repaint, State
from statuspage.core.status import Status
from statuspage.core.typed import one_line, past, site_of

LONGEST = timedelta(days=30)
MAX_REASON = 500


def override(
    state: State, component: str, status: Status, until: datetime, reason: str, by: str, now: datetime
) -> Decision:
    """Show this status, whatever the checks say, until `until` (UTC, at most 30 days ahead)."""
    held = _held(state, component)
    if status is Status.UNKNOWN:
        raise Refused("status", "cannot be set to unknown")
    if until <= now:
        raise Refused("until", "lies in the past")
    if until > now + LONGEST:
        raise Refused("until", f"must be within {LONGEST.days} days: what is longer belongs into the configuration")
    said = _reason(reason)
    changes = () if held.status is status else (Change(component, held.status, status, now),)
    data = {"status": status.value, "was": held.status.value, "until": until.isoformat(), "reason": said}
    return Decision(
        changes=changes,
        overrides=(Override(component, status, by, now, until, None, said),),
        events=(person_event("component.overridden", component, by, now, data), *_told(changes, by, now)),
    )


def release(state: State, component: str, by: str, now: datetime) -> Decision:
    """End an override: the checks speak again with the next decision; what has none is operational."""
    held = _held(state, component)
    if component not in state.overrides:
        raise Refused("component", "has no override")
    changes = tuple(_back_to_well(state, held, now))
    return Decision(
        changes=changes,
        cleared=(component,),
        events=(person_event("component.released", component, by, now), *_told(changes, by, now)),
    )


def run_out(state: State, held: dict[str, Held], now: datetime) -> Decision:
    """The overrides whose time is over."""
    gone = [each for each in state.overrides.values() if not each.holds(now) and each.component in held]
    changes = [change for each in gone for change in _back_to_well(state, held[each.component], now)]
    events = [person_event("component.released", each.component, "robot", now, {"set_by": each.by}) for each in gone]
    return Decision(changes=tuple(changes), cleared=tuple(each.component for each in gone), events=tuple(events))


def _told(changes: Sequence[Change], by: str, now: datetime) -> list[JournalEvent]:
    return [component_event(change, now, now, by=by) for change in changes]


def _back_to_well(state: State, held: Held, now: datetime) -> list[Change]:
    if not site_of(state).is_manual(held.component) or held.status in (Status.OPERATIONAL, Status.MAINTENANCE):
        return []
    return [Change(held.component, held.status, Status.OPERATIONAL, now)]


def reclassify(
    state: State,
    component: str,
    started: datetime,
    ended: datetime,
    status: Status,
    reason: str,
    by: str,
    now: datetime,
) -> Decision:
    """Say what [started, ended) of a component's past really was. Uptime is worked out anew; the reason is kept."""
    held = _held(state, component)
    begins, ends = past("started", started, now), past("ended", ended, now)
    if ends <= begins:
        raise Refused("ended", "must be after started")
    if held.created_at is not None and begins < held.created_at:
        raise Refused("started", f"lies before the component's own beginning, {held.created_at.isoformat()}")
    said = _reason(reason)
    data = {"from": begins.isoformat(), "to": ends.isoformat(), "status": status.value, "reason": said}
    return Decision(
        repaints=(Repaint(component, status, begins, ends),),
        events=(person_event("history.reclassified", component, by, now, data),),
    )


def _held(state: State, component: str) -> Held:
    held, site = state.components.get(component), site_of(state)
    if held is None or site.component(component) is None:
        raise NotThere("component", component)
    return held


def _reason(text: str) -> str:
    said = one_line(text)
    if not said:
        raise Refused("reason", "must not be empty: others will ask")
    if len(said) > MAX_REASON:
        raise Refused("reason", f"must have at most {MAX_REASON} characters")
    return said
