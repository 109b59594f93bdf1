"""What people are told when routes move: an update of the incident that it belongs to, at once.

In an incident that a person has touched the text is left to them. The route's own line on the page is published in
any case, and needs no incident.
"""

from collections.abc import Sequence

from statuspage.core.failover import Moved
from statuspage.core.incident import Incident, IncidentState
from statuspage.core.message import Turn
from statuspage.core.route_words import route_sentences
from statuspage.core.saying import offer, say
from statuspage.core.seeing import Doings, Seen


def tell_moves(seen: Seen, done: Doings) -> None:
    """Say what moved at this moment in every open incident that it concerns. One that begins now tells it itself."""
    for incident_id in seen.state.incidents:
        incident, was_open = done.known(seen)[incident_id], seen.state.incidents[incident_id].is_open
        if incident.is_open and was_open and incident.causes:
            mine = [each for each in seen.moves if _concerns(seen, incident, each)]
            if mine:
                _tell(seen, done, incident, mine)
    _tell_returns(seen, done)


def _tell_returns(seen: Seen, done: Doings) -> None:
    """A route that comes home after its incident is over: that is told there, and opens nothing again."""
    board = seen.site.switchboard
    for each in seen.moves:
        left = each.before.origin
        provider = board.provider(left) if left is not None and each.after.origin is None else None
        if provider is None:
            continue
        over = [one for one in done.known(seen).values() if provider.component in one.causes and one.is_public]
        newest = max(over, key=lambda one: one.started_at, default=None)
        if newest is not None and newest.state is IncidentState.RESOLVED and newest.touched_by is None:
            sentences = route_sentences(seen.site, [each.after])
            say(seen, done, newest, newest, Turn.MOVED, IncidentState.RESOLVED, newest.causes[0], sentences)


def _concerns(seen: Seen, incident: Incident, moved: Moved) -> bool:
    board = seen.site.switchboard
    route = board.route(moved.after.route)
    left = (moved.before.provider, moved.before.origin, moved.after.origin)
    causes = {each.component for each in board.providers if each.id in left}
    return bool(causes & set(incident.causes)) or (route is not None and route.component in incident.components)


def _tell(seen: Seen, done: Doings, incident: Incident, moves: Sequence[Moved]) -> None:
    sentences = route_sentences(seen.site, [each.after for each in moves])
    cause = incident.causes[0]
    to = IncidentState.MONITORING if incident.state is IncidentState.MONITORING else IncidentState.IDENTIFIED
    if incident.touched_by is not None:
        offer(seen, done, incident, incident, Turn.MOVED, to, cause, sentences)
    elif incident.is_public:
        say(seen, done, incident, incident, Turn.MOVED, to, cause, sentences)
    else:  # nobody has heard of it yet: its first word tells where things stand
        say(seen, done, incident, incident, Turn.OPENED, incident.state, cause)
