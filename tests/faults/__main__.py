"""`python -m tests.faults --kills 200 [--seed N] [--json FILE]`: kill -9 at the named steps, a table of what broke.

`python -m tests.faults --lock 60` holds the database of a monitor of 200 checks for a minute instead.

A tenth of the deaths are a whole monitor's, a third of the others happen on PostgreSQL where there is one. The same
seed gives the same order of steps and the same passages; processes meet each other as the machine lets them.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import create_engine, text

from tests.databases import Server, start_postgres
from tests.faults import locked, rounds, whole
from tests.faults.kills import ALL, Anywhere, Step
from tests.faults.rounds import Kill

T = TypeVar("T")

IN_A_ROW = 20
"""Deaths on one database. A decision reads what was said of late, so that longer rows would only be slower."""
MONITORS_IN_A_ROW = 7
LOCKED_CHECKS = 200


def main(arguments: Sequence[str]) -> int:
    """Run, print, and say by the exit code whether a law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--lock", type=float, metavar="SECONDS")
    given = parser.parse_args(arguments)
    if given.lock is not None:
        return _lock(given.lock)
    chance = random.Random(given.seed)
    found: list[Kill] = []
    with tempfile.TemporaryDirectory(prefix="statuspage-faults-") as folder, _postgres() as server:
        for kill in _kills(Path(folder), server, chance, given.kills):
            found.append(kill)
            print(f"\r{len(found)} of {given.kills}", end="", file=sys.stderr, flush=True)
            for violation in kill.violations:
                print(f"\n{kill.side}, {kill.step}, {kill.database}: {violation}", file=sys.stderr)
    print(file=sys.stderr)
    print(table(found))
    if given.json is not None:
        lines = [{name: getattr(kill, name) for name in Kill.__slots__} for kill in found]
        given.json.write_text(json.dumps({"seed": given.seed, "kills": lines}, indent=1))
    return 1 if any(kill.violations for kill in found) else 0


def _lock(seconds: float) -> int:
    with tempfile.TemporaryDirectory(prefix="statuspage-faults-") as folder:
        found = locked.lock(Path(folder), seconds, LOCKED_CHECKS)
    print("| locked for | checks | runs meanwhile | written within | violations |\n|---|---|---|---|---|")
    print(found.line)
    return 1 if found.violations else 0


def _kills(folder: Path, server: Server | None, chance: random.Random, count: int) -> Iterator[Kill]:
    monitors = count // 10
    on_postgres = (count - monitors) // 3 if server is not None else 0
    for n, some in enumerate(_batches(_steps(chance, count - monitors - on_postgres), IN_A_ROW)):
        place = _place(folder, f"sqlite{n}")
        yield from _run(place, f"sqlite:///{place / 'status.db'}", chance, some)
    for n, some in enumerate(_batches(_steps(chance, on_postgres), IN_A_ROW)):
        assert server is not None
        yield from _run(_place(folder, f"postgres{n}"), _new_database(server, f"faults{n}"), chance, some)
    for n, several in enumerate(_batches(range(monitors), MONITORS_IN_A_ROW)):
        with whole.monitored(_place(folder, f"monitor{n}"), chance.randrange(2**32)) as (on, target):
            yield from whole.run(on, target, len(several))


def _run(folder: Path, url: str, chance: random.Random, steps: Sequence[Step | Anywhere]) -> Iterator[Kill]:
    with rounds.bench(folder, url, chance.randrange(2**32)) as on:
        yield from rounds.run(on, steps)


def _steps(chance: random.Random, count: int) -> list[Step | Anywhere]:
    """Every step as often as every other, in an order of chance."""
    steps = list(islice(cycle(ALL), count))
    chance.shuffle(steps)
    return steps


def _batches(found: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (found[begin : begin + size] for begin in range(0, len(found), size))


def _place(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


@contextmanager
def _postgres() -> Iterator[Server | None]:
    try:
        server = start_postgres()
    except pytest.skip.Exception as missing:
        print(f"without PostgreSQL: {missing}", file=sys.stderr)
        yield None
        return
    try:
        yield server
    finally:
        server.stop()


def _new_database(server: Server, name: str) -> str:
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.url.set(database=name).render_as_string(hide_password=False)


def table(found: Sequence[Kill]) -> str:
    """Markdown: a line a step, a column a database."""
    databases = sorted({kill.database for kill in found}, reverse=True)
    kills = Counter((kill.side, kill.step, kill.database) for kill in found)
    broken = Counter[tuple[str, str]]()
    for kill in found:
        broken[kill.side, kill.step] += len(kill.violations)
    lines = [f"| | killed at | {' | '.join(databases)} | violations |", f"|---|---|{'---|' * len(databases)}---|"]
    for side, step in dict.fromkeys((each.side, each.name) for each in (*ALL, whole.STEP)):
        counts = " | ".join(str(kills[side, step, database]) for database in databases)
        lines.append(f"| {side} | {step} | {counts} | {broken[side, step]} |")
    sums = " | ".join(str(sum(kill.database == database for kill in found)) for database in databases)
    lines.append(f"| | all | {sums} | {sum(broken.values())} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
