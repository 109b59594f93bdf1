"""One monitor (or demo) on a host for one data folder, by a lock that the kernel takes back when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Somebody else holds the lock. Trying again helps only once that one has ended."""

    def __init__(self, what: str, path: Path, holder: str) -> None:
        super().__init__(what, path, holder)
        self.what = what
        self.path = path
        self.holder = holder

    def __str__(self) -> str:
        who = f" (process {self.holder})" if self.holder else ""
        return f"another {self.what}{who} is running with this data folder: it holds {self.path}"


@contextmanager
def only_one(folder: Path, what: str = "monitor") -> Iterator[None]:
    """Hold the folder's lock of that name. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{what}.lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise AlreadyRunning(what, path, file.read().strip()) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
