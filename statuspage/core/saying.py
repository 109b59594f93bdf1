"""How the robot says something: published at once, kept as the draft that its policy asks for, or offered to a person.

Of its drafts one waits at most, the newest. An offer that a person turned down is not made again before they said
something else themselves.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from statuspage.core.affected import changes, told
from statuspage.core.events import incident_event, incident_events
from statuspage.core.incident import ROBOT, Incident, IncidentState, Update, impact_of, worse
from statuspage.core.message import Turn, body
from statuspage.core.policy import AUTO, publish_at
from statuspage.core.seeing import Doings, Seen
from statuspage.core.status import worst
from statuspage.core.unwatched import set_as_said

_AT_WORK = (IncidentState.INVESTIGATING, IncidentState.IDENTIFIED)


def say(
    seen: Seen,
    done: Doings,
    before: Incident | None,
    incident: Incident,
    turn: Turn,
    to: IncidentState,
    cause: str,
    displaced: Sequence[str] | None = None,
) -> None:
    """Publish an update of an incident that is the robot's own, or put it in the place of the draft that waits.

    `displaced` are the sentences about routes, where they are not those of all that are away. Of those nobody has
    heard before an incident is public.
    """
    news = displaced if incident.is_public else None
    update, waiting = _update(seen, incident, turn, to, cause, news), draft_of_robot(incident)
    if not incident.is_public and (incident.publish != AUTO or to not in _AT_WORK):
        _keep_draft(seen, done, before, incident, update, waiting)
        return
    published = replace(update, id=waiting.id if waiting else update.id, published_at=seen.now, published_by=ROBOT)
    commit(seen, done, before, incident.with_update(published), published)


def draft_of_robot(incident: Incident) -> Update | None:
    """The robot's draft that waits."""
    return next((draft for draft in incident.drafts if draft.by == ROBOT), None)


def _keep_draft(
    seen: Seen, done: Doings, before: Incident | None, incident: Incident, update: Update, waiting: Update | None
) -> None:
    begins = waiting is None or (before is not None and before.over_at is not None)
    ends = update.state == IncidentState.RESOLVED
    due = None if ends else publish_at(incident, None if begins else waiting, seen.now)
    draft = replace(update, id=waiting.id if waiting else update.id, publish_at=due)
    kept = _taken_in(seen, replace(incident.with_update(draft), over_at=seen.now if ends else None), draft)
    done.incidents[kept.id] = kept
    kind = "draft.over" if ends else ("draft.waiting" if begins else "draft.changed")
    not_before = None if kind == "draft.changed" else seen.now
    done.events.append(incident_event(kind, kept, draft, seen.site, seen.now, not_before))


def offer(
    seen: Seen,
    done: Doings,
    before: Incident,
    incident: Incident,
    turn: Turn,
    to: IncidentState,
    cause: str,
    displaced: Sequence[str] | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Leave what the robot would say to the person whose incident it is. `incident` has the evidence of it.

    `quiet`: that person knows already, nobody is woken up for it.
    """
    draft, waiting = _update(seen, incident, turn, to, cause, displaced), draft_of_robot(incident)
    if any(_is_turned_down(each, before) and _says_the_same(each, draft) for each in before.updates):
        take_offer_back(seen, done, before)
        return
    if waiting is not None and (_says_the_same(waiting, draft) or _says_more(waiting, draft)):
        return
    left = incident.with_update(replace(draft, id=waiting.id) if waiting is not None else draft)
    done.incidents[left.id] = replace(left, updated_at=seen.now)
    is_news = waiting is None or waiting.state != draft.state
    kind, not_before = ("draft.waiting", seen.now) if is_news else ("draft.changed", None)
    done.events.append(incident_event(kind, left, draft, seen.site, seen.now, not_before, quiet=quiet))


def take_offer_back(seen: Seen, done: Doings, incident: Incident) -> None:
    """Remove an offer that is no longer true. The first word of an incident is no offer: a person decides on it.

    An offer in what is over paged for it: that page ends here. In what goes on the alert is the incident's own.
    """
    waiting = draft_of_robot(incident)
    if waiting is None or not incident.is_public or waiting.keeps:
        return
    left = tuple(update for update in incident.updates if update.id != waiting.id)
    done.incidents[incident.id] = replace(incident, updates=left, updated_at=seen.now)
    kind, not_before = ("draft.taken_back", None) if incident.is_open else ("draft.over", seen.now)
    done.events.append(incident_event(kind, incident, waiting, seen.site, seen.now, not_before))


def _says_the_same(one: Update, other: Update) -> bool:
    if one.keeps and one.body != other.body:
        return False  # another move
    return (one.state, one.changes, one.keeps) == (other.state, other.changes, other.keeps)


def _says_more(waiting: Update, draft: Update) -> bool:
    """Whether what waits tells of a move besides all that the other one says."""
    goes_on = draft.state in _AT_WORK and waiting.state in _AT_WORK
    return waiting.keeps and not draft.keeps and goes_on and set(draft.changes) <= set(waiting.changes)


def _is_turned_down(update: Update, incident: Incident) -> bool:
    """Whether a person turned it down and has said nothing since."""
    if update.by != ROBOT or update.withdrawn_at is None or incident.touched_at is None:
        return False
    return update.withdrawn_at >= incident.touched_at


def commit(seen: Seen, done: Doings, before: Incident | None, incident: Incident, update: Update) -> None:
    """What follows from an update of the incident that is published now."""
    after = _taken_in(seen, incident, update)
    done.incidents[after.id] = after
    done.events.extend(incident_events(before, after, update, seen.site, seen.now, seen.now))
    for change in update.changes:
        set_as_said(seen, done, after, change.component, change.new)


def _taken_in(seen: Seen, incident: Incident, update: Update) -> Incident:
    names = [change.component for change in update.changes]
    return replace(
        incident,
        updated_at=seen.now,
        components=tuple(dict.fromkeys((*incident.components, *names))),
        impact=worse(incident.impact, impact_of(worst(change.new for change in update.changes))),
    )


def _update(
    seen: Seen, incident: Incident, turn: Turn, to: IncidentState, cause: str, displaced: Sequence[str] | None
) -> Update:
    next_by = seen.now + seen.site.times.next_update if to.is_open else None
    words = told(seen, incident.causes, cause, next_by)
    if displaced is not None:
        words = replace(words, displaced=displaced)
    return Update(
        id=incident.unused_id(f"{ROBOT}/{turn}/{seen.now.isoformat()}"),
        state=to.value,
        body=body(turn, words, spoken(seen.site.times.resolve_after)),
        display_at=said_at(incident.published, seen.now),
        written_at=seen.now,
        by=ROBOT,
        changes=changes(seen, incident, to),
        next_by=next_by,
        spared=tuple(words.still_work),
        keeps=turn is Turn.MOVED,
    )


def said_at(published: Sequence[Update], now: datetime) -> datetime:
    """The time to show for what is said now: never before what was said, for a clock may have been moved back."""
    return max([now, *(update.display_at for update in published)])


def spoken(length: timedelta) -> str:
    """`5 minutes`, `90 seconds`."""
    seconds = int(length.total_seconds())
    whole, unit = (seconds // 60, "minute") if seconds >= 60 and seconds % 60 == 0 else (seconds, "second")
    return f"{whole} {unit}{'' if whole == 1 else 's'}"
