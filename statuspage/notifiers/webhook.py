"""A signed POST to an address of yours, by Standard Webhooks 1.0.0.

The body is `{"type": "incident.created", "timestamp": …, "data": {…}}`, under 20 kB, and holds what the public may
know: evidence is never in it. The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` let the receiver
prove who sent it (any Standard Webhooks library does), refuse what is old (five minutes), and drop repeats: the id of
a message is the same at every try, and a message can come twice. Within one incident messages come in order.

Answer with 2xx once you have it. 408, 425, 429, 5xx and silence are tried again for a day, `Retry-After` is honoured;
redirects are not followed; any other 4xx is final; 410 silences the destination until `statuspage notify resume ID`.
To change the secret put the new one first, and take the old one out when every receiver knows the new one.

Example:

```toml
[[notify]]
id = "ops-hook"
type = "webhook"
events = ["incident.*", "maintenance.*"]
url = "https://hooks.example.com/statuspage"
secrets = [{ env = "OPS_HOOK_SECRET" }]
```
"""

import json
from collections.abc import Mapping

from statuspage.core.outgoing import Context, Outgoing
from statuspage.core.telling import Json, Message
from statuspage.fields import HttpUrl, Options
from statuspage.notifiers._message import iso
from statuspage.signing import Keys, signed

MOST_BYTES = 20_000
"""Of the body: the size up to which Standard Webhooks asks receivers to be ready."""


class Config(Options):
    """The options of a signed webhook."""

    url: HttpUrl
    """Where to post. Addresses that are not public must be listed in `[delivery] allow`."""

    secrets: Keys
    """What the signature is made with, `whsec_` and base64. Two while the secret is being changed: both sign."""


def urls(config: Config) -> Mapping[str, str]:
    """The addresses it sends to."""
    return {"url": config.url}


def compose(config: Config, message: Message, context: Context) -> Outgoing:
    """The signed request."""
    body = _body(message)
    return Outgoing(url=config.url, body=body, headers=signed(config.secrets, message.id, context.now, body))


def _body(message: Message) -> bytes:
    """The body. Texts that are too long for it are cut, the longest ones most; at the worst only ids remain."""
    for most in (MOST_BYTES, 4000, 1000, 200, 50):
        data = {name: _cut(value, most) for name, value in message.data.items()}
        body = _encoded(message, data)
        if len(body) <= MOST_BYTES:
            return body
    return _encoded(message, {"id": message.subject, "truncated": True})


def _encoded(message: Message, data: Mapping[str, Json]) -> bytes:
    document = {"type": message.kind, "timestamp": iso(message.at), "data": data}
    return json.dumps(document, separators=(",", ":")).encode()


def _cut(value: Json, most: int) -> Json:
    if isinstance(value, str):
        return value if len(value) <= most else value[: most - 1] + "…"
    if isinstance(value, list):
        return [_cut(each, most) for each in value]
    if isinstance(value, dict):
        return {name: _cut(each, most) for name, each in value.items()}
    return value
