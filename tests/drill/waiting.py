"""Waiting for conditions, with a deadline."""

import asyncio
from collections.abc import Callable
from pathlib import Path


async def until(true: Callable[[], bool], within: float = 20.0) -> None:
    """Return as soon as `true()` is; fail where it is not within so many seconds."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what we wait for is outside this process
            await asyncio.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether that process exists and has not ended (a zombie has)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
