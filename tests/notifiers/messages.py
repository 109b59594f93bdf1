"""Messages as the outbox holds them, for the tests of the kinds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from statuspage.core.outgoing import Context
from statuspage.core.telling import EVENTS, Json, Message

AT = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)
CONTEXT = Context("Acme Events", "https://status.example.com", AT + timedelta(seconds=3))

INCIDENT: dict[str, Json] = {
    "id": "qx2",
    "name": "Session chat does not work",
    "status": "investigating",
    "impact": "critical",
    "url": "https://status.example.com/incidents/qx2",
    "started_at": AT.isoformat(),
    "components": [{"id": "c1", "name": "Session chat"}, {"id": "c2", "name": "Firebase Web Sockets"}],
}
EVIDENCE: dict[str, Json] = {"checks": [{"check": "firebase-eu", "reason": "timeout", "detail": "SECRET-HOST-9"}]}


def message(kind: str = "incident.created", **changes: object) -> Message:
    """A message about one incident."""
    whole = Message(
        id="msg_bcdfghjklmnpqrstvwxyz012",
        destination="here",
        queue="qx2",
        number=1,
        kind=kind,
        subject="qx2",
        at=AT,
        due=AT,
        data={"incident": INCIDENT, "update": {"id": "u1", "status": "investigating", "body": "It *hurts* <b>."}},
        evidence=EVIDENCE,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


ROUTE: dict[str, Json] = {
    "route": {"id": "realtime.chat", "component": "chat"},
    "to": "native",
    "epoch": 7,
    "guards": ["tilt", "tilt"],
}
_DATA: dict[str, dict[str, Json]] = {
    "component.updated": {"component": "chat", "old_status": "operational", "new_status": "major_outage"},
    "monitor.blind": {"agent": "local"},
    "monitor.recovered": {"agent": "local"},
    "monitor.resting": {"agent": "local"},
    "monitor.deciding": {"agent": "local"},
    "message.dead": {"message": {"id": "msg_x", "type": "incident.created", "destination": "hook"}},
    "test.sent": {"test": True},
    "capacity.low": {"provider": "native", "users": 9000, "capacity": 10_000, "max_connects_per_s": 50.0},
    "capacity.enough": {"provider": "native", "users": 5000, "capacity": 10_000, "max_connects_per_s": 50.0},
    "actuator.failed": {"actuator": {"id": "scale-out"}, "epoch": 7, "to": "native"},
    **{kind: ROUTE for kind in EVENTS if kind.startswith("route.")},
}


def every_kind() -> list[Message]:
    """One message of every event there is."""
    maintenance: dict[str, Json] = {**INCIDENT, "name": "New switches", "impact": "none"}
    made = []
    for kind in EVENTS:
        data = _DATA.get(kind) or ({"maintenance": maintenance} if kind.startswith("maintenance.") else {})
        made.append(message(kind, data=data) if data else message(kind))
    return made
