"""From text to a Config, or to every problem at once."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from statuspage.config.logo import logo
from statuspage.config.problems import ConfigError, Problem, name_of, nearest, validated
from statuspage.config.rules import actuator_problems, check_problems, cross_references, notifier_problems, warnings
from statuspage.config.tables import ActuatorHead, CheckHead, Delivery, File, NotifyHead
from statuspage.config.values import Actuator, Check, Config, Kinds, Notifier, NotifierKind, NotifierKinds
from statuspage.fields import Options, Secret

KeyRule = Callable[[str | None], str | None]
"""What is wrong with a secret key; None where nothing is."""

MOST_CHARACTERS = 4_000_000
"""A thousand checks are some 300,000. A device file has no end."""


class _NoNotifiers:
    """For those who look and do not tell."""

    def names(self) -> Sequence[str]:
        return ()

    def load(self, name: str) -> NotifierKind:
        raise KeyError(name)


NO_NOTIFIERS = _NoNotifiers()


def load(
    path: Path,
    kinds: Kinds,
    notifiers: NotifierKinds = NO_NOTIFIERS,
    actuators: NotifierKinds = NO_NOTIFIERS,
    secret_key: KeyRule | None = None,
    folder: Path | None = None,
) -> Config:
    """Read and check the file. Raises ConfigError with every problem found.

    Relative paths begin at `folder`, or where the file lies. For `secret_key` see `loads`.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise ConfigError([Problem("", f"cannot read {path}: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem("", f"{path} is not UTF-8 text")]) from None
    if len(text) > MOST_CHARACTERS:
        raise ConfigError([Problem("", f"{path} is longer than {MOST_CHARACTERS:,} characters")])
    return loads(text, kinds, folder or path.resolve().parent, notifiers, actuators, secret_key)


def loads(
    text: str,
    kinds: Kinds,
    folder: Path,
    notifiers: NotifierKinds = NO_NOTIFIERS,
    actuators: NotifierKinds = NO_NOTIFIERS,
    secret_key: KeyRule | None = None,
) -> Config:
    """Check a configuration given as text. Relative paths begin at `folder`.

    `secret_key` says what is wrong with the site's secret key, or with there being none. Without that rule it may be
    missing: a command that only looks does not need it.
    """
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise ConfigError([Problem("", "not valid TOML: nested too deeply")]) from None
    except ValueError as error:  # a TOMLDecodeError, or a number that Python refuses to read
        raise ConfigError([Problem("", f"not valid TOML: {error}")]) from None
    problems: list[Problem] = []
    file = validated(File, raw, "", raw, problems)
    checks = tuple(_checks(raw.get("check"), kinds, problems))
    told = tuple(_notifiers(raw.get("notify"), notifiers, problems))
    acting = tuple(_actuators(raw.get("actuator"), actuators, problems))
    # A table with an error of its own is left out here, but its id is known: no error makes another one.
    problems += cross_references(file or _what_is_valid(raw), checks, _ids(raw))
    problems += _notify_problems(raw, told, acting)
    if secret_key is not None:
        problems += _key_problems(raw.get("site", {}), secret_key)
    image = logo(raw.get("site"), folder, problems)
    if problems:
        raise ConfigError(problems)
    assert file is not None
    return Config(file, checks, folder, tuple(warnings(file, checks)), told, acting, image, text)


def _key_problems(site: Any, rule: KeyRule) -> Iterable[Problem]:
    if not isinstance(site, dict):
        return  # that is said already, and so is what is wrong with a key that is no secret
    key = validated(Secret, site["secret_key"], "", None, []) if "secret_key" in site else None
    if key is not None or "secret_key" not in site:
        trouble = rule(key.reveal() if key is not None else None)
        if trouble is not None:
            yield Problem("site.secret_key", trouble)


def _what_is_valid(raw: dict[str, Any]) -> File:
    tables: dict[str, Any] = {}
    for name in ("group", "component", "template", "anchor", "provider", "route", "event", "signal", "assertion"):
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
    for path, table in _tables("check", tables):
        head, options, kind = _decoded(CheckHead, table, path, "probe", kinds, problems)
        if kind is None:
            continue
        if head is not None:
            problems += check_problems(head, kind, path)
        if head is not None and options is not None:
            against_time = getattr(kind, "problems", _none)(options, head.timeout.total_seconds())
            problems += [Problem(f"{path}.{option}", text) for option, text in against_time]
            yield Check(head, options)


def _notifiers(tables: Any, kinds: NotifierKinds, problems: list[Problem]) -> Iterable[Notifier]:
    for path, table in _tables("notify", tables):
        head, options, kind = _decoded(NotifyHead, table, path, "notifier", kinds, problems)
        if head is not None and options is not None:
            yield Notifier(head, options, kind.urls(options), getattr(kind, "PAGES", False))


def _actuators(tables: Any, kinds: NotifierKinds, problems: list[Problem]) -> Iterable[Actuator]:
    for path, table in _tables("actuator", tables):
        head, options, kind = _decoded(ActuatorHead, table, path, "actuator", kinds, problems)
        if head is not None and options is not None:
            yield Actuator(head, options, kind.urls(options))


def _notify_problems(raw: dict[str, Any], told: Sequence[Notifier], acting: Sequence[Actuator]) -> Iterable[Problem]:
    delivery = validated(Delivery, raw.get("delivery", {}), "delivery", None, [])
    if delivery is None:  # what it opens is not known: that is said already
        told = tuple(replace(each, urls={}) for each in told)
        acting = tuple(replace(each, urls={}) for each in acting)
    tables = [table for _, table in _tables("notify", raw.get("notify"))]
    allow = delivery.allow if delivery else ()
    yield from notifier_problems(told, tables, _ids(raw).get("component", set()), allow)
    tables = [table for _, table in _tables("actuator", raw.get("actuator"))]
    yield from actuator_problems(acting, tables, _ids(raw), allow)


def _tables(name: str, tables: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            yield name_of(name, index, table), table


def _decoded(
    model: Any, table: dict[str, Any], path: str, what: str, kinds: Kinds | NotifierKinds, problems: list[Problem]
) -> tuple[Any, Any, Any]:
    """What all tables of this sort have in common, the options of its kind, and the kind; None for what is wrong."""
    known = set(model.model_fields)
    head = validated(model, {k: v for k, v in table.items() if k in known}, path, table, problems)
    kind = _kind(table.get("type"), what, kinds, path, problems)
    if kind is None:
        return head, None, None
    rest = {k: v for k, v in table.items() if k not in known}
    return head, validated(kind.Config, rest, path, table, problems, also=sorted(known)), kind


def _none(options: Options, timeout: float) -> Iterable[tuple[str, str]]:
    return ()


def _kind(name: object, what: str, kinds: Kinds | NotifierKinds, path: str, problems: list[Problem]) -> Any:
    if not isinstance(name, str):
        return None
    if name not in kinds.names():
        known = ", ".join(kinds.names())
        text = f'there is no {what} "{name}"{nearest(name, kinds.names())} ({known})'
        problems.append(Problem(f"{path}.type", text))
        return None
    return kinds.load(name)
