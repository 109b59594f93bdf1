"""Rounds: a client posts a script, a courier delivers, and one of the two dies at a named step. Then the laws.

A bench is one database, one receiver and, between the kills, one living courier. The rounds of a bench follow one
another on the same database, so that whatever a death left behind is met by the next round.
"""

import random
import secrets
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

from statuspage.app import load_config
from statuspage.clock import SystemClock
from statuspage.core import decide
from statuspage.store import Store, open_store
from tests.faults import laws
from tests.faults.children import Deliverer, Poster
from tests.faults.client import Act, script
from tests.faults.kills import POSTING, Anywhere, Step
from tests.waiting import wait_for

AGAIN = 0.5
"""How often a client that died comes back; else what it had not committed must never be heard of."""
ROOT = Path(__file__).parents[2]
SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

CONFIG = """
[site]
url = "https://status.example.com"
{site}
[incidents]
undo = "1ms"
{incidents}
[[component]]
id = "chat"
name = "Chat"
[[component]]
id = "video"
name = "Video"
[delivery]
allow = ["127.0.0.1/32"]
deadline = "1s"
[[notify]]
id = "hook"
type = "webhook"
url = "http://127.0.0.1:{port}/"
events = [{events}]
secrets = [{{ file = "{key}" }}]
"""

IN_SERIES = 0.5
"""How often a courier that died is followed by one that dies too."""


@dataclass(frozen=True, slots=True)
class Kill:
    """What one death did: where it was, on which database, and which laws it broke."""

    side: str
    step: str
    database: str
    violations: tuple[str, ...]


@dataclass(slots=True)
class Bench:
    """A database, a receiver's file, and what was posted so far."""

    folder: Path
    config: Path
    url: str
    store: Store
    chance: random.Random
    name: str
    base: int = 0
    rounds: int = 0
    torn: bool = False
    there: list[Act] = field(default_factory=list)
    absent: list[Act] = field(default_factory=list)

    @property
    def database(self) -> str:
        return self.url.partition(":")[0].partition("+")[0]

    def script(self) -> tuple[Act, ...]:
        """The next script, with keys of its own."""
        self.rounds += 1
        return script(f"{self.name}{self.rounds}")

    def deliverer(self, step: str | None = None, nth: int = 0) -> Deliverer:
        """A courier of one of two names: it takes up the claims of the dead at once, or when they have run out."""
        return Deliverer(self.config, self.url, self.chance.choice(("one", "two")), step, nth)

    def violations(self, *, settled: bool) -> tuple[str, ...]:
        """The laws, all of them when nothing waits any more."""
        books = laws.read_books(self.store)
        arrivals = laws.read_arrivals(self.folder / "arrivals")
        found = chain(
            laws.none_half(books),
            laws.none_twice(books),
            laws.revisions_dense(books, self.base),
            laws.posts_there(books, self.there, self.absent),
            laws.one_end_each(books),
            laws.nothing_strange(books, arrivals, self.torn),
            laws.same_on_repeat(arrivals),
            laws.in_order(books, arrivals),
            laws.all_told(books, arrivals) if settled else (),
        )
        return tuple(found)

    def kill(self, step: Step | Anywhere, violations: Collection[str]) -> Kill:
        """What a death at that step did here."""
        return Kill(step.side, step.name, self.database, tuple(sorted(violations)))

    def settle(self) -> None:
        """Wait until nothing waits to be sent."""
        wait_for(lambda: laws.read_books(self.store).settled, "an empty outbox", 60)


@contextmanager
def receiver(folder: Path) -> Iterator[int]:
    """The judge as a process of its own; the port it listens on. It writes to `arrivals`."""
    command = [sys.executable, "-m", "tests.faults.receiver", str(folder / "arrivals"), SIGNING_KEY]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def write_config(
    folder: Path, port: int, *, site: str = "", incidents: str = "", events: str = '"incident.*"', more: str = ""
) -> Path:
    """A page with two components that follow what people say, and the receiver as its one destination."""
    key = folder / "signing.key"
    key.write_text(SIGNING_KEY)
    path = folder / "config.toml"
    path.write_text(CONFIG.format(port=port, key=key, site=site, incidents=incidents, events=events) + more)
    return path


