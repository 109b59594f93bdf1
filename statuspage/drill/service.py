"""What every stand-in process does: listen, say where as one JSON line, serve until told to stop."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

Start = Callable[[int], AbstractAsyncContextManager[Mapping[str, int]]]
"""Takes the wanted port (0: any), serves while entered, gives the ports it listens on."""


def main(what: str, start: Start, arguments: list[str] | None = None) -> None:
    """The command line of a stand-in: `--port`, then `{"port": …}` on standard output, then service until SIGTERM."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args(arguments)
    asyncio.run(_serve(start, options.port))


async def _serve(start: Start, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with start(port) as ports:
        sys.stdout.write(json.dumps(dict(ports)) + "\n")
        sys.stdout.flush()
        await stop.wait()
