"""A server that takes the Events API v2 of PagerDuty as strictly as its schema is written, and keeps the alerts.

https://developer.pagerduty.com/api-reference: 202 for an event, 400 with the list of what is wrong with it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # no stubs in the test extra

from tests.delivery.receivers import Received, Receiver, receiver

_TEXT = {"type": "string", "minLength": 1}
_KEY = {"type": "string", "pattern": "^[A-Za-z0-9]{32}$"}
_LINKS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"href": {"type": "string", "pattern": "^https?://"}, "text": _TEXT},
        "required": ["href"],
        "additionalProperties": False,
    },
}
_PAYLOAD: Mapping[str, Any] = {
    "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
    "source": _TEXT,
    "timestamp": {"type": "string", "format": "date-time"},
    "custom_details": {"type": "object"},
}
_DEDUP = {"type": "string", "minLength": 1, "maxLength": 255}

TRIGGER = {
    "type": "object",
    "properties": {
        "routing_key": _KEY,
        "event_action": {"const": "trigger"},
        "dedup_key": _DEDUP,
        "payload": {
            "type": "object",
            "properties": {
                **_PAYLOAD,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "component": _TEXT,
                "group": _TEXT,
                "class": _TEXT,
            },
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
        },
        "client": _TEXT,
        "client_url": {"type": "string", "pattern": "^https?://"},
        "links": _LINKS,
    },
    "required": ["routing_key", "event_action", "payload"],
    "additionalProperties": False,
}
FOLLOW_UP = {
    "type": "object",
    "properties": {
        "routing_key": _KEY,
        "event_action": {"enum": ["acknowledge", "resolve"]},
        "dedup_key": _DEDUP,
    },
    "required": ["routing_key", "event_action", "dedup_key"],
    "additionalProperties": False,
}
CHANGE = {
    "type": "object",
    "properties": {
        "routing_key": _KEY,
        "payload": {
            "type": "object",
            "properties": _PAYLOAD,
            "required": ["summary"],
            "additionalProperties": False,
        },
        "links": _LINKS,
    },
    "required": ["routing_key", "payload"],
    "additionalProperties": False,
}


@dataclass
class PagerDuty:
    """`alerts` by their key: triggered, acknowledged or resolved. `refused` holds what was wrong."""

    receiver: Receiver
    alerts: dict[str, str] = field(default_factory=dict)
    changes: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.receiver.url

    def judge(self, received: Received) -> tuple[int, Mapping[str, str], bytes]:
        """What the real one answers."""
        event = received.json
        schema = self._schema(received.path, event)
        wrong = [
            error.message for error in Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(event)
        ]
        if len(received.body) > 512 * 1024:
            wrong.append("Event object is larger than 512 KB")
        if wrong:
            self.refused += wrong
            return _answer(400, {"status": "invalid event", "message": "Event object is invalid", "errors": wrong})
        if received.path.endswith("/change/enqueue"):
            self.changes.append(event)
            return _answer(202, {"status": "success", "message": "Change event processed"})
        self._keep(event)
        return _answer(202, {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]})

    def _schema(self, path: str, event: Any) -> Mapping[str, Any]:
        if path == "/v2/change/enqueue":
            return CHANGE
        assert path == "/v2/enqueue"
        return TRIGGER if event.get("event_action") == "trigger" else FOLLOW_UP

    def _keep(self, event: Any) -> None:
        key, action = event["dedup_key"], event["event_action"]
        if action == "trigger":
            self.alerts[key] = "triggered"
        elif self.alerts.get(key) in ("triggered", "acknowledged"):
            self.alerts[key] = {"acknowledge": "acknowledged", "resolve": "resolved"}[action]


def _answer(status: int, document: Any) -> tuple[int, Mapping[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


@contextmanager
def pagerduty() -> Iterator[PagerDuty]:
    """The server, running."""
    with receiver() as found:
        server = PagerDuty(found)
        found.judge = server.judge
        yield server