@contextmanager
def bench(folder: Path, url: str, seed: int) -> Iterator[Bench]:
    """A new database with a published site."""
    with receiver(folder) as port:
        config = write_config(folder, port)
        store, now = open_store(url), SystemClock().now()
        store.upgrade(now)
        site = load_config(config).site
        store.transact(lambda state: decide.adopt(state, site, now), now)
        name = secrets.token_hex(3)
        yield Bench(folder, config, url, store, random.Random(seed), name, base=store.head().revision)
        store.close()


def run(on: Bench, steps: Sequence[Step | Anywhere]) -> Iterator[Kill]:
    """One round a step, in that order. A courier may die again before the last death was got over."""
    living: Deliverer | None = on.deliverer()
    try:
        for step, following in zip_longest(steps, steps[1:]):
            if step.side == POSTING:
                yield _kill_a_poster(on, step)
                continue
            if living is not None:
                living.end()
                living = None
            violations = _kill_a_deliverer(on, step)
            if following is None or following.side == POSTING or on.chance.random() > IN_SERIES:
                living = on.deliverer()
                on.settle()
                violations |= set(on.violations(settled=True))
            yield on.kill(step, violations)
    finally:
        if living is not None:
            living.end()


def _kill_a_poster(on: Bench, step: Step | Anywhere) -> Kill:
    acts = on.script()
    if isinstance(step, Step):
        poster = Poster(on.url, acts, step.name, on.chance.randint(1, step.passages))
    else:
        poster = Poster(on.url, acts, stays=True)
        poster.get_to(on.chance.randrange(len(acts)))
        poster.kill_later(on.chance.uniform(0, 0.02))
    acknowledged = poster.acknowledged()
    poster.killed()
    on.store.take_lease()  # waits for the lock of whatever PostgreSQL still finishes or undoes for the dead
    done = _on_disk(on, step, acts, len(acknowledged))
    on.there += acts[:done]
    on.absent += acts[done:]
    violations = set(on.violations(settled=False))
    if on.chance.random() < AGAIN:
        _go_on(on, acts[len(acknowledged) :], acts[done:])
    on.settle()
    return on.kill(step, violations | set(on.violations(settled=True)))


def _on_disk(on: Bench, step: Step | Anywhere, acts: Sequence[Act], acknowledged: int) -> int:
    """How many of the acts must be in the store: of the one in doubt the step says it, else the store itself."""
    if acknowledged == len(acts):
        return acknowledged
    if isinstance(step, Step):
        return acknowledged + step.doubtful_is_committed
    return acknowledged + (acts[acknowledged].update_id in laws.read_books(on.store).updates)


def _go_on(on: Bench, again: Sequence[Act], new: Sequence[Act]) -> None:
    """The client comes back and repeats what was not acknowledged under the same keys."""
    poster = Poster(on.url, again)
    poster.acknowledged()
    poster.ended()
    on.absent = [each for each in on.absent if each not in new]
    on.there += new


def _kill_a_deliverer(on: Bench, step: Step | Anywhere) -> set[str]:
    """Violations that the death left; the client was not disturbed by it."""
    acts = on.script()
    if isinstance(step, Step):
        victim = on.deliverer(step.name, on.chance.randint(1, step.passages))
        poster = Poster(on.url, acts)
    else:
        victim, poster = on.deliverer(), Poster(on.url, acts)
        victim.kill_later(on.chance.uniform(0, 0.6))
    on.torn = on.torn or step.tears
    victim.killed()
    poster.acknowledged()
    poster.ended()
    on.there += acts
    return set(on.violations(settled=False))
