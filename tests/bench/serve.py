"""Our front page beside nginx serving the same bytes as a file: 200, gzip and 304, one core each, wrk on the other.

Shipped settings, and 20 streams of notices held, each of which keeps a thread; nginx holds 20 unfinished requests.
Five rounds, ours and theirs in turn; the median counts.
The database's last heartbeat is old, so that the page is stale and its bytes stand still during the run.
"""

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.programs import find
from tests.web.processes import PROGRAM, ROOT, STREAM, Web, free_port
from tests.web.served import eventually, seeded_store

CONNECTIONS, HELD = 64, 20
UNFINISHED = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
NOT_COPIED = {"date", "server", "etag", "content-length", "content-encoding", "content-type", "vary"}
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; server_tokens off; keepalive_requests 1000000000; sendfile on; tcp_nopush on;
  types {{ text/html html; }} charset utf-8;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port}; root {folder}/site; index index.html; gzip_static on; gzip_vary on; max_ranges 0;
    add_header Last-Modified "";
{headers}
  }}
}}
"""


@dataclass
class Case:
    """One kind of request and what each server did with it, round by round."""

    name: str
    headers: dict[str, str]
    status: int
    ours: list[dict[str, float]] = field(default_factory=list)
    theirs: list[dict[str, float]] = field(default_factory=list)


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Measure, print the table, return the figures."""
    options = argparse.ArgumentParser(prog="tests.bench serve")
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args(arguments)
    absent = [name for name in ("nginx", "wrk", "taskset") if find(name, f"/usr/sbin/{name}") is None]
    if absent or (os.cpu_count() or 1) < 2:
        raise SystemExit(f"this benchmark needs two cores, nginx, wrk and taskset; absent: {absent}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        ours = stack.enter_context(_ours(folder))
        theirs = stack.enter_context(_nginx(folder, ours))
        stack.enter_context(_held(ours.port, STREAM))
        stack.enter_context(_held(theirs.port, UNFINISHED))
        cases = [Case("200", {}, 200), Case("gzip", {"Accept-Encoding": "gzip"}, 200), Case("304", {}, 304)]
        for _ in range(chosen.rounds):
            for case in cases:
                case.ours.append(_measure(ours, case, chosen.seconds))
                case.theirs.append(_measure(theirs, case, chosen.seconds))
        return _report(cases, len(ours.get("/")[1]))


@contextmanager
def _ours(folder: Path) -> Iterator[Web]:
    address, store = seeded_store(folder, datetime.now(UTC) - timedelta(hours=1))
    store.close()
    port = free_port()
    command = [
        "taskset",
        "-c",
        "0",
        sys.executable,
        "-c",
        PROGRAM,
        str(folder / "public"),
        address,
        str(port),
        "1",
    ]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True)
    web = Web(process, port)
    try:
        eventually(lambda: web.says("out of date"), 30)
        yield web
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _nginx(folder: Path, ours: Web) -> Iterator[Web]:
    """The same bytes as files, the same headers by `add_header`; ETag, Date, Server and Connection are its own."""
    (folder / "site").mkdir()
    answer, body = ours.get("/")
    (folder / "site" / "index.html").write_bytes(body)
    (folder / "site" / "index.html.gz").write_bytes(ours.get("/", headers={"Accept-Encoding": "gzip"})[1])
    kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in NOT_COPIED]
    lines = "\n".join(f"    add_header {name} {_quoted(value)};" for name, value in kept)
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, headers=lines))
    program = find("nginx", "/usr/sbin/nginx") or "nginx"
    process = subprocess.Popen(["taskset", "-c", "0", program, "-c", str(folder / "nginx.conf")], text=True)
    web = Web(process, port)
    try:
        eventually(lambda: web.says("out of date"), 10)
        found = {name.lower() for name, _ in web.get("/")[0].getheaders()} - {"connection"}
        wanted = {name.lower() for name, _ in answer.getheaders()}
        assert found == wanted, f"not the same headers: {found ^ wanted}"
        yield web
    finally:
        process.terminate()
        process.wait(10)


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '\\"') + '"'


@contextmanager
def _held(port: int, request: bytes) -> Iterator[None]:
    """Connections that stay: with a whole request for a stream, or with one that never ends."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(HELD)]
    for connection in connections:
        connection.sendall(request)
        if request.endswith(b"\r\n\r\n"):
            assert b"event-stream" in connection.recv(4096)
    yield
    for connection in connections:
        connection.close()


def _measure(web: Web, case: Case, seconds: int) -> dict[str, float]:
    headers = dict(case.headers)
    if case.status == 304:
        headers["If-None-Match"] = web.get("/")[0].headers["ETag"]
    assert web.get("/", headers=headers)[0].status == case.status
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = _cpu_seconds(web)
    out = subprocess.run([*command, f"http://127.0.0.1:{web.port}/"], capture_output=True, text=True, check=True).stdout
    spent = _cpu_seconds(web) - before
    assert "Non-2xx" not in out, out
    total = re.search(r"(\d+) requests in", out)
    rate, late = re.search(r"Requests/sec:\s+([\d.]+)", out), re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    if not (total and rate and late):
        raise SystemExit(f"wrk said something else than usual:\n{out}")
    p99 = float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]]
    return {"rate": float(rate[1]), "p99_ms": p99, "cpu_us": spent / int(total[1]) * 1e6}


def _cpu_seconds(web: Web) -> float:
    """CPU time of the process and its children so far."""
    ticks = 0
    for process in [web.process.pid, *web.children()]:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / float(os.sysconf("SC_CLK_TCK"))


def _median(rounds: Sequence[dict[str, float]], key: str) -> float:
    return round(statistics.median(each[key] for each in rounds), 2)


def _report(cases: Sequence[Case], size: int) -> dict[str, Any]:
    columns = ("rate", "p99_ms", "cpu_us")
    figures: dict[str, Any] = {"page_bytes": size, "held": HELD, "connections": CONNECTIONS}
    table = Table(title=f"/ of {size:,} bytes, {HELD} streams held, median of {len(cases[0].ours)}")
    for head in ("", "server", "requests/s", "p99 ms", "CPU µs", "ratio"):
        table.add_column(head, justify="left" if head in ("", "server") else "right")
    for case in cases:
        ours, theirs = ({key: _median(rounds, key) for key in columns} for rounds in (case.ours, case.theirs))
        by_round = [mine["rate"] / its["rate"] for mine, its in zip(case.ours, case.theirs, strict=True)]
        ratio = round(statistics.median(by_round), 3)
        figures[case.name] = {"ours": ours, "nginx": theirs, "ratio": ratio}
        table.add_row(case.name, "nginx", *(f"{theirs[key]:,}" for key in columns), "")
        table.add_row("", "ours", *(f"{ours[key]:,}" for key in columns), f"{ratio:.2f}")
    Console().print(table)
    return figures
