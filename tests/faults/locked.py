"""Another program holds the database: looking goes on, nothing is lost, nobody is blamed.

A real monitor watches `checks` ports every second. A second connection takes SQLite's exclusive lock, as a backup or a
person in a shell would, and keeps it for so many seconds. Then every observation of that time must be there.
"""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from statuspage.clock import SystemClock
from statuspage.core.observation import Outcome
from statuspage.store import open_store
from tests.accepting import accepting_port
from tests.faults.many import blamed, has_reached, many_checks, observations
from tests.processes import started
from tests.waiting import wait_for

PATIENT = "5s"
"""What the machine's other work does to a run is not what is looked at here."""

START_LIMIT, BACK_LIMIT = 60.0, 30.0


@dataclass(frozen=True)
class Locked:
    """What came of one lock.

    `looked` counts the runs that began while it was held; `written_within` are the seconds after its end until all of
    them were on disk.
    """

    seconds: float
    checks: int
    looked: int
    written_within: float
    violations: tuple[str, ...]

    @property
    def line(self) -> str:
        """A row of docs/faults.md."""
        broken = "; ".join(self.violations) or "none"
        return f"| {self.seconds:g} s | {self.checks} | {self.looked:,} | {self.written_within:.1f} s | {broken} |"


def lock(folder: Path, seconds: float, checks: int) -> Locked:
    """Run a monitor, lock its database for that long, and see what is there afterwards."""
    clock, store = SystemClock(), open_store(f"sqlite:///{folder / 'status.db'}")
    with accepting_port() as target:
        path = many_checks(folder, target, checks, PATIENT)
        with started("monitor", "-c", str(path), log=folder / "log"):
            wait_for(partial(has_reached, store, 5 * checks), "five observations a check", START_LIMIT)
            with closing(sqlite3.connect(folder / "status.db", isolation_level=None, timeout=30)) as other:
                other.execute("BEGIN EXCLUSIVE")
                began = clock.now()
                Event().wait(seconds)
                ended = clock.now()
                other.execute("COMMIT")
            # They are written in the order of their arrival: with the first that began later all are there.
            wait_for(lambda: store.recent("c1", 1)[0].at >= ended, "the store to be written to again", BACK_LIMIT)
            written_within = (clock.now() - ended).total_seconds()
    seen = observations(store, checks)
    looked = [each for each in seen if began <= each.at < ended]
    found = []
    if [each.seq for each in seen] != list(range(1, len(seen) + 1)):
        found.append("observations are missing")
    if len(looked) < 0.9 * checks * (seconds - 1):
        found.append("looking did not go on")
    if blind := Counter(each.reason.value for each in seen if each.outcome is Outcome.BLIND and each.reason):
        found.append(f"runs are blind: {dict(blind)}")
    closed = {f"c{n}" for n in range(0, checks, 10)}
    if wrong := blamed(store) ^ closed:
        found.append(f"wrongly blamed or not: {', '.join(sorted(wrong))}")
    if "are dropped" in (folder / "log").read_text():
        found.append("the log tells of dropped ones")
    store.close()
    return Locked(seconds, checks, len(looked), written_within, tuple(found))
