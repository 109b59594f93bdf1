"""What the robot does with incidents: it opens, joins and reopens them, and keeps up with those that go on.

It runs with every decision, from what is held and believed at that moment, and is a fixed point: run again with
nothing changed it does nothing. Of an incident that a person has touched it changes nothing; what it would have
said it leaves as one draft, which its next word replaces.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from statuspage.core.affected import causes_of_trouble, last_statuses, told, with_evidence
from statuspage.core.following import at_work, keep_up
from statuspage.core.incident import ROBOT, Incident, IncidentState, impact_of, worse
from statuspage.core.message import Turn, title
from statuspage.core.modules import lingers
from statuspage.core.moving import tell_moves
from statuspage.core.policy import strictest, wait_of
from statuspage.core.saying import offer, say, take_offer_back
from statuspage.core.seeing import Doings, Seen
from statuspage.core.site import public_id
from statuspage.core.status import Status
from statuspage.core.topology import IN_TROUBLE

__all__ = ["Doings", "Seen", "automatic"]


def automatic(seen: Seen) -> Doings:
    """Everything the robot does at this moment."""
    done = Doings()
    for incident_id in seen.state.incidents:
        keep_up(seen, done, incident_id)
    spoken_for = _spoken_for(seen, done)
    explained = spoken_for | _still_felt(seen, done)
    causes = [cause for cause in causes_of_trouble(seen, spoken_for) if cause not in explained]
    fresh = [cause for cause in causes if _is_fresh(seen, done, cause)]
    if fresh:
        _take_up(seen, done, fresh)
    tell_moves(seen, done)
    for incident in done.known(seen).values():
        _drop_what_is_not_so(seen, done, incident)
    return done


def _spoken_for(seen: Seen, done: Doings) -> frozenset[str]:
    """The components of which a person's open incident says already that they are in trouble."""
    theirs = (each for each in done.known(seen).values() if each.touched_by and each.is_public and each.is_open)
    return frozenset(name for each in theirs for name, said in last_statuses(each).items() if said in IN_TROUBLE)


def _still_felt(seen: Seen, done: Doings) -> frozenset[str]:
    """The modules that are limited or on their way because of an incident that tells of them: theirs is no other."""
    going = (each for each in done.known(seen).values() if each.is_open)
    named = (name for each in going for name in each.components if name not in each.causes)
    return frozenset(name for name in named if seen.board is not None and lingers(name, seen.board))


def _is_fresh(seen: Seen, done: Doings, cause: str) -> bool:
    """Whether this trouble has lasted and is no incident's yet. What had one just now gets it again."""
    mine = [each for each in done.known(seen).values() if cause in each.causes]
    if any(each.is_open for each in mine):
        return False
    if seen.lasts(seen.since(cause)) < _due(seen, cause):
        return False
    last = max(mine, key=_ended, default=None)
    if last is None or not _is_the_same_again(seen, last, cause):
        return True
    _reopen(seen, done, last, cause)
    return False


def _due(seen: Seen, cause: str) -> timedelta:
    times = seen.site.times
    return times.slow_after if seen.status(cause) is Status.DEGRADED else times.incident_after


def _ended(incident: Incident) -> datetime:
    return incident.resolved_at or incident.over_at or incident.dismissed_at or incident.updated_at


def _is_the_same_again(seen: Seen, last: Incident, cause: str) -> bool:
    """It never ended (a person said that it had), or it came back soon after its end.

    What a person called no incident is none for as long as it lasts and gets no worse. What was learned from is
    closed for good.
    """
    if last.dismissed_at is not None and last.touched_by is not None:
        worst_yet = worse(last.impact, impact_of(seen.status(cause))) is last.impact
        return last.over_at is None and worst_yet
    if last.state is IncidentState.POSTMORTEM:
        return False
    return seen.since(cause) - _ended(last) < seen.site.times.reopen_within


