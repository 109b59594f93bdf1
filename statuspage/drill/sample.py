"""The day that this product exists for, as a page: 13 September 2021 at an events platform, in words of our own.

Facts and times (EDT, UTC−4) are those that the platform published. It is put into the history as it was told then:
nothing of it touches what the demo measures now.
"""

from datetime import UTC, datetime, timedelta, timezone

from statuspage.core.incident import ComponentChange, Impact, Incident, IncidentState, Postmortem, Update
from statuspage.core.site import public_id
from statuspage.core.state import Decision, JournalEvent, State
from statuspage.core.status import Status

NAME = "sep13"
ZONE = "America/New_York"
COMPONENT = "firebase-web-sockets"
INCIDENT = public_id("incident", "sample/sep13")
STAFF = "platform team"
EDT = timezone(timedelta(hours=-4))

_POSTS = (
    (
        "09:45",
        IncidentState.INVESTIGATING,
        Status.DEGRADED,
        "Firebase adds room for new socket connections too slowly for the number of people who are arriving. We are "
        "looking into it together with Google.",
    ),
    (
        "10:55",
        IncidentState.IDENTIFIED,
        Status.MAJOR,
        "Connections are slow because of Firebase. The alternative, Native WebSockets, is being put in place; once it "
        "is there, companies can choose it under **Company > Tools**. We are also changing what people see while "
        "Firebase does not answer.\n\nChat may be offline. Video and streaming work.",
    ),
    (
        "11:45",
        IncidentState.IDENTIFIED,
        Status.MAJOR,
        "A Redis instance that scales by itself could not hand its load on; it is repaired. (Redis takes fast writes "
        "before they reach the SQL database.)\n\nStill affected: Firebase Web Sockets, and with them live chat in the "
        "Virtual Lobby.",
    ),
    (
        "13:07",
        IncidentState.MONITORING,
        Status.DEGRADED,
        "Everything that helps for the moment is in place: sockets that connect too slowly now give up after a time "
        "limit, and Redis is no longer one single connection.\n\nOn Firebase, chat stays limited until each instance "
        "has local connections of its own, next week. A lasting answer for Redis follows by the end of this week.",
    ),
    ("17:15", IncidentState.RESOLVED, Status.OPERATIONAL, "Connections come up as usual. This incident is over."),
)

_POSTMORTEM = """\
### What happened

Two providers carry everything that is live on the platform: Google Firebase (Realtime Database) and our own Native \
WebSockets. A large number of people connected at the same moment and brought both to a halt: Firebase could not grow \
fast enough, and the native servers could not hold the load either. People saw a "Connecting" notice that never went \
away. Under the same load the caching server, Redis, clogged, and with it the whole platform and its backend went \
offline. Only the landing page and the login page stayed up.

### What was affected

News feed, inbox, session chat, session Q&A, networking, creation of group rooms, invitations, push notifications, \
live updates of session settings, and networking roulette.

### What we did

- **Native WebSockets** were scaled by hand. Scaling by itself follows.
- **Firebase** has no fix yet. Splitting it by module (chat, Q&A and so on) will be tried. It has no replicas, so \
events of more than 5,000 people should use Native WebSockets.
- **Redis**: a temporary workload stands in for the caching server.

When a realtime connection fails, the Virtual Lobby goes on working in a limited way: without chat, Q&A and the \
modules above.

### What we promise for this week

The backend and the Virtual Lobby stay up, even while realtime is limited. We will write again when both providers \
carry large events.
"""


def sep13(state: State) -> Decision:
    """The incident with its five posts and its postmortem. Empty when it is there already."""
    if INCIDENT in state.incidents:
        return Decision()
    updates = tuple(_updates())
    learned = _at("17:33")
    incident = Incident(
        id=INCIDENT,
        title="Slow web socket connection",
        started_at=updates[0].display_at,
        created_at=updates[0].display_at,
        updated_at=learned,
        by=STAFF,
        components=(COMPONENT,),
        updates=updates,
        impact=Impact.CRITICAL,
        touched_by=STAFF,
        touched_at=updates[-1].display_at,
        postmortem=Postmortem(body=_POSTMORTEM, by=STAFF, written_at=learned, published_at=learned),
    )
    kinds = ("incident.created", "incident.updated", "incident.updated", "incident.updated", "incident.resolved")
    events = tuple(
        JournalEvent(kind, INCIDENT, update.display_at, {"by": STAFF, "title": incident.title, "state": update.state})
        for kind, update in zip(kinds, updates, strict=True)
    )
    last = JournalEvent("incident.postmortem", INCIDENT, learned, {"by": STAFF, "title": incident.title})
    return Decision(incidents=(incident,), events=(*events, last))


def _updates() -> list[Update]:
    found, before = [], Status.OPERATIONAL
    for time, state, status, body in _POSTS:
        at = _at(time)
        changes = () if status is before else (ComponentChange(COMPONENT, before, status),)
        found.append(
            Update(
                id=public_id("update", f"sample/sep13/{time}"),
                state=state.value,
                body=body,
                display_at=at,
                written_at=at,
                by=STAFF,
                changes=changes,
                published_at=at,
            )
        )
        before = status
    return found


def _at(time: str) -> datetime:
    hour, minute = (int(part) for part in time.split(":"))
    return datetime(2021, 9, 13, hour, minute, tzinfo=EDT).astimezone(UTC)
