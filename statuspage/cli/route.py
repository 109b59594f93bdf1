"""`statuspage route`: where the modules are and why; moving them, from a terminal or a script, or over `--server`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import click

from statuspage.cli import _shown_routes
from statuspage.cli._common import NOT_OK, fail, json_option, print_json
from statuspage.cli._desk import Desk, Document, desk, plain, where_options
from statuspage.cli._times import coming_time, for_document, length
from statuspage.core.operating import Guarded
from statuspage.core.refusals import Conflict, Refused

F = TypeVar("F", bound=Callable[..., Any])
PAUSE = timedelta(minutes=60)

_reason = click.option("--reason", required=True, metavar="TEXT", help="Why; it goes into the journal.")
_epoch = click.option(
    "--epoch", type=click.IntRange(0), metavar="N", help="Act only at this epoch. [default: the present]"
)
_override = click.option(
    "--override", multiple=True, metavar="GUARD", help="Do it although this guard speaks against it. Repeatable."
)
_for = click.option("--for", "lasts", metavar="30m", help="For how long.")
_until = click.option("--until", metavar="TIME", help="Until when, instead of --for.")


def act_options(command: F) -> F:
    """What every act takes."""
    for option in (_epoch, _reason, where_options, json_option):
        command = option(command)
    return command


@click.group("route")
def command() -> None:
    """See why routes are where they are, and move, approve, pin, pause, resume and acknowledge them.

    ROUTE is a route's id of the configuration. Times without an offset are in the site's zone.
    """


@command.command("list")
@json_option
@where_options
def list_(as_json: bool, **more: Any) -> None:
    """Print every route, where it is, and what needs a person."""
    with _desk(more) as at:
        found = at.routes()
        if as_json:
            print_json(found)
        else:
            _shown_routes.routes(found, at.place())


@command.command("why")
@click.argument("route")
@json_option
@where_options
def why(route: str, as_json: bool, **more: Any) -> None:
    """Print how ROUTE stands, and what every guard sees wherever it could go."""
    with _desk(more) as at:
        found = at.why(route)
        if as_json:
            print_json(found)
        else:
            _shown_routes.why(found, at.place())


@command.command("move")
@click.argument("route")
@click.argument("provider")
@_override
@_for
@_until
@click.option("--then", metavar="PROVIDER", help="Where it shall go when limited mode ends.")
@act_options
def move(route: str, provider: str, override: tuple[str, ...], then: str | None, **more: Any) -> None:
    """Send ROUTE to PROVIDER, or to `limited`, which may end by itself after --for.

    statuspage route move realtime.session-chat native --reason "Firebase is about to be worked on"
    """
    with _desk(more) as at:
        document: Document = {"to": provider, "override": list(override)}
        if more["lasts"] or more["until"]:
            document["expires_at"] = _ends(at, more)
        if then is not None:
            document["expires_to"] = then
        _act(at, route, "move", document, more)


@command.command("approve")
@click.argument("route")
@click.option("--to", metavar="PROVIDER", help="What is approved, if it is still proposed. Limited mode only with it.")
@_override
@act_options
def approve(route: str, to: str | None, override: tuple[str, ...], **more: Any) -> None:
    """Do what is proposed for ROUTE."""
    with _desk(more) as at:
        named = {"to": to} if to is not None else {}
        _act(at, route, "approve", {"override": list(override), **named}, more)


@command.command("pin")
@click.argument("route")
@_for
@_until
@act_options
def pin(route: str, **more: Any) -> None:
    """Leave ROUTE where it is, whatever happens, for --for or until --until."""
    with _desk(more) as at:
        _act(at, route, "pin", {"until": _ends(at, more)}, more)


@command.command("pause")
@click.argument("route")
@_for
@_until
@act_options
def pause(route: str, **more: Any) -> None:
    """Keep the robot's hands off ROUTE; people may still move it. [default: for 60m]"""
    with _desk(more) as at:
        _act(at, route, "pause", {"until": _ends(at, more, PAUSE)}, more)


@command.command("resume")
@click.argument("route")
@act_options
def resume(route: str, **more: Any) -> None:
    """End pause and pin of ROUTE; what a person limited is the robot's again."""
    with _desk(more) as at:
        _act(at, route, "resume", {}, more)


@command.command("ack")
@click.argument("route")
@act_options
def ack(route: str, **more: Any) -> None:
    """Unlock ROUTE, which moved too often: its budget of moves begins anew."""
    with _desk(more) as at:
        _act(at, route, "ack", {}, more)


def _act(at: Desk, route: str, act: str, document: Document, more: dict[str, Any]) -> None:
    """Do it at the epoch that was named, or at the one that stands now, which is told."""
    epoch = more["epoch"]
    if epoch is None:
        before = at.route(route)
        epoch = before["epoch"]
        if not more["as_json"]:
            _shown_routes.before(before)
    sent = {**document, "reason": more["reason"], "expected_epoch": epoch}
    try:
        after = at.on_route(route, act, sent)
    except Conflict as error:
        fail(f"epoch_conflict: {plain(route)} is at epoch {error.present} now, not {epoch}. Look again before you act.")
    if more["as_json"]:
        print_json(after)
    else:
        _shown_routes.after(after, at.place())


def _ends(at: Desk, more: dict[str, Any], default: timedelta | None = None) -> str:
    lasts, until = more["lasts"], more["until"]
    if lasts and until:
        raise Refused("--for", "give either --for or --until")
    if not lasts and not until and default is None:
        raise Refused("--for", "give --for or --until: a pin that nobody ends is forgotten")
    place = at.place()
    if until:
        return for_document(coming_time("--until", until, place.zone, place.now))
    return for_document(place.now + (length("--for", lasts) if lasts else default or timedelta()))


@contextmanager
def _desk(more: dict[str, Any]) -> Iterator[Desk]:
    """The desk; what guards say ends the command with 1, each of them on a line."""
    with desk(more["config"], more["server"], more["token"], more["token_file"]) as found:
        try:
            yield found
        except Guarded as error:
            lines = [f"  {each.guard:<20} {each.detail}" for each in error.refusals]
            names = " ".join(f"--override {each.guard}" for each in error.refusals)
            said = ["Guards speak against it; nothing was changed.", *lines, f"To do it all the same: {names}"]
            fail(plain("\n".join(said)), NOT_OK)
