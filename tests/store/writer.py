"""Programs that write from another process: `python -m tests.store.writer MODE URL …`.

`decide URL N` makes N decisions. `upgrade URL` creates or migrates when it is told to. `nursery URL` forks,
for each line it reads, a child that appends without end and prints the last number of every batch once it is
acknowledged.
"""

import os
import sys
from datetime import timedelta

from statuspage.core.state import Decision
from statuspage.store import StoreBusy, open_store, upgrade
from tests.databases import START
from tests.store.values import EVENT, seen


def decide(url: str, count: int) -> None:
    store = open_store(url)
    while count:
        try:
            store.transact(lambda _: Decision(events=(EVENT, EVENT)), START)
        except StoreBusy:
            continue
        count -= 1
    store.close()


def create(url: str) -> None:
    store = open_store(url)
    _say("ready")
    sys.stdin.readline()
    upgrade.upgrade(store._database, START)
    _say(store.head().generation)
    store.close()


def nursery(url: str) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            _append_for_ever(url)
        _say(f"pid {child}")
        os.waitpid(child, 0)
        _say("gone")


def _append_for_ever(url: str) -> None:
    store = open_store(url)
    seq = store.last_seq("local")
    while True:
        count = 1 + seq % 7
        store.append([seen(seq + n, when=START + timedelta(seconds=seq + n)) for n in range(1, count + 1)])
        seq += count
        _say(str(seq))


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    mode, url, *rest = sys.argv[1:]
    match mode:
        case "decide":
            decide(url, int(rest[0]))
        case "upgrade":
            create(url)
        case "nursery":
            nursery(url)
