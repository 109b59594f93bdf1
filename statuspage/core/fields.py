"""One object of a document, read field by field; what nobody asked for is refused at the end.

Each reader gives None for a field that is absent, those of needed fields give some value of the type. A field that
is there and wrong is noted, and `close` refuses the document with everything that was noted.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from statuspage.core.parsing import flaw_of, shown
from statuspage.core.refusals import Refused
from statuspage.core.telling import Json

T = TypeVar("T")

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class Unreadable(Refused):
    """A document with one fault or several. `problems` holds all as (field, problem); `field` names the first."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(*problems[0])
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(f"{field}: {problem}" for field, problem in self.problems)


class Fields:
    """The fields of one document. Raises Unreadable where it is no object."""

    def __init__(self, document: Json) -> None:
        if not isinstance(document, dict):
            raise Unreadable([("document", "must be an object")])
        self._given: Mapping[str, Json] = document
        self._known: dict[str, None] = {}
        self._problems: list[tuple[str, str]] = []

    def refuse(self, name: str, problem: str) -> None:
        """Note what is wrong with a field."""
        self._problems.append((name, problem))

    def has(self, name: str) -> bool:
        """Whether the field is there."""
        return name in self._given

    def text(self, name: str) -> str | None:
        """A text. Its length and content are for the act to judge."""
        found = self._field(name, str, "a text")
        if found is None:
            return None
        if problem := flaw_of(found):
            self.refuse(name, problem)
        return found

    def needed_text(self, name: str) -> str:
        """A text that must be there."""
        self._need(name)
        return self.text(name) or ""

    def flag(self, name: str) -> bool | None:
        """True or false."""
        return self._field(name, bool, "true or false")

    def number(self, name: str) -> int | None:
        """A whole number from 0 on."""
        found = self._field(name, int, "a whole number")
        if found is not None and (isinstance(found, bool) or found < 0):
            self.refuse(name, "must be a whole number from 0 on")
        return found

    def quantity(self, name: str) -> float | None:
        """A number from 0 on."""
        self._known[name] = None
        found = self._given.get(name, 0)
        if isinstance(found, bool) or not isinstance(found, int | float) or found < 0:
            self.refuse(name, "must be a number from 0 on")
            return None
        return float(found) if name in self._given else None

    def needed_number(self, name: str) -> int:
        """A whole number from 0 on that must be there."""
        self._need(name)
        return self.number(name) or 0

    def choice(self, name: str, values: Collection[str]) -> str | None:
        """One of some words."""
        found = self.text(name)
        if found is not None and found not in values:
            self.refuse(name, f"must be one of {', '.join(values)}")
        return found

    def needed_choice(self, name: str, values: Collection[str]) -> str:
        """One of some words, which must be there."""
        self._need(name)
        return self.choice(name, values) or ""

    def moment(self, name: str) -> datetime | None:
        """A moment as ISO 8601 with its offset, in UTC."""
        found = self.text(name)
        if found is None:
            return None
        try:
            return moment(found)
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def needed_moment(self, name: str) -> datetime:
        """A moment that must be there."""
        self._need(name)
        return self.moment(name) or EARLIEST

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts."""
        found = self._field(name, list, "a list")
        if found is None:
            return None
        good = [each for each in found if isinstance(each, str)]
        if len(good) != len(found):
            self.refuse(name, "must be a list of texts")
        return tuple(good)

    def needed_texts(self, name: str) -> tuple[str, ...]:
        """A list of texts that must be there."""
        self._need(name)
        return self.texts(name) or ()

    def mapping(self, name: str) -> Mapping[str, Json]:
        """An object; empty where it is absent."""
        return self._field(name, dict, "an object") or {}

    def need_one(self, *names: str) -> None:
        """Note it where none of these is there."""
        if not any(map(self.has, names)):
            self.refuse(names[0], f"is needed, or one of {', '.join(names[1:])}")

    def close(self) -> None:
        """Raises Unreadable for everything that was noted and for every field that was not read."""
        for name in self._given:
            if name not in self._known:
                self.refuse(shown(name), f"is not known here; known are {', '.join(self._known) or 'none'}")
        if self._problems:
            raise Unreadable(self._problems)

    def _need(self, name: str) -> None:
        if name not in self._given:
            self.refuse(name, "is needed")

    def _field(self, name: str, kind: type[T], called: str) -> T | None:
        self._known[name] = None
        if name not in self._given:
            return None
        found = self._given[name]
        if not isinstance(found, kind):
            self.refuse(name, f"must be {called}")
            return None
        return found


def moment(text: str) -> datetime:
    """A moment from ISO 8601 with `Z` or an offset, in UTC. Raises ValueError with what is wrong."""
    form = "must be a time with its offset, such as 2026-12-01T22:00:00Z"
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError
        at = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(form) from None
    if not EARLIEST <= at < LATEST:
        raise ValueError(f"must lie between the years {EARLIEST.year} and {LATEST.year}")
    return at
