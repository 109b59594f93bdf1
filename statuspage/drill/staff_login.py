"""The demo's user of the staff area: made by the product's own commands, with a password of its own in each folder.

A demo is tried without a phone at hand, so the fault console shows the code that a phone would show. Nothing
else in the product can: only whoever made a user has seen the seed.
"""

import asyncio
import json
import os
import secrets
import sys
from asyncio.subprocess import PIPE
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from statuspage.auth import codes
from statuspage.drill.process import ChildFailed

NAME = "demo"
_FILE, _KEY_FILE = "staff.json", "secret.key"


@dataclass(frozen=True, slots=True)
class StaffLogin:
    """Name, password and the seed of the codes."""

    name: str
    password: str
    seed: str
    uri: str

    def code(self, now: datetime) -> str:
        """The code of the moment, as phones show it: 123 456."""
        code = codes.code_at(self.seed, now)
        return f"{code[:3]} {code[3:]}"

    def __repr__(self) -> str:
        return f"StaffLogin({self.name})"


def key_file(folder: Path) -> Path:
    """The secret key of a demo, made when the folder is used for the first time."""
    path = folder / _KEY_FILE
    if not path.exists():
        _write(path, secrets.token_urlsafe(48))
    return path


async def staff_login(folder: Path, config: Path) -> StaffLogin:
    """The user, made when the folder is used for the first time. Raises ChildFailed where a command fails."""
    path = folder / _FILE
    if path.exists():
        return StaffLogin(**json.loads(path.read_text(encoding="utf-8")))
    await _statuspage("db", "upgrade", "-c", str(config))
    password = secrets.token_urlsafe(12)
    add = ("user", "add", NAME, "--role", "admin", "--password-stdin", "--json", "-c", str(config))
    said = json.loads(await _statuspage(*add, given=password))
    found = StaffLogin(NAME, password, said["seed"], said["uri"])
    _write(path, json.dumps(asdict(found)))
    return found


async def _statuspage(*arguments: str, given: str = "") -> str:
    command = (sys.executable, "-m", "statuspage", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate(f"{given}\n".encode())
    if process.returncode:
        raise ChildFailed(f"statuspage {arguments[0]} {arguments[1]}", "failed", err.decode().splitlines())
    return out.decode()


def _write(path: Path, text: str) -> None:
    """A file that only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
