"""From text to a Config, or to every problem at once."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from statuspage.config.entries import Entries, entry
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
    file = validated(File, raw, "", raw, problems, folder=folder)
    checks = tuple(_checks(raw.get("check"), kinds, folder, problems))
    told = tuple(_notifiers(raw.get("notify"), notifiers, folder, problems))
    acting = tuple(_actuators(raw.get("actuator"), actuators, folder, problems))
    entries = Entries(raw)
    delivery = validated(Delivery, raw.get("delivery", {}), "delivery", None, [])
    allow = delivery.allow if delivery else None
    problems += cross_references(entries, allow)
    problems += notifier_problems(entries, told, allow)
    problems += actuator_problems(entries, acting, allow)
    if secret_key is not None:
        problems += _key_problems(raw.get("site", {}), secret_key, folder)
    image = logo(raw.get("site"), folder, problems)
    if problems:
        raise ConfigError(problems)
    assert file is not None
    return Config(file, checks, folder, tuple(warnings(file, checks)), told, acting, image, text)


def _key_problems(site: Any, rule: KeyRule, folder: Path) -> Iterable[Problem]:
    if not isinstance(site, dict):
        return  # that is said already, and so is what is wrong with a key that is no secret
    key = validated(Secret, site["secret_key"], "", None, [], folder=folder) if "secret_key" in site else None
    if key is not None or "secret_key" not in site:
        trouble = rule(key.reveal() if key is not None else None)
        if trouble is not None:
            yield Problem("site.secret_key", trouble)


def _checks(tables: Any, kinds: Kinds, folder: Path, problems: list[Problem]) -> Iterable[Check]:
    for index, table in _tables(tables):
        check = entry("check", index, table)
        head, options, kind = _decoded(CheckHead, table, check.path, "probe", kinds, folder, problems)
        if kind is None:
            continue
        problems += check_problems(check, kind)
        if options is not None and check.knows("timeout"):
            against_time = getattr(kind, "problems", _none)(options, check["timeout"].total_seconds())
            problems += [Problem(f"{check.path}.{option}", text) for option, text in against_time]
        if head is not None and options is not None:
            yield Check(head, options)


def _notifiers(tables: Any, kinds: NotifierKinds, folder: Path, problems: list[Problem]) -> Iterable[Notifier]:
    for index, table in _tables(tables):
        path = name_of("notify", index, table)
        head, options, kind = _decoded(NotifyHead, table, path, "notifier", kinds, folder, problems)
        if head is not None and options is not None:
            yield Notifier(head, options, kind.urls(options), getattr(kind, "PAGES", False))


def _actuators(tables: Any, kinds: NotifierKinds, folder: Path, problems: list[Problem]) -> Iterable[Actuator]:
    for index, table in _tables(tables):
        path = name_of("actuator", index, table)
        head, options, kind = _decoded(ActuatorHead, table, path, "actuator", kinds, folder, problems)
        if head is not None and options is not None:
            yield Actuator(head, options, kind.urls(options))


def _tables(tables: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            yield index, table


def _decoded(
    model: Any,
    table: dict[str, Any],
    path: str,
    what: str,
    kinds: Kinds | NotifierKinds,
    folder: Path,
    problems: list[Problem],
) -> tuple[Any, Any, Any]:
    """What all tables of this sort have in common, the options of its kind, and the kind; None for what is wrong."""
    known = set(model.model_fields)
    head = validated(model, {k: v for k, v in table.items() if k in known}, path, table, problems)
    kind = _kind(table.get("type"), what, kinds, path, problems)
    if kind is None:
        return head, None, None
    rest = {k: v for k, v in table.items() if k not in known}
    return head, validated(kind.Config, rest, path, table, problems, also=sorted(known), folder=folder), kind


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
