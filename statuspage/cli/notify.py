"""`statuspage notify`: try a destination now, past the outbox, by the same guard."""

import secrets
import string
from pathlib import Path
from typing import Any

import click

from statuspage.cli._common import CONFIG_ERROR, NOT_OK, config_option, fail, json_option, load_or_fail, print_json
from statuspage.core.clock import Clock
from statuspage.core.retrying import Answer, Delivered, schedule
from statuspage.core.telling import Message


@click.group("notify")
def command() -> None:
    """Try the destinations of a configuration file."""


@command.command("test")
@config_option
@click.argument("destination")
@json_option
@click.pass_context
def test(ctx: click.Context, path: Path, destination: str, as_json: bool) -> None:
    """Send a message that says it is a test to DESTINATION, and print what was answered.

    Nothing is stored and nothing is tried again. Exits with 0 when it was taken, with 1 when not, with 2 when it
    cannot be asked like this.
    """
    from statuspage.app import senders
    from statuspage.clock import SystemClock

    config = load_or_fail(path)
    known = {each.id: each.head.type for each in config.notifiers}
    if destination not in known:
        names = ", ".join(known) or "it has none: add a [[notify]] table"
        fail(f'there is no destination "{destination}" in {path} ({names})', CONFIG_ERROR)
    clock = SystemClock()
    answer = senders(config)[destination].send(_message(destination, clock), clock)
    taken = answer.status is not None and 200 <= answer.status < 300
    if as_json:
        print_json(_as_dict(destination, known[destination], answer, taken))
    else:
        _show(destination, known[destination], answer, taken, _advice(answer, clock))
    if not taken:
        ctx.exit(NOT_OK)


def _message(destination: str, clock: Clock) -> Message:
    now = clock.now()
    return Message(
        id=f"msg_{''.join(secrets.choice(string.ascii_lowercase) for _ in range(24))}",
        destination=destination,
        queue="test",
        number=1,
        kind="test.sent",
        subject=destination,
        at=now,
        due=now,
        data={"test": True, "text": "This is a test of this destination. Nothing is wrong."},
        attempts=1,
    )


def _advice(answer: Answer, clock: Clock) -> str:
    """What would become of a real message with this answer."""
    now = clock.now()
    outcome = schedule(1, now, answer, now, 0.0)
    if isinstance(outcome, Delivered):
        return ""
    why = getattr(outcome, "why", None)
    return f"a real message would not be tried again: {why}" if why else "a real message would be tried again for a day"


def _as_dict(destination: str, kind: str, answer: Answer, taken: bool) -> dict[str, Any]:
    return {
        "destination": destination,
        "type": kind,
        "delivered": taken,
        "status": answer.status,
        "trouble": answer.trouble.value if answer.trouble else None,
        "detail": answer.detail,
        "retry_after": answer.retry_after,
        "took_ms": answer.took_ms,
    }


def _show(destination: str, kind: str, answer: Answer, taken: bool, advice: str) -> None:
    shape, colour = ("✓", "green") if taken else ("✗", "red")
    what = answer.status if answer.status is not None else (answer.trouble.value if answer.trouble else "")
    click.secho(f"{shape} {destination} ({kind}): {what}, {answer.took_ms:.1f} ms", fg=colour, bold=True)
    if answer.detail:
        click.echo(f"  {answer.detail}")
    if advice:
        click.echo(f"  {advice}")
