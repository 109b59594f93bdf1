"""The tables of a file as far as they are right: what one of them says of another is checked beside errors elsewhere.

A key that is wrong is left out, and so is every rule that would need it: no error makes another one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from statuspage.config.problems import name_of
from statuspage.config.tables import (
    ActuatorHead,
    Anchor,
    Assertion,
    CheckHead,
    Component,
    Event,
    Failover,
    Group,
    NotifyHead,
    Provider,
    Route,
    Signal,
    Template,
    When,
)
from statuspage.fields import Options

LISTS: Mapping[str, type[Options]] = {
    "group": Group,
    "component": Component,
    "provider": Provider,
    "route": Route,
    "template": Template,
    "event": Event,
    "signal": Signal,
    "assertion": Assertion,
    "anchor": Anchor,
    "check": CheckHead,
    "notify": NotifyHead,
    "actuator": ActuatorHead,
}
"""The model of each list; that of the head, where a table has the options of its kind too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One table: where it stands, and the keys that are right, with the defaults of those that are not given."""

    path: str
    known: Mapping[str, Any]

    def knows(self, *keys: str) -> bool:
        """Whether nothing is wrong with any of these keys."""
        return all(key in self.known for key in keys)

    def __getitem__(self, key: str) -> Any:
        return self.known[key]


class Entries:
    """Every table of a file, by the name of its list. `ids` are all ids of a list, also of tables with errors."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._lists = {name: list(_entries(name, raw.get(name))) for name in LISTS}
        self._ids = {name: set(_ids(raw.get(name))) for name in LISTS}
        failover = raw.get("failover", {})
        self.failover = Entry("failover", _known(Failover, failover) if isinstance(failover, dict) else {})
        anchors = raw.get("anchor", [])
        self.anchors = len(anchors) if isinstance(anchors, list) else None
        """How many there are, right or wrong; None where nobody can say."""

    def __getitem__(self, name: str) -> list[Entry]:
        return self._lists[name]

    def ids(self, name: str) -> set[str]:
        """The ids of a list, of tables with errors too."""
        return self._ids[name]


def rules_of(route: Entry) -> Iterator[Entry]:
    """The rules of a route's preference, as far as they are right."""
    for index, known in enumerate(route.known.get("when", ())):
        yield Entry(f"{route.path}.when[{index}]", known)


def entry(name: str, index: int, table: Mapping[str, Any]) -> Entry:
    """The table of that list and place."""
    return Entry(name_of(name, index, table), _known(LISTS[name], table))


def _entries(name: str, tables: Any) -> Iterator[Entry]:
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            yield entry(name, index, table)


def _ids(tables: Any) -> Iterator[str]:
    for table in tables if isinstance(tables, list) else ():
        if isinstance(table, dict) and "id" in table:
            yield str(table["id"])


def _known(model: type[Options], table: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name not in table:
            if not field.is_required():
                known[name] = field.get_default(call_default_factory=True, validated_data=known)
        elif name == "when" and isinstance(table[name], list):
            known[name] = tuple(_known(When, rule) for rule in table[name] if isinstance(rule, dict))
        else:
            try:
                known[name] = _of_field(model, name).validate_python(table[name])
            except ValidationError:
                continue
    return known


@lru_cache(maxsize=256)
def _of_field(model: type[Options], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    whole: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return TypeAdapter(whole)
