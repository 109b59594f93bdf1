"""`statuspage notify`: try a destination now by the same guard, and look after what could not be delivered."""

import getpass
import secrets
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from statuspage.cli._common import CONFIG_ERROR, NOT_OK, config_option, fail, json_option, load_or_fail, print_json
from statuspage.core.clock import Clock
from statuspage.core.events import person_event
from statuspage.core.retrying import Answer, Delivered, schedule
from statuspage.core.state import Decision
from statuspage.core.telling import Message, MessageState

if TYPE_CHECKING:
    from statuspage.config import Config
    from statuspage.store import Store


@click.group("notify")
def command() -> None:
    """Try the destinations of a configuration file, and look after their messages."""


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


@command.command("list")
@config_option
@json_option
def listed(path: Path, as_json: bool) -> None:
    """Print every destination, what waits for it, and the messages that died."""
    with _store_of(load_or_fail(path)) as (config, store):
        counts, quiet = store.outbox.counts_by_destination(), store.outbox.silenced()
        names = dict.fromkeys([*(each.id for each in config.notifiers), *counts])
        destinations = [
            {
                "destination": name,
                **{state.value: counts.get(name, {}).get(state, 0) for state in MessageState},
                "silenced": quiet[name].reason if name in quiet else None,
            }
            for name in names
        ]
        dead = [_dead_as_dict(each) for each in store.outbox.dead_letters()]
    if as_json:
        print_json({"destinations": destinations, "dead": dead})
        return
    for each in destinations:
        figures = ", ".join(f"{each[state.value]} {state.value}" for state in MessageState)
        click.echo(
            f"{each['destination']}: {figures}" + (f"; silenced: {each['silenced']}" if each["silenced"] else "")
        )
    for each in dead:
        click.echo(f"✗ {each['message']} {each['kind']} for {each['destination']}: {each['error']}")


@command.command("retry")
@config_option
@click.argument("message")
def retry(path: Path, message: str) -> None:
    """Try a dead MESSAGE again, under its own id."""
    refusal = f'there is no dead message "{message}"'
    _act(path, "message.retried", message, refusal, lambda store, now: store.outbox.retry_dead(message, now))


@command.command("drop")
@config_option
@click.argument("message")
def drop(path: Path, message: str) -> None:
    """Put a dead MESSAGE aside."""
    refusal = f'there is no dead message "{message}"'
    _act(path, "message.dropped", message, refusal, lambda store, now: store.outbox.drop_dead(message, now))


@command.command("resume")
@config_option
@click.argument("destination")
def resume(path: Path, destination: str) -> None:
    """Send to a DESTINATION again that was silenced because it said that it is gone."""
    refusal = f'"{destination}" is not silenced'
    _act(path, "destination.resumed", destination, refusal, lambda store, _: store.outbox.unsilence(destination))


@contextmanager
def _store_of(config: "Config") -> "Iterator[tuple[Config, Store]]":
    from statuspage.store import StoreError, open_store

    store = open_store(config.store_url)
    try:
        store.require()
        yield config, store
    except StoreError as error:
        fail(f"store: {error}", NOT_OK)
    finally:
        store.close()


def _act(path: Path, kind: str, subject: str, otherwise: str, act: "Callable[[Store, datetime], object]") -> None:
    """Change something of the outbox and write into the journal who did it; exit 2 when there was nothing to change."""
    from statuspage.clock import SystemClock

    now = SystemClock().now()
    with _store_of(load_or_fail(path)) as (_, store):
        if not act(store, now):
            fail(otherwise, CONFIG_ERROR)
        event = person_event(kind, subject, f"cli:{_user()}", now)
        store.transact(lambda _: Decision(events=(event,)), now)
    click.echo("done")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "unknown"


def _dead_as_dict(message: Message) -> dict[str, Any]:
    return {
        "message": message.id,
        "destination": message.destination,
        "kind": message.kind,
        "about": message.subject,
        "at": message.at.isoformat(),
        "attempts": message.attempts,
        "error": message.last_error,
    }


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
