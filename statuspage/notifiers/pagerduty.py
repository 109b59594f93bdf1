"""PagerDuty, by its Events API v2: incidents page, everything else keeps quiet.

| event | becomes |
|---|---|
| `incident.created`, `.updated`, `.reopened` | trigger; further ones are added to the same alert |
| the same of what is over already | a change event |
| `incident.acknowledged` | acknowledge |
| `incident.resolved` | resolve |
| `draft.waiting`, `draft.over` | trigger and resolve: a draft pages, for nobody else has heard yet |
| `draft.waiting` of trouble that was on when a person called it resolved | a change event: they know |
| `monitor.blind`, `monitor.recovered` | an alert of its own (warning), and its end |
| `monitor.resting`, `monitor.deciding` | an alert of its own (warning), and its end |
| `incident.overdue`, `message.dead` | an alert of its own (warning); a person resolves it |
| `test.sent` | an alert of its own (info); a person resolves it |
| `route.proposed`, `.blocked`, `.locked` | an alert of the route (warning, error) |
| `route.withdrawn`, `.cleared` | its end |
| `route.unverified` | an alert of its own (warning), which the next `route.verified` of the route ends |
| `capacity.low`, `capacity.enough` | an alert of the provider (warning), and its end |
| `actuator.failed` | an alert of its own (warning); a person resolves it |
| everything else | a change event: shown beside incidents, pages nobody |

The alert's key is `application:environment:incident` and stays the same for the whole incident, so that repeats and
retries are one alert. An end always goes out, also of an incident that is resolved without notifying anybody; a page
that PagerDuty has not taken by the end is dropped with it. Impact becomes severity: critical, major (error), minor
(warning), none (info). What the checks saw goes along as custom details, for these are your own people. The routing
key is that of an Events API v2 integration of a service. For the EU service region:
`url = "https://events.eu.pagerduty.com"`.

Example:

```toml
[[notify]]
id = "on-call"
type = "pagerduty"
events = ["incident.*", "draft.*", "route.*", "actuator.failed", "monitor.*", "message.dead"]
routing_key = { env = "PAGERDUTY_ROUTING_KEY" }
application = "acme-events"
environment = "production"
```
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

from statuspage.core.outgoing import Context, Outgoing
from statuspage.core.telling import QUIET, STAFF_PAGE, Json, Message
from statuspage.fields import HttpUrl, Options, Secret
from statuspage.notifiers._message import iso, line_of, names_of, subject_of, text_of

PAGES = True

MOST_SUMMARY = 1024
MOST_KEY = 255
MOST_DETAILS = 100_000
"""Characters of the custom details; a whole request may have 512 KB."""

_ACTIONS = {
    "incident.created": "trigger",
    "incident.updated": "trigger",
    "incident.reopened": "trigger",
    "incident.acknowledged": "acknowledge",
    "incident.resolved": "resolve",
    "draft.waiting": "trigger",
    "draft.over": "resolve",
    "incident.overdue": "trigger",
    "monitor.blind": "trigger",
    "monitor.recovered": "resolve",
    "monitor.resting": "trigger",
    "monitor.deciding": "resolve",
    "message.dead": "trigger",
    "test.sent": "trigger",
    "route.proposed": "trigger",
    "route.blocked": "trigger",
    "route.locked": "trigger",
    "route.unverified": "trigger",
    "route.verified": "resolve",
    "route.withdrawn": "resolve",
    "route.cleared": "resolve",
    "actuator.failed": "trigger",
    "capacity.low": "trigger",
    "capacity.enough": "resolve",
}
"""Whatever is not in here is a change event."""
_WHILE_OPEN, _OVER = ("incident.created", "incident.updated"), ("resolved", "postmortem")
_ALERTS = {
    "incident.overdue": "overdue",
    "monitor.blind": "blind",
    "monitor.recovered": "blind",
    "monitor.resting": "resting",
    "monitor.deciding": "resting",
    "message.dead": "delivery",
    "route.unverified": "unverified",
    "route.verified": "unverified",
    "test.sent": "test",
}
"""Alerts beside that of the incident, by the last part of their key."""
_SEVERITIES: Mapping[Json, str] = {"critical": "critical", "major": "error", "minor": "warning", "none": "info"}


def _is_a_routing_key(secret: Secret) -> Secret:
    if not re.fullmatch(r"[A-Za-z0-9]{32}", secret.reveal()):
        raise ValueError("must be the 32 letters and digits of an Events API v2 integration key")
    return secret


def _is_an_origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("must be scheme and host only: the path is that of the Events API")
    return url.rstrip("/")


Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,60}$")]


class Config(Options):
    """The options of a PagerDuty service."""

    routing_key: Annotated[Secret, AfterValidator(_is_a_routing_key)]
    """The integration key of the service (Events API v2)."""

    url: Annotated[HttpUrl, AfterValidator(_is_an_origin)] = "https://events.pagerduty.com"
    """The Events API of your service region; for the EU `https://events.eu.pagerduty.com`."""

    application: Label = "statuspage"
    """The first part of every alert's key. Two sites that share a service need two names."""

    environment: Label = "production"
    """The second part of every alert's key."""


