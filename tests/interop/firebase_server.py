"""npm's `firebase-server`: an RTDB server that others wrote, as a process of its own.

`-n` must be its own address, or clients are sent elsewhere.
"""

import asyncio
import json
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.npm import install
from tests.interop.recipes import FIREBASE_SERVER
from tests.programs import need

START_LIMIT = 30.0


@dataclass
class FirebaseServer:
    """A running server."""

    port: int
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}?ns=probe"

    def freeze(self) -> None:
        """Stop the process where it stands; its port stays open."""
        os.kill(self.process.pid, signal.SIGSTOP)


@asynccontextmanager
async def firebase_server(
    *, rules: dict[str, Any] | None = None, secret: str | None = None
) -> AsyncIterator[FirebaseServer]:
    """Start one on a free port of 127.0.0.1, and end it whatever state it is in."""
    folder = await asyncio.to_thread(install, FIREBASE_SERVER)
    port = _free_port()
    command = [need("node"), "node_modules/firebase-server/bin/firebase-server.js"]
    command += ["-a", "127.0.0.1", "-p", str(port), "-n", f"127.0.0.1:{port}"]
    command += ["-s", secret] if secret is not None else []
    with tempfile.TemporaryDirectory() as work:
        if rules is not None:
            (Path(work) / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
            command += ["-r", str(Path(work) / "rules.json")]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await _until_open(port, process)
            yield FirebaseServer(port, process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def _until_open(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_LIMIT):
        while True:
            assert process.returncode is None, "firebase-server ended by itself"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
