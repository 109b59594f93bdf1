"""Keeps the parts running: starts them, starts again what dies, passes signals on, leaves nobody behind."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from statuspage.clock import SystemClock
from statuspage.core.clock import Clock
from statuspage.parent import environment_for_child

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
GOOD_AFTER = 30.0
"""Seconds after which a part counts as running well and its next restart is quick again."""

STOP_WITHIN = 8.0
NOT_MENDED_BY_A_RESTART = frozenset({2, 3})
"""Exit codes of a bad configuration and of a taken port."""


@dataclass(slots=True)
class _Part:
    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = 0.0
    codes: list[int] = field(default_factory=list)


def supervise(parts: Mapping[str, Sequence[str]], clock: Clock | None = None) -> int:
    """Run each part as `python -m statuspage …` until SIGTERM or SIGINT. Returns the exit code.

    A part whose first start ends with code 2 (a bad configuration) or 3 (a taken port) has a problem that
    starting again cannot mend: everything ends with that code. Later such an end is one like any other.
    """
    return _Supervisor(parts, clock or SystemClock()).run()


class _Supervisor:
    def __init__(self, parts: Mapping[str, Sequence[str]], clock: Clock) -> None:
        self._parts = [_Part(name, arguments) for name, arguments in parts.items()]
        self._clock = clock
        self._wake = threading.Event()
        self._ending = False
        self._reload = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        code = 0
        try:
            while not self._ending:
                self._wake.clear()
                code = self._round()
                if code:
                    break
                self._wake.wait(0.1)
        finally:
            self._stop()
        return code

    def _on_signal(self, number: int, _: object) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self._ending = True
        self._wake.set()

    def _round(self) -> int:
        now = self._clock.monotonic()
        if self._reload:
            self._reload = False
            self._send(signal.SIGHUP, "monitor")
        for part in self._parts:
            if part.process is None:
                if now >= part.due:
                    self._start(part, now)
                continue
            code = part.process.poll()
            if code is None:
                continue
            if code in NOT_MENDED_BY_A_RESTART and not part.codes:
                return code
            self._ended(part, code, now)
        return 0

    def _start(self, part: _Part, now: float) -> None:
        command = [sys.executable, "-m", "statuspage", *part.arguments]
        # A session of its own: Ctrl-C reaches us alone, and we end the parts in order.
        try:
            part.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, start_new_session=True, env=environment_for_child()
            )
        except OSError as error:
            log.error("%s cannot be started: %s", part.name, error.strerror)
            part.due = now + LONGEST_PAUSE
            return
        part.started = now
        log.info("%s started as process %d", part.name, part.process.pid)

    def _ended(self, part: _Part, code: int, now: float) -> None:
        part.codes.append(code)
        part.process = None
        part.pause = FIRST_PAUSE if now - part.started >= GOOD_AFTER else min(part.pause * 2, LONGEST_PAUSE)
        part.due = now + part.pause
        log.error("%s ended with code %d and is started again in %.1f s", part.name, code, part.pause)

    def _send(self, number: signal.Signals, name: str) -> None:
        for part in self._parts:
            if part.name == name and part.process is not None and part.process.poll() is None:
                part.process.send_signal(number)

    def _stop(self) -> None:
        running = [part.process for part in self._parts if part.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        until = self._clock.monotonic() + STOP_WITHIN
        for process in running:
            try:
                process.wait(max(0.1, until - self._clock.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("process %d did not end by itself and is killed", process.pid)
                process.kill()
                process.wait()
