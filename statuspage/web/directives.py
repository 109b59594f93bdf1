"""The directives that a worker answers from: read once from the bundle's own document, then only looked up."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from statuspage.core.directive import Evaluation, evaluate

DIRECTIVES = "/directives.json"


@dataclass(frozen=True, eq=False)
class Directives:
    """One document and what was made of it. `body` are the bytes it was read from."""

    body: bytes = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    @property
    def epoch(self) -> tuple[str, int]:
        """(generation, number): of two the greater is the newer."""
        generation, number = self.document["config_epoch"]
        return str(generation), int(number)

    @cached_property
    def tag(self) -> str:
        """The part of every ETag that changes with what is said of the routes, and with nothing else.

        The epoch comes first, for those who compare it. A reload may change words and time limits under one epoch.
        """
        said = {name: self.document[name] for name in ("routes", "limited_mode")}
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]
        return "c{}.{}-{}".format(*self.epoch, digest)

    @property
    def routes(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document["routes"]
        return found

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """The routes whose value depends on who asks."""
        return tuple(id for id, each in self.routes.items() if each["rules"] or each["rollout"])

    def evaluations(self, context: Mapping[str, Any]) -> tuple[Evaluation, ...]:
        """What a client gets of the routes that vary, in their order: clients with the same get the same answer."""
        return tuple(evaluate(id, self.routes[id], context) for id in self.varying)


def read_directives(body: bytes) -> Directives:
    """The directives in a document of ours. Raises ValueError for what is none."""
    document = json.loads(body)
    if not isinstance(document, dict) or not isinstance(document.get("routes"), dict):
        raise ValueError("not a document of directives")
    return Directives(body, document)
