"""A path into JSON: `a.b[0].c`, names and indexes and nothing else."""

import re
from functools import lru_cache

_STEP = re.compile(r"\[([0-9]{1,6})\]|(?:^|\.)([^.\[\]]+)")

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@lru_cache(maxsize=4096)
def steps_of(path: str) -> tuple[str | int, ...]:
    """The names and indexes of a path. Raises ValueError with the accepted form."""
    steps: list[str | int] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            break
        steps.append(found[2] if found[1] is None else int(found[1]))
        at = found.end()
    if not steps or at != len(path):
        raise ValueError('write a path as names and indexes, such as "status.checks[0].name"')
    return tuple(steps)


def look_up(value: Json, path: str) -> Json:
    """What is at the path; None where there is nothing."""
    for step in steps_of(path):
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
