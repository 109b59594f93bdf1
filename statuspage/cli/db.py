"""`statuspage db`: the database, by hand."""

from pathlib import Path

import click

from statuspage.cli._common import NOT_OK, config_option, fail, json_option, load_or_fail, print_json, working


@click.group("db")
def command() -> None:
    """Upgrade or check the database."""


@command.command("upgrade")
@config_option
def upgrade(path: Path) -> None:
    """Bring the database to this version's shape. `monitor` and `run` do it by themselves at their start."""
    from statuspage.clock import SystemClock
    from statuspage.store import StoreError, open_store

    config = load_or_fail(path)
    store = open_store(config.store_url)
    try:
        with working("Bringing the database up to date"):
            store.upgrade(SystemClock().now())
    except StoreError as error:
        fail(f"store: {error}", NOT_OK)
    finally:
        store.close()
    click.echo("The database is up to date.")


@command.command("check")
@config_option
@json_option
def check(path: Path, as_json: bool) -> None:
    """Say whether the database can be used, and how far it is."""
    from statuspage.store import StoreError, open_store

    config = load_or_fail(path)
    store = open_store(config.store_url)
    try:
        store.require()
        head = store.head()
    except StoreError as error:
        fail(f"store: {error}", NOT_OK)
    finally:
        store.close()
    found = {"generation": head.generation, "revision": head.revision, "lease_epoch": head.lease_epoch}
    if as_json:
        print_json(found)
    else:
        click.echo(f"The database is good: generation {head.generation}, revision {head.revision}.")
