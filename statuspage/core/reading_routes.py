"""Documents about routes, read as strictly as those about incidents (core/reading.py)."""

from dataclasses import dataclass
from datetime import datetime

from statuspage.core.fields import Fields
from statuspage.core.operating import Order
from statuspage.core.telling import Json

MOST_GUARDS = 32
"""More than there are."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a route shall go. `expires_at` and `expires_to` are for limited mode."""

    to: str
    order: Order
    override: tuple[str, ...] = ()
    expires_at: datetime | None = None
    expires_to: str | None = None


def sending_from(document: Json, by: str) -> Sending:
    """A move."""
    fields = Fields(document)
    found = Sending(
        to=fields.needed_text("to"),
        order=_order(fields, by),
        override=_override(fields),
        expires_at=fields.moment("expires_at"),
        expires_to=fields.text("expires_to"),
    )
    fields.close()
    return found


def approval_from(document: Json, by: str) -> tuple[Order, tuple[str, ...], str | None]:
    """Doing what is proposed, the guards that shall not count, and what was seen to be proposed."""
    fields = Fields(document)
    found = _order(fields, by), _override(fields), fields.text("to")
    fields.close()
    return found


def holding_from(document: Json, by: str) -> tuple[Order, datetime]:
    """A pin or a pause, until then."""
    fields = Fields(document)
    found = _order(fields, by), fields.needed_moment("until")
    fields.close()
    return found


def order_from(document: Json, by: str) -> Order:
    """Who, why, and the epoch that they have seen; nothing else."""
    fields = Fields(document)
    found = _order(fields, by)
    fields.close()
    return found


def _override(fields: Fields) -> tuple[str, ...]:
    """The names of guards, each once: the journal keeps them."""
    named = tuple(dict.fromkeys(fields.texts("override") or ()))
    if len(named) > MOST_GUARDS:
        fields.refuse("override", f"must name at most {MOST_GUARDS} guards")
    return named[:MOST_GUARDS]


def _order(fields: Fields, by: str) -> Order:
    return Order(by, fields.needed_text("reason"), fields.needed_number("expected_epoch"))
