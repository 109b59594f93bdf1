"""Signatures of Standard Webhooks 1.0.0: over id, time and the exact bytes, by HMAC-SHA256."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from statuspage.fields import Secret

PREFIX = "whsec_"


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
Keys = Annotated[tuple[Key, ...], AfterValidator(_one_or_two)]
"""What is signed with: one secret, or two while it is being changed."""


def signed(secrets: Iterable[Secret], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of a signed JSON body, sent at `now`."""
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }


def sign(secret: Secret, message_id: str, timestamp: str, body: bytes) -> str:
    """One signature, scheme v1: HMAC-SHA256 over id, timestamp and the exact bytes of the body."""
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
