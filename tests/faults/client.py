"""An independent client: it posts a script of acts, each under a key, and says what was acknowledged.

It tries an act until it is answered. A client that died is followed by one that repeats the act in doubt under the
same key, as the documentation of keys asks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection

from statuspage.clock import SystemClock
from statuspage.core.posting import Post, id_of, open_incident, post_update
from statuspage.core.state import Decision, State
from statuspage.core.status import Status
from statuspage.store import Store, StoreBusy, open_store

BY = "ana"
CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to post. `incident` is the key that the incident was opened with."""

    key: str
    incident: str
    state: str
    components: dict[str, Status] = field(default_factory=dict)

    @property
    def opens(self) -> bool:
        return self.key == self.incident

    @property
    def incident_id(self) -> str:
        return id_of("incident", BY, self.incident)

    @property
    def update_id(self) -> str:
        return id_of("update", BY, f"{self.incident_id}/{self.key}")

    def post(self) -> Post:
        body = f"What we know as of {self.key}."
        title = f"Incident {self.incident}" if self.opens else None
        return Post(body=body, title=title, state=self.state, components=self.components, key=self.key)


def script(name: str) -> tuple[Act, ...]:
    """Two incidents that overlap and one that is over when it is told of: seven acts, eight messages."""
    chat, video, past = f"{name}/chat", f"{name}/video", f"{name}/past"
    return (
        Act(chat, chat, "investigating", {"chat": Status.PARTIAL}),
        Act(video, video, "identified", {"video": Status.MAJOR}),
        Act(f"{name}/3", chat, "identified", {"chat": Status.DEGRADED}),
        Act(past, past, "resolved"),
        Act(f"{name}/5", video, "monitoring", {"video": Status.DEGRADED}),
        Act(f"{name}/6", chat, "resolved"),
        Act(f"{name}/7", video, "resolved"),
    )


def post_all(url: str, acts: Sequence[Act], said: Connection) -> None:
    """Post them one after the other."""
    store = open_store(url)
    for act in acts:
        post_one(store, act)
        acknowledge(said, act)
    store.close()


def post_one(store: Store, act: Act) -> None:
    """Post it; when this returns it is acknowledged."""
    while True:
        now = CLOCK.now()

        def command(state: State, now: datetime = now) -> Decision:
            if act.opens:
                return open_incident(state, act.post(), BY, now)
            return post_update(state, act.incident_id, act.post(), BY, now)

        try:
            store.act(command, now, also=(act.incident_id,))
            return
        except StoreBusy:
            continue


def acknowledge(said: Connection, act: Act) -> None:
    """Tell whoever asked that it is done. A line in a pipe outlives us."""
    said.send_bytes(act.key.encode())
