"""`statuspage monitor`: the loop that looks, decides and stores."""

import asyncio
from pathlib import Path

import click

from statuspage.cli._common import CONFIG_ERROR, NOT_OK, accepted_option, config_option, fail, load_to_run_or_fail
from statuspage.config import Config


@click.command("monitor")
@config_option
@accepted_option
def command(path: Path, accepted: Path | None) -> None:
    """Look, decide and store, until SIGTERM. SIGHUP or a changed file reloads the configuration."""
    from statuspage import logs
    from statuspage.app import run_monitor
    from statuspage.monitor.single import AlreadyRunning
    from statuspage.parent import end_with_supervisor
    from statuspage.store import StaleLease, StoreError

    def read() -> Config:
        config = load_to_run_or_fail(path, accepted)
        logs.setup(config.secrets)
        return config

    end_with_supervisor()
    try:
        asyncio.run(run_monitor(path, read, accepted))
    except AlreadyRunning as error:
        fail(str(error), CONFIG_ERROR)
    except StaleLease as error:
        fail(f"the lease of this monitor ended, by another monitor or a new database: {error}", NOT_OK)
    except StoreError as error:
        fail(f"store: {error}", NOT_OK)
