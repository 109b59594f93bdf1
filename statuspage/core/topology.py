"""Components, what needs what, and which of several troubles is the cause of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from statuspage.core.status import Status

IN_TROUBLE = frozenset({Status.DEGRADED, Status.PARTIAL, Status.MAJOR})


@dataclass(frozen=True, slots=True)
class Watched:
    """A component as the rules see it: the checks that speak for it and the components it cannot live without.

    A component without checks and route is manual: observations never change it.
    """

    id: str
    checks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    routed: bool = False
    """Whether a route speaks for it too; the components of its providers are among its needs."""

    @property
    def is_manual(self) -> bool:
        return not self.checks and not self.routed


Topology = Mapping[str, Watched]
"""Components by id."""


def find_cycle(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """A cycle in `needs` as the ids along it, first id repeated at the end; None when there is none."""
    finished: set[str] = set()
    for start in needs:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                on_path.discard(path.pop())
                finished.add(node)
                continue
            if node in on_path:
                return (*path[path.index(node) :], node)
            if node in finished:
                continue
            path.append(node)
            on_path.add(node)
            stack.append((node, True))
            stack.extend((needed, False) for needed in needs.get(node, ()))
    return None


def root_causes(component: str, topology: Topology, statuses: Mapping[str, Status]) -> tuple[str, ...]:
    """The deepest troubled components that `component` needs, in the order met; itself when none of them is.

    A need that is well ends the search in its direction: trouble behind it does not reach us through it.
    """
    found: dict[str, None] = {}
    seen: set[str] = set()

    def descend(node: str) -> None:
        if node in seen:
            return
        seen.add(node)
        watched = topology.get(node)
        troubled = [need for need in (watched.needs if watched else ()) if statuses.get(need) in IN_TROUBLE]
        if not troubled:
            found[node] = None
        for need in troubled:
            descend(need)

    descend(component)
    return tuple(found)


def dragged_down(cause: str, topology: Topology) -> tuple[str, ...]:
    """Every component that needs `cause`, directly or through others, in the order of the topology."""
    affected: set[str] = {cause}
    grown = True
    while grown:
        more = {each.id for each in topology.values() if each.id not in affected and affected & set(each.needs)}
        affected |= more
        grown = bool(more)
    return tuple(each for each in topology if each in affected and each != cause)
