"""`statuspage probe`: run checks once, now, and show what they saw."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import click

from statuspage.cli._common import CONFIG_ERROR, NOT_OK, fail, json_option, load_or_fail, print_json
from statuspage.config import Check, ConfigError, loads
from statuspage.core.observation import Observation, Outcome

SHAPES = {Outcome.OK: "✓", Outcome.SLOW: "◆", Outcome.FAIL: "✗", Outcome.BLIND: "?"}
COLOURS = {Outcome.OK: "green", Outcome.SLOW: "yellow", Outcome.FAIL: "red", Outcome.BLIND: "bright_black"}


@click.command("probe")
@click.option("-c", "--config", "path", type=click.Path(path_type=Path, dir_okay=False), help="Run its checks.")
@click.option("--type", "kind", help="Without a file: the kind of probe (see `statuspage kinds probe`).")
@click.option("--url", help="Without a file: the address; the same as `-o url=…`.")
@click.option("--timeout", help="Without a file: the time limit. [default: 8s]")
@click.option(
    "-o", "options", multiple=True, metavar="NAME=VALUE", help="Without a file: an option of the kind (TOML)."
)
@click.argument("checks", nargs=-1)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    path: Path | None,
    kind: str | None,
    url: str | None,
    timeout: str | None,
    options: tuple[str, ...],
    checks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run checks once, now: those of a file, or one that is described here.

    \b
    statuspage probe -c config.toml [CHECK ...]
    statuspage probe --type redis --url redis://127.0.0.1:6379
    statuspage probe --type tcp -o host=127.0.0.1 -o port=22

    Exits with 0 when all are ok, 1 when some are not, 2 when it cannot be asked like this.
    """
    if kind is None and path is None and Path("config.toml").is_file():
        path = Path("config.toml")
    if (kind is None) == (path is None):
        fail("give either -c FILE or --type KIND (statuspage probe --help shows both)", CONFIG_ERROR)
    if path is not None and (url or timeout or options):
        fail("--url, --timeout and -o describe a check without a file: leave them out with -c FILE", CONFIG_ERROR)
    if kind is not None and checks:
        fail("CHECK names a check of a file: use it with -c FILE", CONFIG_ERROR)
    chosen = _described(kind, url, timeout, options) if kind is not None else _of_file(path, checks)
    seen = asyncio.run(_run(chosen, progress=not as_json))
    if as_json:
        print_json([_as_dict(each) for each in seen])
    else:
        for check, each in zip(chosen, seen, strict=True):
            _show(check, each)
    if any(each.outcome is not Outcome.OK for each in seen):
        ctx.exit(NOT_OK)


def _of_file(path: Path | None, names: tuple[str, ...]) -> list[Check]:
    assert path is not None
    config = load_or_fail(path)
    known = {check.id: check for check in config.checks}
    for name in names:
        if name not in known:
            fail(f'there is no check "{name}" in {path} ({", ".join(known) or "it has none"})', CONFIG_ERROR)
    if not known:
        fail(f"no check in {path}", CONFIG_ERROR)
    return [known[name] for name in names] if names else list(config.checks)


def _described(kind: str, url: str | None, timeout: str | None, options: tuple[str, ...]) -> list[Check]:
    """The check that the options describe, decoded by the same rules as one in a file."""
    from statuspage.app import KINDS

    lines = ['[[component]]\nid = "probe"\nname = "probe"\n\n[[check]]\nid = "probe"\ncomponent = "probe"']
    lines.append(f"type = {_quoted(kind)}")
    if timeout is not None:
        lines.append(f"timeout = {_quoted(timeout)}")
    if url is not None:
        lines.append(f"url = {_quoted(url)}")
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not _OPTION.fullmatch(name):
            fail(f"-o {option}: write NAME=VALUE, with an option's name (statuspage kinds probe)", CONFIG_ERROR)
        lines.append(f"{name} = {_toml(value)}")
        if not _is_toml("\n".join(lines)):
            fail(f"-o {option}: {name} is said already", CONFIG_ERROR)
    try:
        return list(loads("\n".join(lines), KINDS, Path.cwd()).checks)
    except ConfigError as error:
        problems = [str(each).removeprefix("check[probe].") for each in error.problems]
    if url is not None and "@" in url and kind in KINDS.names() and "password" in KINDS.load(kind).Config.model_fields:
        problems.append("""for a password write -o 'password={env="NAME"}', for a user -o username=NAME""")
    fail("\n".join(problems), CONFIG_ERROR)


_OPTION = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
"""A key of TOML; one with dots leads into a table."""


def _quoted(text: str) -> str:
    import json

    return json.dumps(text)


def _toml(value: str) -> str:
    """A value as TOML where it is TOML already (numbers, true, lists, tables), else as a text."""
    return value if "\n" not in value and _is_toml(f"value = {value}") else _quoted(value)


def _is_toml(text: str) -> bool:
    import tomllib

    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


async def _run(checks: list[Check], *, progress: bool) -> list[Observation]:
    from statuspage.app import probe_once
    from statuspage.clock import SystemClock

    clock = SystemClock()
    looks = [probe_once(check, clock) for check in checks]
    if not (progress and sys.stderr.isatty()):
        return list(await asyncio.gather(*looks))
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task(f"{len(looks)} running", total=len(looks))

        async def one(look: Any) -> Observation:
            seen: Observation = await look
            bar.advance(task)
            return seen

        return list(await asyncio.gather(*(one(look) for look in looks)))


def _as_dict(seen: Observation) -> dict[str, Any]:
    return {
        "check": seen.check,
        "at": seen.at.isoformat(),
        "outcome": seen.outcome.value,
        "reason": seen.reason.value if seen.reason else None,
        "stage": seen.stage,
        "detail": seen.detail,
        "took_ms": seen.took_ms,
        "stages": [{"name": stage.name, "ms": stage.ms} for stage in seen.stages],
        "facts": dict(seen.facts),
    }


def _show(check: Check, seen: Observation) -> None:
    head = f"{SHAPES[seen.outcome]} {check.id} ({check.head.type}): {seen.outcome.value}"
    if seen.reason is not None:
        head += f", {seen.reason.value}" + (f" at stage {seen.stage}" if seen.stage else "")
    click.secho(head + f", {seen.took_ms:.1f} ms", fg=COLOURS[seen.outcome], bold=True)
    if seen.detail:
        click.echo(f"  {seen.detail}")
    bad = seen.stage if seen.outcome in (Outcome.FAIL, Outcome.BLIND) else None
    for stage in seen.stages:
        click.echo(
            f"  {SHAPES[seen.outcome if stage.name == bad else Outcome.OK]} {stage.name:<12} {stage.ms:>9.1f} ms"
        )
    if bad is not None and bad not in {stage.name for stage in seen.stages}:
        click.echo(f"  {SHAPES[seen.outcome]} {seen.stage:<12} {seen.reason.value if seen.reason else '':>12}")
    for name, value in seen.facts.items():
        click.echo(f"    {name} = {value}")
