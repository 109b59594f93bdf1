"""Runs one program and ends it when whoever asked for it is gone.

`python -I -S guard.py GRACE PROGRAM ARGUMENT…`, standard input being a pipe: its end of file means that the
other side stopped us or died, even by kill -9. Then the program gets SIGTERM, SIGCONT (it may be frozen) and,
GRACE seconds later, SIGKILL. One line on standard output, {"pid": …}, names the program's process; all other
output is the program's. A file without imports of the product: one of these runs beside each child of a demo.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(grace: float, command: list[str]) -> int:
    """Run the command; gives its exit status, 128 + n where signal n ended it, 127 where it cannot be started."""
    stop = threading.Event()
    # SIGHUP is what the kernel sends to a group with a frozen member when its parent dies: exactly then we are needed.
    # Handlers, as what is ignored here would be ignored in the program too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        return 127
    threading.Thread(target=_wait_for_the_end, args=(stop,), daemon=True).start()
    threading.Thread(target=_end, args=(stop, child, grace), daemon=True).start()
    with suppress(OSError):  # whoever wanted to know may be gone already
        os.write(1, json.dumps({"pid": child.pid}).encode() + b"\n")
    status = child.wait()
    _end_the_group()
    return status if status >= 0 else 128 - status


def _wait_for_the_end(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


def _end(stop: threading.Event, child: "subprocess.Popen[bytes]", grace: float) -> None:
    stop.wait()
    # These do nothing where the child has been waited for, so a number that is in use again is never hit.
    child.terminate()
    child.send_signal(signal.SIGCONT)
    threading.Event().wait(grace)
    child.kill()


def _end_the_group() -> None:
    """Ask what the program itself had started and left behind to end too. The group is ours alone."""
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with suppress(ProcessLookupError):
            os.killpg(0, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