def urls(config: Config) -> Mapping[str, str]:
    """The addresses it sends to."""
    return {"url": config.url}


def compose(config: Config, message: Message, context: Context) -> Outgoing:
    """An alert event, or a change event."""
    action = _action(message)
    event = _change(message, context) if action is None else _alert(config, message, context, action)
    path = "/v2/change/enqueue" if action is None else "/v2/enqueue"
    document = {"routing_key": config.routing_key.reveal(), **event}
    body = json.dumps(document, separators=(",", ":")).encode()
    return Outgoing(url=config.url + path, body=body, headers={"Content-Type": "application/json"})


def _action(message: Message) -> str | None:
    """What to do about it. What is over and what whoever is at it knows already opens no alert."""
    is_over = message.kind in _WHILE_OPEN and subject_of(message).get("status") in _OVER
    return None if is_over or message.evidence.get(QUIET) is True else _ACTIONS.get(message.kind)


def dedup_key(config: Config, message: Message) -> str:
    """The key of the alert: the same for all that is said of one incident."""
    parts = [config.application, config.environment, message.queue]
    if message.kind in _ALERTS:
        parts.append(_ALERTS[message.kind])
    return ":".join(parts)[:MOST_KEY]


def _alert(config: Config, message: Message, context: Context, action: str) -> dict[str, Json]:
    event: dict[str, Json] = {"event_action": action, "dedup_key": dedup_key(config, message)}
    if action != "trigger":
        return event
    payload: dict[str, Json] = {
        **_what(message, context),
        "severity": _severity(message),
        "class": message.kind,
        "group": config.application,
    }
    names = names_of(message)
    if names:
        payload["component"] = ", ".join(names)[:MOST_SUMMARY]
    return {
        **event,
        "payload": payload,
        "client": context.site_name,
        "client_url": context.site_url,
        "links": _links(message),
    }


def _change(message: Message, context: Context) -> dict[str, Json]:
    return {"payload": _what(message, context), "links": _links(message)}


def _what(message: Message, context: Context) -> dict[str, Json]:
    return {
        "summary": line_of(message)[:MOST_SUMMARY],
        "source": context.site_url.partition("://")[2] or context.site_name,
        "timestamp": iso(message.at),
        "custom_details": _details(message),
    }


def _severity(message: Message) -> str:
    if message.kind in _ALERTS:
        return "info" if message.kind == "test.sent" else "warning"
    if message.kind.startswith("route."):
        return "warning" if message.kind == "route.proposed" else "error"
    return _SEVERITIES.get(text_of(subject_of(message).get("impact")), "warning")


def _details(message: Message) -> dict[str, Json]:
    """What was said, and what was seen. Evidence that would not fit is left out."""
    details: dict[str, Json] = {"event": message.kind, "id": message.id}
    update = message.data.get("update")
    if isinstance(update, dict) and isinstance(update.get("body"), str):
        details["text"] = str(update["body"])[:4000]
    evidence: dict[str, Json] = {
        name: value for name, value in message.evidence.items() if name not in (QUIET, STAFF_PAGE)
    }
    if evidence and len(json.dumps(evidence)) <= MOST_DETAILS:
        details["evidence"] = evidence
    return details


def _links(message: Message) -> list[Json]:
    """Where to go: to the staff area for what the public page does not show."""
    staff = text_of(message.evidence.get(STAFF_PAGE))
    if staff.startswith(("https://", "http://")):
        return [{"href": staff, "text": "In the staff area"}]
    href = text_of(subject_of(message).get("url"))
    return [{"href": href, "text": "On the status page"}] if href.startswith(("https://", "http://")) else []
