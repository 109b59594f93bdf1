"""Core values as JSON documents and back. What does not fit its shape is a database we cannot read."""

import math
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from statuspage.core.observation import Fact
from statuspage.store.errors import StoreCorrupt

T = TypeVar("T")

_UNSTORABLE = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}
"""PostgreSQL's text has no NUL, and neither engine takes half a surrogate pair."""


class Document(Generic[T]):
    """How values of one dataclass are written and read."""

    def __init__(self, shape: type[T]) -> None:
        self._adapter = TypeAdapter(shape)
        self._name = shape.__name__.lower()

    def write(self, value: T) -> Any:
        """The value as what a JSON column takes."""
        return self._adapter.dump_python(value, mode="json")

    def read(self, found: Any) -> T:
        """The value of a JSON column. Raises StoreCorrupt when it is not of this shape."""
        try:
            return self._adapter.validate_python(found)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise StoreCorrupt(f"a stored {self._name} cannot be read: {where}: {error.errors()[0]['msg']}") from None


def clean(text: str) -> str:
    """The text without what no database takes; a target's answer may hold anything."""
    return text if text.isascii() and "\x00" not in text else text.translate(_UNSTORABLE)


def clean_facts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Facts as JSON can hold them: NaN and infinity become their names."""
    return {clean(name): _clean_fact(fact) for name, fact in facts.items()}


def _clean_fact(fact: Fact) -> Fact:
    if isinstance(fact, str):
        return clean(fact)
    return str(fact) if isinstance(fact, float) and not math.isfinite(fact) else fact
