"""Waiting for a condition, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds until a condition that should come true counts as never coming; generous, these machines are shared."""


def wait_for(condition: Callable[[], T], what: str = "the condition", patience: float = PATIENCE) -> T:
    """Poll until `condition()` is true and return it. Fails the test after `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, f"{what} did not come true within {patience:g} s"
        time.sleep(0.02)


async def wait_until(condition: Callable[[], T], what: str = "the condition", patience: float = PATIENCE) -> T:
    """The same inside a loop."""
    until = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, f"{what} did not come true within {patience:g} s"
        await asyncio.sleep(0.02)


async def ends(awaitable: Awaitable[T], what: str = "it", patience: float = PATIENCE) -> T:
    """Await with a time limit that names what did not end."""
    try:
        return await asyncio.wait_for(awaitable, patience)
    except TimeoutError:
        raise AssertionError(f"{what} did not end within {patience:g} s") from None
