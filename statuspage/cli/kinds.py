"""`statuspage kinds`: what can be watched, told and set in motion, with every option, from the code itself."""

import inspect
from typing import Any

import click

from statuspage.cli._common import fail, json_option, print_json


@click.command("kinds")
@click.argument("what", type=click.Choice(["probe", "notifier", "actuator"]), default="probe")
@click.argument("name", required=False)
@json_option
def command(what: str, name: str | None, as_json: bool) -> None:
    """Print every kind with its options and an example; `kinds probe redis` prints one."""
    from statuspage.app import ACTUATORS, KINDS, NOTIFIERS

    kinds = {"notifier": NOTIFIERS, "actuator": ACTUATORS}.get(what, KINDS)
    names = list(kinds.names())
    if name is not None and name not in names:
        fail(f'there is no {what} "{name}" ({", ".join(names)})', 2)
    found = [_describe(each, kinds.module(each)) for each in names if name in (None, each)]
    if as_json:
        print_json(found)
        return
    for kind in found:
        _show(kind)


def _describe(name: str, module: Any) -> dict[str, Any]:
    options = [
        {
            "name": option,
            "required": field.is_required(),
            "default": None if field.is_required() else _default(field),
            "description": " ".join(str(field.description or "").split()),
        }
        for option, field in module.Config.model_fields.items()
    ]
    described = {"name": name, "description": inspect.getdoc(module), "options": options}
    return described | ({"stages": list(module.STAGES)} if hasattr(module, "STAGES") else {})


def _default(field: Any) -> str | None:
    default = field.get_default(call_default_factory=True)
    return None if default in (None, (), {}) else str(default)


def _show(kind: dict[str, Any]) -> None:
    click.secho(kind["name"], bold=True)
    click.echo(inspect.cleandoc(kind["description"] or ""))
    click.echo(f"\n  Stages: {', '.join(kind['stages'])}\n" if "stages" in kind else "")
    for option in kind["options"]:
        default = "required" if option["required"] else f"default {option['default']}" if option["default"] else ""
        click.echo(f"  {option['name']:<22} {option['description']}{f' ({default})' if default else ''}")
    click.echo()
