"""What a notifier is given and what it gives back: one request, as values. Nobody in here sends anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from statuspage.core.telling import Message


@dataclass(frozen=True, slots=True)
class Context:
    """What a notifier knows besides the message: whose page it is, and when this attempt is made (UTC)."""

    site_name: str
    site_url: str
    """Without a trailing slash."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP request. Host, length and the like are added by whoever sends it."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


Compose: TypeAlias = Callable[[Message, Context], Outgoing]
"""From a message to the request that tells of it. The same message and context give the same bytes."""
