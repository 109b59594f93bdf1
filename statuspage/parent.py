"""A part of `run` ends when its supervisor is gone, even by kill -9: nobody would stop it any more."""

import os
import signal
import threading

VARIABLE = "STATUSPAGE_SUPERVISOR"
LOOK_EVERY = 0.5


def environment_for_child() -> dict[str, str]:
    """This process's environment, naming it as the supervisor."""
    return {**os.environ, VARIABLE: str(os.getpid())}


def is_supervised() -> bool:
    """Whether a supervisor started this very process."""
    return os.environ.get(VARIABLE, "") == str(os.getppid())


def end_with_supervisor() -> None:
    """Send ourselves SIGTERM once the supervisor that started us is gone. Does nothing when nobody supervises."""
    if not is_supervised():
        return
    threading.Thread(target=_watch, args=(os.getppid(),), name="supervisor watch", daemon=True).start()


def _watch(supervisor: int) -> None:
    pause = threading.Event()
    while os.getppid() == supervisor:
        pause.wait(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
