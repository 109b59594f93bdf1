"""The composition root: the only place that joins the parts and loads kinds.

Everything else is handed what it needs. Imports of the parts are made inside the functions that join them,
so that a command which needs one part does not pay for all.
"""

import asyncio
import importlib
import logging
import pkgutil
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from statuspage import logs
from statuspage.clock import SystemClock
from statuspage.config import Check, Config, ConfigError, Kind, NotifierKind, load, loads
from statuspage.core.clock import Clock
from statuspage.core.observation import Observation
from statuspage.fields import host_and_port, secrets_in

if TYPE_CHECKING:
    from statuspage.config import tables
    from statuspage.config.values import Actuator, Notifier
    from statuspage.delivery.courier import Sender
    from statuspage.monitor.engine import Engine
    from statuspage.monitor.look import Watch
    from statuspage.monitor.signals import Source
    from statuspage.store import Store

log = logging.getLogger(__name__)

AGENT = "local"
RELOAD_EVERY = 2.0
"""Seconds between looks at the configuration file."""

K = TypeVar("K")


class KindFolder(Generic[K]):
    """The kinds of one package, by the names of their files. A module is imported when its kind is asked for."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._names: tuple[str, ...] = ()

    def names(self) -> Sequence[str]:
        """Every type, sorted. The folder is listed once: a monitor may run out of file handles."""
        if not self._names:
            folder = importlib.import_module(self._package).__path__
            found = (each.name for each in pkgutil.iter_modules(folder))
            self._names = tuple(sorted(name for name in found if not name.startswith("_")))
        return self._names

    def load(self, name: str) -> K:
        """The kind of that name. Raises KeyError when there is none."""
        return cast(K, self.module(name))

    def module(self, name: str) -> ModuleType:
        """The module of that kind. Raises KeyError when there is none."""
        if name not in self.names():
            raise KeyError(name)
        return importlib.import_module(f"{self._package}.{name}")


KINDS = KindFolder[Kind]("probes")
NOTIFIERS = KindFolder[NotifierKind]("statuspage.notifiers")
ACTUATORS = KindFolder[NotifierKind]("statuspage.actuators")


def load_config(path: Path) -> Config:
    """Read and check a file with every kind known. Raises ConfigError."""
    return load(path, KINDS, NOTIFIERS, ACTUATORS)


def load_for_running(path: Path, kept: Path | None = None) -> Config:
    """The same for whatever stores or serves something: it needs the site's secret key. Raises ConfigError.

    `kept` is read in the file's place, with relative paths that begin where the file lies.
    """
    from statuspage.auth.keys import problem

    return load(kept or path, KINDS, NOTIFIERS, ACTUATORS, problem, path.resolve().parent)


def keep_accepted(config: Config, path: Path | None) -> None:
    """Keep the text of a configuration that is in use now, for a part that is started again while the file is bad."""
    from statuspage.config.accepted import keep

    try:
        if path is not None:
            keep(config.text, path)
    except OSError as error:
        log.error("the accepted configuration cannot be kept in %s: %s", path, error.strerror)


def loads_config(text: str, folder: Path) -> Config:
    """Check a configuration given as text. Raises ConfigError."""
    return loads(text, KINDS, folder, NOTIFIERS, ACTUATORS)


async def probe_once(check: Check, clock: Clock, agent: str = AGENT) -> Observation:
    """Run a check's probe once, now."""
    from probes._run import Context

    head = check.head
    module: Any = KINDS.module(head.type)
    context = Context(
        check=head.id,
        agent=agent,
        clock=clock,
        timeout=head.timeout.total_seconds(),
        slow_over=head.slow_over.total_seconds(),
        limits={stage: limit.total_seconds() for stage, limit in head.limits.items()},
        secrets=tuple(secrets_in(check.options)),
    )
    observation: Observation = await module.probe(check.options, context)
    return observation


def watches(config: Config, clock: Clock) -> "list[Watch]":
    """The config's checks, each with the way to run it."""
    return [_watch(check, clock) for check in config.checks]


def anchor_watches(config: Config, clock: Clock) -> "list[Watch]":
    """The config's anchors as checks: that a connection can be made is all that is asked of them."""
    from statuspage.config.tables import CheckHead

    found = []
    for index, anchor in enumerate(config.file.anchor):
        host, port = host_and_port(anchor.url)
        head = CheckHead(
            id=f"anchor-{index}", component="anchor", type="tcp", timeout=anchor.timeout, slow_over=anchor.timeout
        )
        options = KINDS.load("tcp").Config.model_validate({"host": host, "port": port})
        found.append(_watch(Check(head, options), clock))
    return found


def _watch(check: Check, clock: Clock) -> "Watch":
    from statuspage.monitor.look import Watch

    return Watch(check, lambda: probe_once(check, clock))


def senders(config: Config) -> "Mapping[str, Sender]":
    """The way to every destination and actuator of the config, by its id."""
    from statuspage.delivery.courier import Sender

    def sender(each: "Notifier | Actuator", kinds: KindFolder[NotifierKind]) -> Sender:
        return Sender(
            compose=partial(kinds.module(each.head.type).compose, each.options),
            policy=config.outbound,
            deadline=config.file.delivery.deadline.total_seconds(),
            secrets=config.secrets,
            site_name=config.file.site.name,
            site_url=config.file.site.url.rstrip("/"),
            acts=each.destination.acts,
        )

    found = {each.id: sender(each, NOTIFIERS) for each in config.notifiers}
    return found | {each.id: sender(each, ACTUATORS) for each in config.actuators}


