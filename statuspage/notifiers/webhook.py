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

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from statuspage.core.outgoing import Context, Outgoing
from statuspage.core.telling import Json, Message
from statuspage.fields import HttpUrl, Options, Secret
from statuspage.notifiers._message import iso

PREFIX = "whsec_"
MOST_BYTES = 20_000
"""Of the body: the size up to which Standard Webhooks asks receivers to be ready."""


def _key(secret: Secret) -> bytes:
    text = secret.reveal().removeprefix(PREFIX)
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _is_a_key(secret: Secret) -> Secret:
    try:
        length = len(_key(secret))
    except (binascii.Error, ValueError):
        length = 0
    if not secret.reveal().startswith(PREFIX) or not 24 <= length <= 64:
        raise ValueError(f"must be {PREFIX} and 24 to 64 random bytes in base64")
    return secret


def _one_or_two(secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
    if not 1 <= len(secrets) <= 2:
        raise ValueError("give one secret, or two while it is being changed")
    return secrets


Key = Annotated[Secret, AfterValidator(_is_a_key)]


class Config(Options):
    """The options of a signed webhook."""

    url: HttpUrl
    """Where to post. Addresses that are not public must be listed in `[delivery] allow`."""

    secrets: Annotated[tuple[Key, ...], AfterValidator(_one_or_two)]
    """What the signature is made with, `whsec_` and base64. Two while the secret is being changed: both sign."""


def urls(config: Config) -> Mapping[str, str]:
    """The addresses it sends to."""
    return {"url": config.url}


def compose(config: Config, message: Message, context: Context) -> Outgoing:
    """The signed request."""
    body = _body(message)
    timestamp = str(int(context.now.timestamp()))
    signatures = (sign(secret, message.id, timestamp, body) for secret in config.secrets)
    return Outgoing(
        url=config.url,
        body=body,
        headers={
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(signatures),
        },
    )


def sign(secret: Secret, message_id: str, timestamp: str, body: bytes) -> str:
    """One signature, scheme v1: HMAC-SHA256 over id, timestamp and the exact bytes of the body."""
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


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
