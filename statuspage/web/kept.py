"""What was rendered before and still holds. A thousand old incidents cost a bundle a look-up each.

A file is kept under everything that it was made from. What one rendering did not ask for is forgotten by the next
but one; another site, or another generation of the database, empties all.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from statuspage.core.incident import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import Site
from statuspage.core.state import Snapshot
from statuspage.web.files import File


@dataclass(frozen=True, slots=True)
class Told:
    """The incidents and planned work of a snapshot, which rarely change."""

    incidents: tuple[Incident, ...]
    maintenances: tuple[Maintenance, ...]


class Kept:
    """The files of the last rendering by what they were made from. For one thread."""

    def __init__(self) -> None:
        self._origin: tuple[str, Site] | None = None
        self._old: dict[Hashable, File] = {}
        self._new: dict[Hashable, File] = {}
        self._told: tuple[Told, bytes] | None = None

    def begin(self, snapshot: Snapshot) -> None:
        """A rendering of that snapshot starts."""
        origin = (snapshot.generation, snapshot.site)
        self._old = self._new if self._origin == origin else {}
        self._origin, self._new = origin, {}

    def file(self, key: Hashable, make: Callable[[], File]) -> File:
        """The file of that key, made if it is not there."""
        found = self._new.get(key) or self._old.get(key) or make()
        self._new[key] = found
        return found

    def told(self, told: Told, dump: Callable[[Told], bytes]) -> bytes:
        """Them as bytes, dumped again only when one of them is another value."""
        if self._told is None or self._told[0] != told:
            self._told = (told, dump(told))
        return self._told[1]


def mark(entry: Incident | Maintenance | None) -> Hashable:
    """What tells one state of an incident from any other: its id and the number of its writing."""
    return (entry.id, entry.version) if entry is not None else None
