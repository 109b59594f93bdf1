"""One site, and two ways to act on it: on this machine's database, and over `--server` with a served web process."""

import base64
import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from statuspage.app import load_config
from statuspage.auth.links import new_token
from statuspage.cli import main
from statuspage.core.people import COMMAND, Actor
from statuspage.core.role import Role
from statuspage.core.state import Decision, Held
from statuspage.core.status import Status
from statuspage.store import Store, open_store
from tests.processes import STATUSPAGE
from tests.secret_key import secret_key
from tests.web import processes

SECRET = "tQ9-made-for-these-tests-4Xw8rNb2KpL7vHs"
SERVED = processes.PROGRAM.replace("WebConfig(public, store)", f'WebConfig(public, store, "", "{SECRET}")')
"""A web process with a staff area, and so with the API."""


def make_site(folder: Path, more: str = "") -> Path:
    """A configuration with two manual components and a destination, and its database as a monitor would leave it.

    `more` are further tables.
    """
    path, signing = folder / "config.toml", folder / "signing.key"
    signing.write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    path.write_text(
        f"""
[site]
name = "InEvent"
url = "https://status.example.com"
time_zone = "America/New_York"
{secret_key(folder)}
[[component]]
id = "firebase"
name = "Firebase Web Sockets"
[[component]]
id = "redis"
name = "Redis"
[[notify]]
id = "ops"
type = "webhook"
url = "https://hooks.example.com/x"
secrets = [{{ file = "{signing}" }}]
events = ["incident.*", "maintenance.*"]
{more}"""
    )
    store = store_of(path)
    now = datetime.now(UTC)
    store.upgrade(now)
    site = load_config(path).site
    held = tuple(Held(each.id, Status.OPERATIONAL, now, created_at=now) for each in site.components)
    store.transact(lambda _: Decision(site=site, created=held), now)
    store.close()
    return path


def store_of(config: Path) -> Store:
    """The store of that configuration."""
    return open_store(load_config(config).store_url)


@contextmanager
def served(config: Path) -> Iterator[processes.Web]:
    """Its web, in a process of its own."""
    address = f"sqlite:///{config.parent / 'data' / 'statuspage.db'}"
    with processes.running(config.parent / "public", address, program=SERVED) as web:
        yield web


def token(config: Path, role: Role = Role.ADMIN, name: str = "ci") -> str:
    """A new token."""
    store = store_of(config)
    secret, hash, made = new_token(name, role, COMMAND, datetime.now(UTC), None)
    store.accounts.add_token(made, hash, Actor(COMMAND, "here"))
    store.close()
    return secret


@dataclass
class Terminal:
    """Where commands are typed. `options` follow each, `variables` stand in the environment."""

    options: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """One command, to its end."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STATUSPAGE_")}
        return subprocess.run(
            [*STATUSPAGE, *arguments, *self.options],
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**environment, **self.variables},
        )

    def says(self, *arguments: str, given: str = "") -> str:
        """What a command that succeeds prints."""
        found = self.run(*arguments, given=given)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    def gives(self, *arguments: str, given: str = "") -> Any:
        """The document of a command that succeeds."""
        return json.loads(self.says(*arguments, "--json", given=given))

    def refuses(self, code: int, *arguments: str, given: str = "") -> str:
        """What a command that is refused prints on standard error."""
        found = self.run(*arguments, given=given)
        assert found.returncode == code, found.stdout + found.stderr
        assert "Traceback" not in found.stderr
        return found.stderr


class Inside(Terminal):
    """The same without a process of its own, for the many ways to type something wrong."""

    def run(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        variables: dict[str, str | None] = {name: None for name in os.environ if name.startswith("STATUSPAGE_")}
        command = [*arguments, *self.options]
        found = CliRunner().invoke(main, command, input=given, env={**variables, **self.variables})
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exc_info
        return subprocess.CompletedProcess(command, found.exit_code, found.stdout, found.stderr)
