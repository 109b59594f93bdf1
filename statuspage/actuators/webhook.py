"""A signed POST to a runbook of yours, whenever a route moves, by Standard Webhooks 1.0.0.

The body is `{"type": "route.moved", "timestamp": …, "data": {"route", "epoch", "from", "to", "cause", "ramp_seconds",
"component"}}`; `epoch` is `[generation, n]`. Do what you do once for each (route, epoch): a message can come twice, the
header `Idempotency-Key` is the same then. Ignore an epoch that is not greater than the last one you acted on. When
you were away, only the newest move is sent. Answer with 2xx once it is done: that is written into the journal.

`capacity.low` and `capacity.enough` say that the room on a provider runs low, or no longer: `{"provider", "users",
"capacity", "max_connects_per_s"}`, for whoever can add servers.

Example:

```toml
[[actuator]]
id = "scale-out"
type = "webhook"
routes = ["realtime.*"]
url = "https://runbooks.example.com/realtime"
secrets = [{ env = "RUNBOOK_SECRET" }]
```
"""

import json
from collections.abc import Mapping
from datetime import UTC

from statuspage.core.outgoing import Context, Outgoing
from statuspage.core.telling import Json, Message
from statuspage.fields import HttpUrl, Options
from statuspage.signing import Keys, signed


class Config(Options):
    """The options of a runbook."""

    url: HttpUrl
    """Where to post. Addresses that are not public must be listed in `[delivery] allow`."""

    secrets: Keys
    """What the signature is made with, `whsec_` and base64. Two while the secret is being changed: both sign."""


def urls(config: Config) -> Mapping[str, str]:
    """The addresses it sends to."""
    return {"url": config.url}


def compose(config: Config, message: Message, context: Context) -> Outgoing:
    """The signed request."""
    at = message.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document = {"type": message.kind, "timestamp": at, "data": _data(message)}
    body = json.dumps(document, separators=(",", ":")).encode()
    headers = signed(config.secrets, message.id, context.now, body)
    return Outgoing(url=config.url, body=body, headers={**headers, "Idempotency-Key": _once(message)})


def _data(message: Message) -> dict[str, Json]:
    route = message.data.get("route")
    if not isinstance(route, dict):
        return dict(message.data)
    return {
        "route": message.subject,
        "epoch": [message.data.get("generation"), message.data.get("epoch")],
        "from": message.data.get("from"),
        "to": message.data.get("to"),
        "cause": message.data.get("cause"),
        "ramp_seconds": route.get("ramp_seconds"),
        "component": route.get("component"),
    }


def _once(message: Message) -> str:
    """The same for everything that is one act."""
    if "epoch" not in message.data:
        return message.id
    return f"{message.subject}/{message.data.get('generation')}.{message.data['epoch']}"
