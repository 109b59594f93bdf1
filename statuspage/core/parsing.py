"""JSON text to values, strictly: what two readers could read differently, or no database can keep, is refused.

RFC 8259 leaves open what repeated names, NaN, huge numbers and lone surrogates mean (§4, §6, §8.2); here they
are errors that name the field.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from statuspage.core.refusals import Refused
from statuspage.core.telling import Json

MOST_BYTES: Final = 64 * 1024
MOST_DEPTH: Final = 8
MOST_DIGITS: Final = 15
"""What every reader of JSON keeps exactly (RFC 8259 §6: the integers of a double)."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?$)|[\[{]|[\]}]', re.DOTALL)
"""A text that never ends is taken to the end, and nothing is looked at twice (`*+`), whatever comes in."""


class Malformed(Refused):
    """The text is no JSON that can be meant. `field` is empty where it is broken as a whole."""


def parse(text: bytes) -> Json:
    """The value of a JSON document. Raises Malformed."""
    value = _read(text, _whole)
    for path, problem in _flaws(value, ""):
        raise Malformed(path, problem)
    return value


def parse_leniently(text: bytes) -> Json:
    """The value of a JSON document that is looked at and not kept: a whole number that is too large is one with a
    fraction, and what `parse` refuses for its text or number is left out. Raises Malformed for what is no JSON."""
    value: Json = _without_flaws(_read(text, _near))
    return value


def _read(text: bytes, whole: Callable[[str], int | float]) -> Json:
    if len(text) > MOST_BYTES:
        raise Malformed("", f"is larger than {MOST_BYTES // 1024} KB")
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("", "is not UTF-8 text") from None
    _refuse_depth(decoded)
    try:
        value: Json = json.loads(
            decoded, object_pairs_hook=_object, parse_constant=float, parse_float=float, parse_int=whole
        )
    except json.JSONDecodeError as error:
        raise Malformed("", f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    return value


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        opened = token.group()
        if opened in ("[", "{"):
            depth += 1
        elif opened in ("]", "}"):
            depth -= 1
        if depth > MOST_DEPTH:
            raise Malformed("", f"is nested deeper than {MOST_DEPTH} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        repeated = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise Malformed(shown(repeated), "is given twice")
    return found


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits.lstrip("-")) <= MOST_DIGITS else math.inf


def _near(digits: str) -> int | float:
    return int(digits) if len(digits.lstrip("-")) <= MOST_DIGITS else float(digits)


def _without_flaws(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_flaws(each) for name, each in value.items() if not flaw_of(name) and not _is_flawed(each)
        }
    if isinstance(value, list):
        return [_without_flaws(each) for each in value if not _is_flawed(each)]
    return value


def _is_flawed(value: Any) -> bool:
    """Whether it is flawed itself, whatever is in it."""
    return not isinstance(value, dict | list) and any(_flaws(value, ""))


def _flaws(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if problem := flaw_of(value):
            yield path, problem
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "is not a number that can be kept"
    elif isinstance(value, dict):
        for name, each in value.items():
            if problem := flaw_of(name):
                yield shown(f"{path}.{name}" if path else name), f"{problem} in its name"
            yield from _flaws(each, shown(f"{path}.{name}" if path else name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _flaws(each, f"{path}[{index}]")


def flaw_of(text: str) -> str | None:
    """What makes a text one that no database keeps, None for nothing."""
    if "\x00" in text:
        return "holds a NUL character"
    if any("\ud800" <= each <= "\udfff" for each in text):
        return "holds half a character (a lone surrogate)"
    return None


def shown(name: str) -> str:
    """A name from outside, fit to be put into an answer."""
    clean = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)
    return (clean if len(clean) <= 80 else f"{clean[:79]}…") or '""'
