"""Routes in lines: where each is and why, what every guard sees, what an act came to, and go or no-go."""

from collections.abc import Iterable
from typing import Any

import click

from statuspage.cli._desk import Document, Place
from statuspage.cli._shown import line, say
from statuspage.cli._times import for_people

_NEEDS = {"proposed": "waits for approval", "locked": "locked", "blocked": "blocked", "not_ready": "not ready"}
_COLOURS = {"ok": "green", "warn": "yellow", "no-go": "red"}


def routes(found: Document, place: Place) -> None:
    """Every route in a line, then every provider."""
    rows = [_row(each, place) for each in found["routes"]]
    if not rows:
        say("No route is configured.")
        return
    _table([("ROUTE", "ON", "MODE", "EPOCH", "SINCE", "STATE"), *rows])
    say()
    for each in found["providers"]:
        limit = f" of {each['capacity']:,}" if each["capacity"] is not None else ""
        why = f" ({line(each['why'])})" if each["why"] else ""
        since = f" since {for_people(each['since'], place.zone, place.now)}" if each["since"] else ""
        say(f"{line(each['name'])} is {each['health']}{why}{since}, {each['users']:,}{limit} users")


def why(found: Document, place: Place) -> None:
    """One route with its providers and every guard; those that speak are bold."""
    _head(found, place)
    for each in found["providers"]:
        reason = f", {line(each['why'])}" if each["why"] else ""
        since = f" since {for_people(each['since'], place.zone, place.now)}" if each["since"] else ""
        say(f"  {line(each['name'])}: {each['health']}{reason}{since}")
    for way in found["ways"]:
        speaks = [each for each in way["guards"] if each["blocks"]]
        words = f"{len(speaks)} guard{'' if len(speaks) == 1 else 's'} against it" if speaks else "nothing against it"
        say()
        say(f"To {line(way['name'])} [{line(way['to'])}]: {words}")
        for each in way["guards"]:
            mark = "no" if each["blocks"] else "ok"
            asks = "  (asks the robot only)" if each["asks"] == "robot" and each["blocks"] else ""
            say(f"  {mark}  {each['guard']:<18} {line(each['detail'])}{asks}", bold=each["blocks"])


def before(found: Document) -> None:
    """The epoch that an act goes by, on standard error: it is no part of the answer."""
    say(f"{line(found['id'])} is at epoch {found['epoch']}, on {line(found['provider_name'])}.", err=True)


def after(found: Document, place: Place) -> None:
    """What an act came to."""
    name = line(found["component"]["name"])
    say(f"{name}: {line(found['provider_name'])}, epoch {found['epoch']}.", bold=True)
    if found["ramp"] is not None and found["ramp"]["moved"] < 1:
        ends = for_people(found["ramp"]["ends"], place.zone, place.now)
        say(f"  Clients move one by one until {ends}.")
    _marks(found, place)
    say(f"  Next: {_next(found, place)}")
    names = dict.fromkeys(line(each["destination"]) for each in found.get("notifies", []))
    say(f"  {', '.join(names)} will be told now." if names else "  Nobody is notified of this.")


def ready(found: Document, place: Place) -> None:
    """Every line, the worst last: a terminal shows its end."""
    ranks = {verdict: rank for rank, verdict in enumerate(_COLOURS)}
    lines = sorted(found["lines"], key=lambda each: ranks.get(each["verdict"], len(ranks)))
    width = max([len(line(each["of"])) for each in lines], default=0)
    for each in lines:
        click.secho(f"{line(each['verdict']):<5}", fg=_COLOURS.get(each["verdict"]), nl=False)
        say(f"  {each['name']:<12}  {line(each['of']):<{width}}  {line(each['detail'])}")
    about = f"{line(found['event'])}, {for_people(found['moment'], place.zone, place.now)}" if found["event"] else "now"
    say()
    say(f"{'GO' if found['go'] is True else 'NO-GO'} ({about})", bold=True)


def _head(found: Document, place: Place) -> None:
    since = for_people(found["since"], place.zone, place.now)
    say(f"{line(found['component']['name'])} [{line(found['id'])}]", bold=True)
    say(f"  On {line(found['provider_name'])} since {since}, by {line(found['by'])}: {line(found['cause'])}")
    if found["reason"]:
        say(f"  {line(found['reason'])}")
    say(f"  Mode {found['mode']}, prefers {', '.join(map(line, found['prefer']))}, epoch {found['epoch']}")
    drilled = for_people(found["exercised_at"], place.zone, place.now) if found["exercised_at"] else "never"
    say(f"  Last exercised: {drilled}. Standby: {line(found['standby'] or 'none is proven')}")
    _marks(found, place)
    say(f"  Next: {_next(found, place)}")


def _marks(found: Document, place: Place) -> None:
    for what in ("pinned", "paused"):
        if found[what] is not None:
            until = for_people(found[what]["until"], place.zone, place.now)
            say(f"  {what.capitalize()} by {line(found[what]['by'])} until {until}: {line(found[what]['reason'])}")
    if found["locked_at"] is not None:
        say("  Locked: it moved too often. statuspage route ack unlocks it.")
    if found["proposal"] is not None:
        say(f"  Proposed: {line(found['proposal']['to'])}, for {line(found['proposal']['reason'])}")


def _row(each: Document, place: Place) -> tuple[str, ...]:
    marks = [_NEEDS.get(need, need) for need in each["needs"]]
    marks += [what for what in ("pinned", "paused") if each[what] is not None]
    if each["ramp"] is not None and each["ramp"]["moved"] < 1:
        marks.append(f"moving, {each['ramp']['moved']:.0%}")
    since, state = for_people(each["since"], place.zone, place.now), ", ".join(marks) or "well"
    return line(each["id"]), line(each["provider_name"]), each["mode"], str(each["epoch"]), since, state


def _next(found: Document, place: Place) -> str:
    step: dict[str, Any] = found["next"]
    at = f", at {for_people(step['at'], place.zone, place.now)}" if step["at"] else ""
    return f"{line(step['what'])}{at}"


def _table(rows: Iterable[tuple[str, ...]]) -> None:
    known = list(rows)
    widths = [max(len(row[column]) for row in known) for column in range(len(known[0]))]
    for row in known:
        say("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