MOST_SIGNAL = 1024 * 1024
"""Bytes of what a source answers."""


def sources(config: Config, clock: Clock) -> "list[Source]":
    """The way to ask every `[[signal]]` of the config."""
    from statuspage.core.gauges import json_number, metric_number
    from statuspage.delivery.outbound import fetch
    from statuspage.monitor.signals import Numbers, Source

    deadline = config.file.delivery.deadline.total_seconds()

    def source(table: "tables.Signal") -> Source:
        read = json_number if table.type == "json" else metric_number

        def ask() -> Numbers:
            body = fetch(table.url, config.outbound, min(deadline, 5.0), clock, MOST_SIGNAL)
            users, rate = (read(body, each) if each else None for each in (table.users, table.connects_per_s))
            return users, rate

        return Source(table.id, table.provider or table.route or "", table.every.total_seconds(), ask)

    return [source(each) for each in config.file.signal]


async def run_monitor(path: Path, read: Callable[[], Config], accepted: Path | None = None) -> None:
    """Watch, decide and store until SIGTERM or SIGINT. Raises what `read` raises, StoreError, AlreadyRunning.

    `read` gives the configuration to begin with. The file at `path` is looked at for changes from before it was read.
    What is in use is kept in `accepted`.
    """
    from statuspage.monitor.engine import Engine
    from statuspage.monitor.single import only_one
    from statuspage.store import open_store

    stamp = _stamp(path)
    config = read()
    clock = SystemClock()
    store = open_store(config.store_url)
    with only_one(config.public_dir.parent):
        await asyncio.to_thread(store.upgrade, clock.now())
        keep_accepted(config, accepted)
        # Not in web: a thread that still imports while workers are forked leaves them locks that nobody opens.
        await asyncio.to_thread(_greet_the_first_admin, store, config, clock)
        engine = Engine(store, clock, agent=AGENT, keep_observations=config.file.store.keep_observations)
        reload = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, engine.stop)
        loop.add_signal_handler(signal.SIGHUP, reload.set)
        reloading = loop.create_task(_reload(path, stamp, config, engine, clock, reload, accepted))
        log.info("watching %d checks of %d components", len(config.checks), len(config.file.component))
        try:
            await engine.run(
                config.site,
                watches(config, clock),
                anchor_watches(config, clock),
                senders(config),
                sources(config, clock),
            )
        finally:
            reloading.cancel()
            store.close()


def run_web(config: Config) -> int:
    """Serve the site until SIGTERM; the exit code."""
    from statuspage.web.serve import Listen, serve
    from statuspage.web.wsgi import WebConfig

    web, site = config.file.web, config.file.site
    address, _, port = web.bind.rpartition(":")
    key, old_key = (each.reveal() if each is not None else "" for each in (site.secret_key, site.old_secret_key))
    return serve(
        Listen(address.strip("[]"), int(port), web.workers),
        WebConfig(
            str(config.public_dir), config.store_url, config.site.url, key, old_key, web.trusted_hops, site.time_zone
        ),
    )


def _greet_the_first_admin(store: "Store", config: Config, clock: Clock) -> None:
    """Say where the first admin is made, while there is nobody."""
    from statuspage.auth.first import first_admin_link

    link = first_admin_link(store.accounts, config.site.url, clock.now())
    if link is not None:
        log.warning("nobody can sign in yet. This link makes the first admin, once, within 24 hours: %s", link)


async def _reload(
    path: Path,
    stamp: tuple[int, int] | None,
    present: Config,
    engine: "Engine",
    clock: Clock,
    asked: asyncio.Event,
    accepted: Path | None,
) -> None:
    """Take over a changed file, on SIGHUP or when its time stamp moves. A bad one is refused whole."""
    from statuspage.core.refusals import Refused
    from statuspage.store import StoreError

    while True:
        try:
            await asyncio.wait_for(asked.wait(), RELOAD_EVERY)
        except TimeoutError:
            if _stamp(path) == stamp:
                continue
        asked.clear()
        stamp = _stamp(path)
        try:
            present = await _take_over(path, present, engine, clock)
            keep_accepted(present, accepted)
        except ConfigError as error:
            log.error("the changed configuration is refused, the old one stays:\n%s", error)
        except Refused as error:
            log.error("the changed configuration is refused, the old one stays: %s", error)
        except StoreError as error:
            log.error("the changed configuration waits for the store: %s", error)
            stamp = None
        except Exception:
            log.exception("the changed configuration could not be taken over")


async def _take_over(path: Path, present: Config, engine: "Engine", clock: Clock) -> Config:
    config = load_for_running(path)
    logs.setup((*present.secrets, *config.secrets))
    await engine.adopt(
        config.site, watches(config, clock), anchor_watches(config, clock), senders(config), sources(config, clock)
    )
    if _needs_restart(config) != _needs_restart(present):
        log.warning("[store], [web] and the secret keys are read at the start only: restart to change them")
    log.info("the configuration was read again: %d checks", len(config.checks))
    return config


def _needs_restart(config: Config) -> tuple[object, ...]:
    """What a reload does not change: it is in use already, by this process or by the web."""
    site, store = config.file.site, config.file.store
    web = config.file.web.model_dump(exclude={"beacon_share"})
    return config.store_url, store.keep_observations, web, site.secret_key, site.old_secret_key


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
