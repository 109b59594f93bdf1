"""Runs the site under granian, by RSGI: the loop answers what is prebuilt, threads of ours do what may wait.

The parent starts the workers, passes SIGTERM and Ctrl-C on and waits for them. The port is tried first, for
granian's own listeners share a port with whoever has it.
"""

import logging
import os
import signal
import socket
import threading
from dataclasses import dataclass
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.log import LogLevels
from granian.server.mp import MPServer

from statuspage.web.wsgi import VARIABLE, WebConfig

BACKPRESSURE = 8192
"""granian counts connections with it, idle ones too: at 256 that many silent connections stop the page (measured)."""

STOP_SECONDS = 5
CLAIM_TRIES, CLAIM_PAUSE = 15, 0.2
"""A web that was killed leaves workers behind for up to a second: its successor waits three."""

LOGGING: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("_granian", "granian.access")},
}
"""granian's own handlers would write plain text past ours."""

EXIT_PORT_TAKEN = 3
TARGET = "statuspage.web.wsgi:make_application"

log = logging.getLogger(__name__)


class PortTaken(Exception):
    """The address cannot be listened on; trying again helps once its owner is gone."""

    def __init__(self, address: str, port: int, reason: str) -> None:
        super().__init__(address, port, reason)
        self.address, self.port, self.reason = address, port, reason

    def __str__(self) -> str:
        return f"cannot listen on {self.address}:{self.port}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where and with how many processes to serve."""

    address: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1


def serve(listen: Listen, config: WebConfig) -> int:
    """Serve until SIGTERM or Ctrl-C. Returns the exit code: 0, or EXIT_PORT_TAKEN after saying so."""
    try:
        claim(listen.address, listen.port)
    except PortTaken as error:
        log.error("%s", error)
        return EXIT_PORT_TAKEN
    os.environ[VARIABLE] = config.to_json()
    _turn_interrupts_into_terms()
    _granian(listen).serve()
    return 0


def claim(address: str, port: int) -> None:
    """See that nobody else listens there. Raises PortTaken after three seconds of trying."""
    reason = ""
    for _ in range(CLAIM_TRIES):
        try:
            family, kind, protocol, _, target = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(target)
                probe.listen(1)
                return
        except OSError as error:
            reason = error.strerror or str(error)
        threading.Event().wait(CLAIM_PAUSE)
    raise PortTaken(address, port, reason)


def _granian(listen: Listen) -> MPServer:
    return MPServer(
        target=TARGET,
        factory=True,
        address=listen.address,
        port=listen.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        runtime_mode=RuntimeModes.st,
        workers=listen.workers,
        loop=Loops.auto,
        backpressure=BACKPRESSURE,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=LOGGING,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )


def _turn_interrupts_into_terms() -> None:
    """Ctrl-C reaches the whole process group. Workers inherit the block and end by their parent's SIGTERM, once."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def wait() -> None:
        signal.sigwait({signal.SIGINT})
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="statuspage-interrupt", daemon=True).start()
