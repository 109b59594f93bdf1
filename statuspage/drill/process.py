"""Child processes that never outlive us.

Each child runs under a guard (guard.py) that holds the reading end of a pipe from us. Stopping a child is closing
the pipe, and so is our death, however it comes: there is one way to end and it is used every time. Children are
in process groups of their own, so Ctrl-C on a terminal reaches us alone and we end them in order.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

_GUARD = Path(__file__).with_name("guard.py")
_LINE_LIMIT = 2**20


class ChildFailed(Exception):
    """A child did not come up. Carries its name and the last lines it wrote."""

    def __init__(self, name: str, problem: str, lines: Sequence[str] = ()) -> None:
        super().__init__(name, problem, tuple(lines))
        self.name = name
        self.problem = problem
        self.lines = tuple(lines)

    def __str__(self) -> str:
        said = "".join(f"\n  {line}" for line in self.lines)
        return f"{self.name} {self.problem}{said}"


class Child:
    """A running child. Made by `Child.start`; `pid` is the program's own process."""

    def __init__(self, name: str, guard: Process, grace: float, sink: Callable[[str], None] | None) -> None:
        self.name = name
        self.pid = 0
        self.said: dict[str, int] = {}
        self.last_lines: deque[str] = deque(maxlen=12)
        self._guard = guard
        self._grace = grace
        self._sink = sink
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        says: Sequence[str] = (),
        sink: Callable[[str], None] | None = None,
        env: Mapping[str, str] | None = None,
        grace: float = 1.5,
        within: float = 20.0,
    ) -> Self:
        """Start `command` and wait until it has said, as JSON lines of whole numbers, all that `says` names.

        Every other line of its output goes to `sink`. `grace` is the time it is given to end before it is killed.
        Raises ChildFailed where it ends first or is not up `within` that many seconds.
        """
        guard = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", str(_GUARD), str(grace), *command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            env=env,
            limit=_LINE_LIMIT,
            process_group=0,
        )
        child = cls(name, guard, grace, sink)
        try:
            async with asyncio.timeout(within):
                await child._wait_until_said({"pid", *says})
        except TimeoutError:
            await child.stop()
            raise ChildFailed(name, f"was not up within {within:g} s", list(child.last_lines)) from None
        except BaseException:
            await child.stop()
            raise
        return child

    async def _read(self) -> None:
        assert self._guard.stdout is not None
        while True:
            try:
                raw = await self._guard.stdout.readline()
            except ValueError:
                continue  # a line over the limit is dropped
            if not raw:
                break
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            facts = _facts(line)
            if facts is None:
                self.last_lines.append(line)
                if self._sink is not None:
                    self._sink(line)
                continue
            self.said |= facts
            async with self._news:
                self._news.notify_all()
        await self._guard.wait()
        async with self._news:
            self._news.notify_all()

    async def _wait_until_said(self, wanted: set[str]) -> None:
        async with self._news:
            await self._news.wait_for(lambda: wanted <= self.said.keys() or self._guard.returncode is not None)
        if not wanted <= self.said.keys():
            raise ChildFailed(self.name, f"ended at once (status {self._guard.returncode})", list(self.last_lines))
        self.pid = self.said["pid"]

    @property
    def alive(self) -> bool:
        return self._guard.returncode is None

    async def wait(self) -> int:
        """Wait for its end; gives the exit status, 128 + n where signal n ended it."""
        await asyncio.shield(self._reading)
        status = await self._guard.wait()
        return status if status >= 0 else 128 - status

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does (SIGSTOP): its ports stay open, nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo `freeze`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:  # while the guard lives it has not given the number back
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self) -> int:
        """End it, politely at first. Gives the exit status; may be called again."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        try:
            async with asyncio.timeout(self._grace + 2):
                await asyncio.shield(self._reading)
        except TimeoutError:
            # The guard is gone, or somebody holds its output open: end the whole group, which is only ours.
            with suppress(ProcessLookupError):
                os.killpg(self._guard.pid, signal.SIGKILL)
        return await self.wait()


def _facts(line: str) -> dict[str, int] | None:
    if not line.startswith("{"):
        return None
    try:
        facts = json.loads(line)
    except ValueError:
        return None
    if not isinstance(facts, dict) or not all(type(value) is int for value in facts.values()):
        return None
    return facts


def stand_in(module: str, *arguments: str) -> list[str]:
    """The command line of a stand-in of this package."""
    return [sys.executable, "-m", f"statuspage.drill.{module}", *arguments]
