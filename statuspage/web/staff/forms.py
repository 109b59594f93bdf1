"""Reading what a browser sends, strictly: every field is known, comes once, is text, and no longer than it may be."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from flask import request
from werkzeug.datastructures import MultiDict

MARK = "mark"
"""The field that proves that a form is ours; the gate has looked at it before."""


class BadForm(ValueError):
    """The request cannot have come from one of our forms, or holds what no field takes: 400."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Text:
    """A field. `lines` allows more than one line, `strip` takes white space off both ends, `optional` allows none."""

    most: int = 200
    optional: bool = False
    lines: bool = False
    strip: bool = True


Fields = Mapping[str, Text]


def form(**fields: Text) -> dict[str, str]:
    """The fields of the present form. Raises BadForm."""
    return read(request.form, fields)


def query(**fields: Text) -> dict[str, str]:
    """The same for what follows the `?`."""
    return read(request.args, fields)


def read(given: "MultiDict[str, str]", fields: Fields) -> dict[str, str]:
    """The value of every field, empty for an optional one that is missing. Raises BadForm naming the first bad one."""
    for name in given:
        if name not in fields and name != MARK:
            raise BadForm(_shown(name), "is not a field of this form")
        if len(given.getlist(name)) > 1:
            raise BadForm(_shown(name), "is given more than once")
    return {name: _value(name, given.get(name), field) for name, field in fields.items()}


def _value(name: str, value: str | None, field: Text) -> str:
    if value is None and not field.optional:
        raise BadForm(name, "is missing")
    text = (value or "").replace("\r\n", "\n")
    if len(text) > field.most:
        raise BadForm(name, f"must have at most {field.most:,} characters")
    for each in text:
        if unicodedata.category(each) in ("Cc", "Cs") and not (field.lines and each in "\n\t"):
            raise BadForm(name, "holds control characters")
    return text.strip() if field.strip else text


def _shown(name: str) -> str:
    """A field's name from outside, fit to be repeated."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name[:40])
