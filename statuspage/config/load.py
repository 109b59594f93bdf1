"""From text to a Config, or to every problem at once."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from statuspage.config.problems import ConfigError, Problem, name_of, nearest, validated
from statuspage.config.rules import check_problems, cross_references, warnings
from statuspage.config.tables import CheckHead, File
from statuspage.config.values import Check, Config, Kind, Kinds
from statuspage.fields import Options

MOST_CHARACTERS = 4_000_000
"""A thousand checks are some 300,000. A device file has no end."""


def load(path: Path, kinds: Kinds) -> Config:
    """Read and check the file. Raises ConfigError with every problem found."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise ConfigError([Problem("", f"cannot read {path}: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem("", f"{path} is not UTF-8 text")]) from None
    if len(text) > MOST_CHARACTERS:
        raise ConfigError([Problem("", f"{path} is longer than {MOST_CHARACTERS:,} characters")])
    return loads(text, kinds, path.resolve().parent)


def loads(text: str, kinds: Kinds, folder: Path) -> Config:
    """Check a configuration given as text. Relative paths begin at `folder`."""
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise ConfigError([Problem("", "not valid TOML: nested too deeply")]) from None
    except ValueError as error:  # a TOMLDecodeError, or a number that Python refuses to read
        raise ConfigError([Problem("", f"not valid TOML: {error}")]) from None
    problems: list[Problem] = []
    file = validated(File, raw, "", raw, problems)
    checks = tuple(_checks(raw.get("check", ()), kinds, problems))
    # A table with an error of its own is left out here, but its id is known: no error makes another one.
    problems += cross_references(file or _what_is_valid(raw), checks, _ids(raw))
    if problems:
        raise ConfigError(problems)
    assert file is not None
    return Config(file, checks, folder, tuple(warnings(file, checks)))


def _what_is_valid(raw: dict[str, Any]) -> File:
    tables: dict[str, Any] = {}
    for name in ("group", "component", "anchor", "provider", "route"):
        entries = raw.get(name)
        if isinstance(entries, list):
            one_of_them = File.model_fields[name].annotation
            kept = [validated(one_of_them, [entry], name, None, []) for entry in entries]
            tables[name] = tuple(entry for found in kept if found for entry in found)
    entries = raw.get("check")
    tables["check"] = tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()
    return File.model_construct(**tables)


def _ids(raw: dict[str, Any]) -> dict[str, set[str]]:
    """The ids of every list of tables, valid or not."""
    return {
        name: {str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry}
        for name, entries in raw.items()
        if isinstance(entries, list)
    }


def _checks(tables: Any, kinds: Kinds, problems: list[Problem]) -> Iterable[Check]:
    if not isinstance(tables, list):
        return
    for index, table in enumerate(tables):
        if not isinstance(table, dict):
            continue
        path = name_of("check", index, table)
        known = set(CheckHead.model_fields)
        head = validated(CheckHead, {k: v for k, v in table.items() if k in known}, path, table, problems)
        kind = _kind(table.get("type"), kinds, path, problems)
        if kind is None:
            continue
        rest = {k: v for k, v in table.items() if k not in known}
        options = validated(kind.Config, rest, path, table, problems, also=sorted(known))
        if head is not None:
            problems += check_problems(head, kind, path)
        if head is not None and options is not None:
            against_time = getattr(kind, "problems", _none)(options, head.timeout.total_seconds())
            problems += [Problem(f"{path}.{option}", text) for option, text in against_time]
            yield Check(head, options)


def _none(options: Options, timeout: float) -> Iterable[tuple[str, str]]:
    return ()


def _kind(name: object, kinds: Kinds, path: str, problems: list[Problem]) -> Kind | None:
    if not isinstance(name, str):
        return None
    if name not in kinds.names():
        known = ", ".join(kinds.names())
        problems.append(Problem(f"{path}.type", f'there is no probe "{name}"{nearest(name, kinds.names())} ({known})'))
        return None
    return kinds.load(name)
