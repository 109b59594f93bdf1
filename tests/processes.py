"""Real processes of the product: started on free ports, found by their ids, ended by them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

STATUSPAGE = (sys.executable, "-m", "statuspage")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port


def statuspage(*arguments: str, cwd: Path | None = None, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*STATUSPAGE, *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )


def answer(url: str) -> str:
    """What is served there; empty while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            body: bytes = response.read()
            return body.decode()
    except OSError:
        return ""


@contextmanager
def started(*arguments: str, log: Path, command: Sequence[str] = STATUSPAGE) -> Iterator[subprocess.Popen[bytes]]:
    """A command that goes on; at the end it gets SIGTERM, and SIGKILL where that does not end it."""
    with log.open("ab") as output:
        process = subprocess.Popen([*command, *arguments], stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def children_of(pid: int) -> list[int]:
    """The processes that this one started and that still live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return sorted(found)


def command_of(pid: int) -> str:
    """A process's command line; empty when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def is_alive(pid: int) -> bool:
    """Whether the process is there and not a zombie."""
    with suppress(OSError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def part(supervisor: int, name: str) -> int | None:
    """The `monitor` or `web` that a `run` started."""
    for pid in children_of(supervisor):
        if f" -m statuspage {name} " in command_of(pid) + " ":
            return pid
    return None


def monotonic() -> float:
    """Seconds, for benchmarks and patience."""
    return time.monotonic()
