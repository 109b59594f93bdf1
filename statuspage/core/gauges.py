"""Numbers in what an application tells of itself: at a path of a JSON document, or of a metric of Prometheus.

A metric is named as `connections` or `connections{provider="native",pool="a"}`: the sum of all series of that name
that have these labels.
"""

import json
import math
import re

from statuspage.core.json_path import look_up, steps_of

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_SELECTOR = re.compile(rf"({_NAME})(?:\{{(.*)\}})?", re.DOTALL)
_SERIES = re.compile(rf"({_NAME})(?:\{{((?:[^\"}}]|\"(?:[^\"\\]|\\.)*\")*)\}})?\s+(\S+)")

MOST = 10**15
"""No number of users or connections is as large: what is was made up, or is broken."""
MOST_LINE = 8 * 1024

Selector = tuple[str, frozenset[tuple[str, str]]]


def json_number(body: bytes, path: str) -> float | None:
    """The number at a path of a JSON document; None where there is none. Raises ValueError for what is no JSON."""
    try:
        found = look_up(json.loads(body), path)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return _sound(found)


def metric_number(body: bytes, wanted: str) -> float | None:
    """The sum of the series that a selector names; None where there is none. Raises ValueError for an endless line."""
    name, labels = selector(wanted)
    found = []
    for line in body.decode("utf-8", "replace").splitlines():
        if not line.startswith(name):
            continue
        if len(line) > MOST_LINE:
            raise ValueError(f"a line is longer than {MOST_LINE // 1024} KB")
        match = _SERIES.match(line)
        if match is not None and match[1] == name and labels <= _labels(match[2] or ""):
            found.append(_float(match[3]))
    return _sound(sum(found)) if found else None


def selector(text: str) -> Selector:
    """Name and labels. Raises ValueError with the accepted form."""
    match = _SELECTOR.fullmatch(text.strip())
    labels = _labels(match[2] or "") if match else frozenset()
    if match is None or (match[2] and not labels):
        raise ValueError('write a metric as its name, or name{label="value"}')
    return match[1], labels


def check_path(text: str) -> str:
    """The same path. Raises ValueError for what is none."""
    steps_of(text)
    return text


def _labels(text: str) -> frozenset[tuple[str, str]]:
    """The labels up to the first thing that is none. Each is looked for in one place only: a search would try them all,
    and of a long row of spaces or letters each time to its end."""
    found, at = set(), 0
    while match := _LABEL.match(text, at):
        found.add((match[1], match[2]))
        at = match.end()
    return frozenset(found)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _sound(value: float) -> float | None:
    return float(value) if 0 <= value < MOST else None  # compared first: a whole number may be too large for a float
