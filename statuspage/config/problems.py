"""What is wrong with a file, in words for the person who wrote it."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from statuspage.config.tables import ATTRIBUTE, BIND, ID
from statuspage.fields import FOLDER


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: where, and what to do about it."""

    path: str
    text: str

    def __str__(self) -> str:
        text = f"{self.path}: {self.text}" if self.path else self.text
        # A key or an id from the file may hold anything; a terminal shall not obey it.
        return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


class ConfigError(Exception):
    """The file cannot be used. `problems` holds every error found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def name_of(table: str, index: int, entry: Mapping[str, Any]) -> str:
    name = entry.get("id")
    return f"{table}[{name}]" if isinstance(name, str) and name else f"{table}[{index}]"


def validated(
    model: Any,
    values: object,
    path: str,
    raw: Any,
    problems: list[Problem],
    also: Sequence[str] = (),
    folder: Path | None = None,
) -> Any:
    """The values as this model; None, and what is wrong with them among `problems`. Paths begin at `folder`."""
    try:
        return TypeAdapter(model).validate_python(values, context={FOLDER: folder} if folder is not None else None)
    except ValidationError as error:
        found = error.errors(include_url=False)
        inside = {each["loc"][:length] for each in found for length in range(len(each["loc"]))}
        for each in found:
            if each["type"] == "default_factory_not_called":
                continue  # the setting that the default follows is wrong, and is reported itself
            if each["type"] == "too_short" and each["loc"] in inside:
                continue  # what is missing is there, wrong, and is reported itself
            location = _path(path, each["loc"], raw)
            problems.append(Problem(location, _text(each, model, also)))
        return None


def _path(prefix: str, location: tuple[int | str, ...], raw: Any) -> str:
    """`component[chat].needs` rather than `component.3.needs`: people know their tables by id."""
    path, node = prefix, raw
    for part in location:
        if isinstance(part, int):
            node = node[part] if isinstance(node, list) and part < len(node) else None
            name = node.get("id") if isinstance(node, dict) else None
            path += f"[{name}]" if isinstance(name, str) and name else f"[{part}]"
        else:
            node = node.get(part) if isinstance(node, dict) else None
            path += f".{part}" if path else part
    return path


_TEXTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is required",
    "string_type": lambda _: "must be a text",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "tuple_type": lambda _: "must be a list",
    "list_type": lambda _: "must be a list",
    "dict_type": lambda _: "must be a table",
    "model_type": lambda _: "must be a table",
    "too_short": lambda context: f"needs at least {context.get('min_length')}",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda context: f"must be at most {context.get('max_length')} characters",
    "greater_than": lambda context: f"must be more than {context.get('gt')}",
    "greater_than_equal": lambda context: f"must be at least {context.get('ge')}",
    "less_than_equal": lambda context: f"must be at most {context.get('le')}",
    "union_tag_not_found": lambda context: f"needs {context.get('discriminator')}",
    "union_tag_invalid": lambda context: (
        f"{context.get('discriminator')} must be one of {context.get('expected_tags')}"
    ),
    "literal_error": lambda context: f"must be one of {context.get('expected')}",
}


def _text(error: Any, model: type[Any], also: Sequence[str]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        *outer, key = error["loc"]
        names = [*_keys_at(model, outer), *also]
        return f"unknown key{nearest(str(key), names)}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(context.get("pattern")), f"must match {context.get('pattern')}")
    make = _TEXTS.get(kind)
    return make(context) if make else str(error["msg"])


def _keys_at(model: Any, location: Sequence[int | str]) -> Sequence[str]:
    """The keys that the table at this place may have."""
    for part in location:
        if isinstance(part, str):
            field = getattr(model, "model_fields", {}).get(part)
            model = field.annotation if field is not None else None
            model = next((each for each in get_args(model) if hasattr(each, "model_fields")), model)
    return list(getattr(model, "model_fields", {}))


_PATTERNS = {
    ID: "must be small letters, digits, and . _ - between them",
    BIND: 'must be address and port, such as "127.0.0.1:8000"',
    ATTRIBUTE: "must be small letters, digits and _",
}


def nearest(name: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 1)
    return f' (did you mean "{found[0]}"?)' if found else ""
