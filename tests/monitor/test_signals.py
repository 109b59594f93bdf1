"""Applications are asked for their load over real connections; what cannot be asked says nothing."""

import asyncio
from pathlib import Path

import pytest

from statuspage import app
from statuspage.clock import SystemClock
from statuspage.core.load import Signal
from statuspage.monitor.signals import Numbers, Pulling, Source
from statuspage.monitor.writer import Writer
from statuspage.store import Store, open_store
from tests.delivery.receivers import receiver

CONFIG = """
[[component]]
id = "chat"
name = "Chat"
[[component]]
id = "sockets"
name = "Sockets"
[[provider]]
id = "native"
name = "Native"
component = "sockets"
[[route]]
id = "realtime.chat"
component = "chat"
prefer = ["native"]
[delivery]
allow = ["127.0.0.1/32"]
[[signal]]
id = "load"
type = "{type}"
url = "{url}"
every = "1h"
{about}
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    made.upgrade(SystemClock().now())
    return made


async def pulled(store: Store, text: str, folder: Path, times: int = 1) -> list[Signal]:
    """What is stored after so many rounds."""
    clock = SystemClock()
    writer = Writer(store, clock)
    pulling = Pulling(clock, writer)
    pulling.adopt(app.sources(app.loads_config(text, folder), clock))
    for _ in range(times):
        await pulling.pull()
    await asyncio.to_thread(writer.close)
    return [each for said in store.state(clock.now()).signals.values() for each in said]


async def test_a_json_document_tells_of_a_route(store: Store, tmp_path: Path) -> None:
    with receiver(lambda _: (200, {}, b'{"users": 4200, "rate": 3.5}')) as server:
        about = 'route = "realtime.chat"\nusers = "users"\nconnects_per_s = "rate"'
        (found,) = await pulled(store, CONFIG.format(type="json", url=server.url, about=about), tmp_path)
    assert (found.subject, found.users, found.connects_per_s) == ("realtime.chat", 4200, 3.5)
    assert [each.method for each in server.received] == ["GET"]


async def test_metrics_tell_of_a_provider(store: Store, tmp_path: Path) -> None:
    page = b'open{app="chat"} 7\nopen{app="qa"} 5\n'
    with receiver(lambda _: (200, {}, page)) as server:
        about = 'provider = "native"\nusers = "open"'
        (found,) = await pulled(store, CONFIG.format(type="prometheus", url=server.url, about=about), tmp_path)
    assert (found.subject, found.users, found.connects_per_s) == ("native", 12, None)


async def test_each_source_has_its_own_interval(store: Store, tmp_path: Path) -> None:
    with receiver(lambda _: (200, {}, b'{"users": 1}')) as server:
        about = 'provider = "native"\nusers = "users"'
        await pulled(store, CONFIG.format(type="json", url=server.url, about=about), tmp_path, times=5)
        assert len(server.received) == 1


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"", "it answered 500"),
        (200, b"<html>", "Expecting value"),
        (200, b'{"users": "many"}', "there is no number"),
        (200, b"x" * (1024 * 1024 + 2), "larger than 1024 KB"),
    ],
    ids=["an error", "no json", "no number", "too large"],
)
async def test_what_cannot_be_read_says_nothing_and_is_logged_once(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, body: bytes, why: str
) -> None:
    with receiver(lambda _: (status, {}, body)) as server:
        about = 'provider = "native"\nusers = "users"'
        text = CONFIG.format(type="json", url=server.url, about=about).replace('"1h"', '"1ms"')
        assert await pulled(store, text, tmp_path, times=3) == []
    said = [each.message for each in caplog.records if "signal load" in each.message]
    assert len(said) == 1
    assert why in said[0]


@pytest.mark.parametrize("number", [b"1" + b"0" * 400, b"1e300"], ids=["400 digits", "a large power"])
async def test_a_number_that_nobody_has_costs_no_other_source_its_own(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture, number: bytes
) -> None:
    with (
        receiver(lambda _: (200, {}, b'{"users": 7}')) as good,
        receiver(lambda _: (200, {}, b'{"u":%b}' % number)) as bad,
    ):
        text = CONFIG.format(type="json", url=good.url, about='provider = "native"\nusers = "users"')
        text += f'[[signal]]\nid = "bad"\ntype = "json"\nurl = "{bad.url}"\nroute = "realtime.chat"\nusers = "u"\n'
        found = await pulled(store, text, tmp_path)
    assert [(each.subject, each.users) for each in found] == [("native", 7)]
    assert [each.message for each in caplog.records if "signal bad says nothing" in each.message]


async def test_an_error_that_nobody_thought_of_stays_with_its_source(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    writer = Writer(store, clock)
    pulling = Pulling(clock, writer)

    def bad() -> Numbers:
        raise ArithmeticError("of its own kind")

    pulling.adopt([Source("bad", "native", 60.0, bad), Source("good", "realtime.chat", 60.0, lambda: (7, None))])
    await pulling.pull()
    await asyncio.to_thread(writer.close)
    assert list(store.state(clock.now()).signals) == ["realtime.chat"]
    assert "signal bad says nothing: ArithmeticError: of its own kind" in caplog.text


async def test_nobody_there_says_nothing(store: Store, tmp_path: Path) -> None:
    with receiver() as server:
        url = server.url
    about = 'provider = "native"\nusers = "users"'
    assert await pulled(store, CONFIG.format(type="json", url=url, about=about), tmp_path) == []
