"""How fast directives are served beside nginx's static file, and how soon a flip is in a browser's SDK.

wrk with 64 connections, one core each, our server and nginx in turn, medians; the bulk OFREP request is a POST with a
context, as a browser's SDK sends it. The flip is measured from the commit to the official web SDK having the value,
with notices that are not spread.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.serve import NGINX
from tests.interop.npm import install
from tests.interop.recipes import OPENFEATURE
from tests.interop.test_openfeature_js import client
from tests.programs import find
from tests.web.processes import Web, free_port
from tests.web.routed import CHAT, Routed, serving
from tests.web.served import eventually

BULK = """
wrk.method = "POST"
wrk.body = '{"context":{"targetingKey":"user-1","event_users":100}}'
wrk.headers["Content-Type"] = "application/json"
"""


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Measure, print the table, return the figures."""
    options = argparse.ArgumentParser(prog="tests.bench directives")
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--flips", type=int, default=5)
    chosen = options.parse_args(arguments)
    absent = [name for name in ("nginx", "wrk", "taskset") if find(name, f"/usr/sbin/{name}") is None]
    if absent or (os.cpu_count() or 1) < 2:
        raise SystemExit(f"this benchmark needs two cores, nginx, wrk and taskset; absent: {absent}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bulk.lua").write_text(BULK, encoding="utf-8")
        routed = Routed(folder)
        ours = stack.enter_context(serving(folder, routed))
        _pin(ours)
        theirs = stack.enter_context(_nginx(folder, ours))
        cases: dict[str, tuple[Web, list[str]]] = {
            "nginx, the same file": (theirs, [f"http://127.0.0.1:{theirs.port}/directives.json"]),
            "directives.json": (ours, [f"http://127.0.0.1:{ours.port}/directives.json"]),
            "OFREP, all flags": (
                ours,
                ["-s", str(folder / "bulk.lua"), f"http://127.0.0.1:{ours.port}/ofrep/v1/evaluate/flags"],
            ),
        }
        rounds = [
            {name: _measure(args, chosen.seconds) for name, (_, args) in cases.items()} for _ in range(chosen.rounds)
        ]
        figures: dict[str, Any] = {name: _median([each[name] for each in rounds]) for name in cases}
        figures["flips_ms"] = _flips(folder, chosen.flips)
        _report(figures)
        return figures


def _pin(web: Web) -> None:
    for process in [web.process.pid, *web.children()]:
        subprocess.run(["taskset", "-a", "-p", "-c", "0", str(process)], capture_output=True, check=True)


@contextmanager
def _nginx(folder: Path, ours: Web) -> Iterator[Web]:
    (folder / "site").mkdir()
    (folder / "site" / "directives.json").write_bytes(ours.get("/directives.json")[1])
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, headers=""))
    program = find("nginx", "/usr/sbin/nginx") or "nginx"
    process = subprocess.Popen(["taskset", "-c", "0", program, "-c", str(folder / "nginx.conf")], text=True)
    web = Web(process, port)
    try:
        eventually(lambda: web.says(CHAT, "/directives.json"), 10)
        yield web
    finally:
        process.terminate()
        process.wait(10)


def _measure(args: Sequence[str], seconds: int) -> dict[str, float]:
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", *args]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out, out
    rate, late = re.search(r"Requests/sec:\s+([\d.]+)", out), re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    if not (rate and late):
        raise SystemExit(f"wrk said something else than usual:\n{out}")
    return {"rate": float(rate[1]), "p99_ms": float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]]}


def _median(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(each[key] for each in rounds), 2) for key in rounds[0]}


def _flips(folder: Path, count: int) -> list[float]:
    """Milliseconds from each commit to the official web SDK having the new value."""
    packages = install(OPENFEATURE)
    found = []
    for number in range(count):
        place = folder / f"flip-{number}"
        place.mkdir()
        routed = Routed(place)
        with serving(place, routed) as web, client(packages, web, "flip") as talk:
            talk.hear()
            talk.go_on()
            routed.put(CHAT, "native")
            committed = monotonic()
            assert talk.hear()["after"]["value"] == "native"
            found.append(round((monotonic() - committed) * 1000, 1))
    return found


def _report(figures: dict[str, Any]) -> None:
    table = Table(title="Directives, 64 connections, one core each")
    for head in ("", "requests/s", "p99 ms"):
        table.add_column(head, justify="left" if head == "" else "right")
    for name, each in figures.items():
        if isinstance(each, dict):
            table.add_row(name, f"{each['rate']:,.0f}", f"{each['p99_ms']:.2f}")
    Console().print(table)
    print(f"from commit to the browser's SDK: {', '.join(f'{each:.0f}' for each in figures['flips_ms'])} ms")
