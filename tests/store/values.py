"""Short ways to say what is written, and to look at what was."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from statuspage.core.observation import Observation, Outcome, Reason, Stage
from statuspage.core.site import Component, Site
from statuspage.core.state import Change, Decision, Held, JournalEvent, State
from statuspage.core.status import Status
from statuspage.core.uptime import Figures, Span
from statuspage.store import Head, Store, days, spans
from tests.databases import START

EVENT = JournalEvent("test.happened", "something", START, {"n": 1, "list": [None, "x", {"deep": True}]})


def at(minutes: float = 0.0) -> datetime:
    return START + timedelta(minutes=minutes)


def site(*names: str, zone: str = "Etc/UTC", start_date: date | None = None) -> Site:
    parts = [Component(name, name.title(), n, start_date=start_date) for n, name in enumerate(names, 1)]
    return Site("Example", "https://status.example.org", zone, tuple(parts))


def publish(
    store: Store,
    *names: str,
    now: datetime = START,
    zone: str = "Etc/UTC",
    status: Status = Status.OPERATIONAL,
    start_date: date | None = None,
) -> Head | None:
    """Publish a site of these components, created now."""
    created = tuple(Held(name, status, now, created_at=now) for name in names)
    decision = Decision(site=site(*names, zone=zone, start_date=start_date), created=created, events=(EVENT,))
    return store.transact(lambda _: decision, now)


def move(store: Store, component: str, new: Status, since: datetime, now: datetime) -> Head | None:
    def command(state: State) -> Decision:
        return Decision(changes=(Change(component, state.components[component].status, new, since),))

    return store.transact(command, now)


def history(store: Store, component: str) -> list[tuple[Status, datetime, datetime | None]]:
    """Every span of the component, oldest first."""
    far = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
    found: dict[str, list[Span]] = store._database.read(lambda c: spans.overlapping(c, [component], *far))
    return [(each.status, each.started, each.ended) for each in found.get(component, [])]


def figures_of(store: Store, component: str, today: date, count: int = 400) -> dict[date, Figures]:
    """The stored daily figures of the component."""
    found = store._database.read(lambda c: days.newest(c, [component], today, count))
    return {each.day: each.figures for each in found}


def seen(seq: int, *, check: str = "chat", agent: str = "local", when: datetime | None = None) -> Observation:
    """An observation with something in every field."""
    return Observation(
        check=check,
        agent=agent,
        at=when or at(seq / 6) + timedelta(microseconds=seq),
        outcome=Outcome.FAIL if seq % 3 else Outcome.OK,
        took_ms=12.25 + seq,
        reason=Reason.TIMEOUT if seq % 3 else None,
        stage="upgrade" if seq % 3 else None,
        detail="nothing came" if seq % 3 else "",
        stages=(Stage("dns", 1.5), Stage("connect", 0.25)),
        facts={"status": 101, "name": "größe", "ok": True, "ratio": 0.5},
        seq=seq,
    )


def numbers(observations: Sequence[Observation]) -> list[int]:
    return [each.seq for each in observations]