def _reopen(seen: Seen, done: Doings, last: Incident, cause: str) -> None:
    if last.dismissed_at is not None and last.touched_by is not None:
        return
    to = IncidentState.INVESTIGATING
    found = with_evidence(seen, last, [cause])
    if last.touched_by is not None or _needs_a_person(last):
        offer(seen, done, last, found, Turn.REOPENED, to, cause, quiet=_is_known(seen, last, cause))
        return
    taken = {each for other in done.known(seen).values() if other.is_open for each in other.causes}
    mine = (cause, *(each for each in last.causes if each != cause and each not in taken))
    again = replace(found, causes=mine, over_at=None, dismissed_at=None, recovering_since=None)
    say(seen, done, last, again, Turn.REOPENED, to, cause)


def _is_known(seen: Seen, last: Incident, cause: str) -> bool:
    """Whether the trouble was there to be seen when it was called over: whoever did that knows of it."""
    ends = [each.published_at for each in last.published if each.state == IncidentState.RESOLVED and each.published_at]
    return max(ends, default=_ended(last)) - seen.since(cause) >= _due(seen, cause)


def _needs_a_person(incident: Incident) -> bool:
    """Whether a person presses the key before the public hears, of the beginning and of what comes back."""
    return incident.is_public and wait_of(incident.publish) is None


def _take_up(seen: Seen, done: Doings, fresh: Sequence[str]) -> None:
    """Fresh causes join a young incident; those of one policy that find none make one together."""
    joining: dict[str, list[str]] = {}
    opening: dict[str, list[str]] = {}
    for cause in fresh:
        young = [each for each in done.known(seen).values() if _may_be_joined(seen, each, cause)]
        if young:
            joining.setdefault(max(young, key=lambda each: each.created_at).id, []).append(cause)
        else:
            opening.setdefault(strictest(seen.site, [cause]), []).append(cause)
    for incident_id, causes in joining.items():
        _join(seen, done, done.known(seen)[incident_id], causes)
    for causes in opening.values():
        _open(seen, done, causes)


def _may_be_joined(seen: Seen, incident: Incident, cause: str) -> bool:
    """Whether a cause may join: one that waits for a person must not hold back the others, nor be told with them."""
    young = seen.now - incident.created_at < seen.site.times.merge_within
    allowed = strictest(seen.site, [cause]) == incident.publish
    return bool(incident.causes) and incident.is_open and incident.touched_by is None and young and allowed


def _join(seen: Seen, done: Doings, incident: Incident, causes: Sequence[str]) -> None:
    joined = replace(incident, causes=(*incident.causes, *causes), recovering_since=None)
    joined = with_evidence(seen, replace(joined, publish=strictest(seen.site, joined.causes)), causes)
    first = seen.in_trouble(joined.causes)[0]
    say(seen, done, incident, joined, Turn.WIDENED, at_work(incident), first, displaced=())


def _open(seen: Seen, done: Doings, causes: Sequence[str]) -> None:
    site, now, first = seen.site, seen.now, causes[0]
    # What ended at this very moment may have begun in it too.
    tried = (public_id("incident", f"{ROBOT}/{first}/{now.isoformat()}/{n}") for n in count())
    incident = Incident(
        id=next(each for each in tried if each not in done.known(seen)),
        title=title(told(seen, causes, first, now + site.times.next_update)),
        started_at=seen.since(first),
        created_at=now,
        updated_at=now,
        by=ROBOT,
        causes=tuple(causes),
        publish=strictest(site, causes),
    )
    found = with_evidence(seen, incident, causes)
    say(seen, done, None, found, Turn.OPENED, IncidentState.INVESTIGATING, first)


def _drop_what_is_not_so(seen: Seen, done: Doings, incident: Incident) -> None:
    """An offer to reopen ends with the trouble, or when another incident tells of it."""
    is_theirs = incident.touched_by is not None or _needs_a_person(incident)
    if incident.is_open or not incident.is_public or not is_theirs:
        return
    taken = {each for other in done.known(seen).values() if other.is_open for each in other.causes}
    again = [cause for cause in seen.in_trouble(incident.causes) if cause not in taken]
    if not any(_is_the_same_again(seen, incident, cause) for cause in again):
        take_offer_back(seen, done, incident)
