"""The site under granian, as people run it: signals, crashes, a taken port, a dead database, odd bytes."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest

from statuspage.core.status import Status
from statuspage.web.bridge import BLOCKING_THREADS
from statuspage.web.serve import EXIT_PORT_TAKEN
from statuspage.web.wsgi import VARIABLE, WebConfig
from tests.web.processes import LOGGING, ROOT, STREAM, Web, free_port, running, start
from tests.web.served import beat, eventually, move, seeded_store

STANDING = "/history"
"""A page that says nothing of the last check: its bytes stand still while nothing happens."""


def test_a_change_of_state_reaches_a_reader_and_an_unchanged_page_is_304(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        answer, _ = web.get(STANDING, headers={"Accept-Encoding": "gzip"})
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
        etag = answer.headers["ETag"]
        again, body = web.get(STANDING, headers={"Accept-Encoding": "gzip", "If-None-Match": f'"x", W/{etag}'})
        assert (again.status, body) == (304, b"")
        move(store, "inbox", Status.OPERATIONAL, Status.MAJOR, datetime.now(UTC))
        eventually(lambda: web.says("Partial System Outage"), 5)
    store.close()


def test_head_has_the_length_of_get_and_no_body(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        path = "/api/v2/components.json"
        answer = web.raw(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, rest = answer.partition(b"\r\n\r\n")
        assert rest == b""
        assert f"content-length: {len(web.get(path)[1])}".encode() in head.lower()
    store.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_says_nothing(tmp_path: Path, number: signal.Signals) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address, workers=2) as web:
        eventually(lambda: web.says("All Systems Operational"))
        workers = web.children()
        assert web.end(number) == 0
        assert web.process.stdout is not None
        assert web.process.stdout.read() == ""
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    store.close()


def test_ctrl_c_in_a_terminal_reaches_the_whole_group_and_still_ends_quietly(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    web = start(tmp_path / "public", address, free_port(), 2, session=True)
    try:
        eventually(web.answers, 30)
        os.killpg(web.process.pid, signal.SIGINT)
        assert web.process.wait(20) == 0
        assert web.process.stdout is not None
        assert web.process.stdout.read() == ""
    finally:
        web.process.kill()
        web.process.wait()
        if web.process.stdout is not None:
            web.process.stdout.close()
        store.close()


def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        web = start(tmp_path, "sqlite:///none.db", port)
        out, _ = web.process.communicate(timeout=30)
    assert web.process.returncode == EXIT_PORT_TAKEN
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in out
    assert "Traceback" not in out


def test_a_second_web_does_not_share_the_port_of_the_first(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address) as web:
        second = start(tmp_path / "other", address, web.port)
        second.process.communicate(timeout=30)
        assert second.process.returncode == EXIT_PORT_TAKEN
    store.close()


def test_a_killed_web_leaves_no_worker_and_can_be_started_again_at_once(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address, workers=2) as web:
        eventually(lambda: web.says("All Systems Operational"))
        workers = web.children()
        web.process.kill()
        web.process.wait()
        with running(tmp_path / "public", address, port=web.port) as successor:
            eventually(lambda: successor.says("All Systems Operational"))
            eventually(lambda: not any(_alive(worker) for worker in workers))
    store.close()


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        (worker,) = web.children()
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: not _alive(worker))
        eventually(lambda: web.says("All Systems Operational"), 30)
    store.close()


def test_the_server_and_its_workers_log_as_everybody_else(tmp_path: Path) -> None:
    with running(tmp_path / "public", f"sqlite:///{tmp_path / 'none.db'}", program=LOGGING) as web:
        (worker,) = web.children()
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: web.children() not in ([], [worker]), 30)
        eventually(web.answers, 30)
        eventually(lambda: (tmp_path / "public/reading.json").exists())
        web.end()
        assert web.process.stdout is not None
        lines = [json.loads(line) for line in web.process.stdout.read().splitlines()]
    assert {"_granian", "statuspage.web.feed"} <= {line["logger"] for line in lines}


def test_what_a_worker_knows_is_redacted_from_its_logs() -> None:
    config = WebConfig("public", "postgresql+psycopg://status:h%2Funter@db/status", "", "the key", "the old key")
    assert set(config.secrets) == {"h%2Funter", "h/unter", "the key", "the old key"}
    assert WebConfig("public", "sqlite:///status.db").secrets == ()


def _alive(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_web_started_again_without_its_database_serves_the_last_page_as_stale(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    public = tmp_path / "public"
    with running(public, address) as web:
        eventually(lambda: web.says("All Systems Operational</h1>"))
        # One after the other: the page may turn stale before it has seen a change that came with it.
        move(store, "inbox", Status.OPERATIONAL, Status.MAJOR, datetime.now(UTC))
        eventually(lambda: web.says("Partial System Outage</h1>"))
        beat(store, datetime.now(UTC) - timedelta(minutes=1))
        eventually(lambda: web.says("No Fresh Data</h1>"))
    store.close()
    for file in tmp_path.glob("statuspage.db*"):
        file.unlink()
    with running(public, address, workers=2) as web:
        eventually(lambda: web.says("This page is out of date: last sign of life of our monitor at"))
        assert web.says("Before that: Partial System Outage.")
        assert web.says('"stale":true', "/api/v1/summary.json")
        assert web.get("/healthz")[0].status == 200


def test_all_workers_show_the_same_bytes(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address, workers=3) as web:
        eventually(lambda: web.says("All Systems Operational"))
        eventually(lambda: len({web.get("/api/v2/summary.json")[0].headers["ETag"] for _ in range(12)}) == 1)
    store.close()


def median_of_a_page_while_locked(web: Web, database: Path) -> float:
    """Seconds for `/`, the median of twenty, while another connection holds the database exclusively."""
    took = []
    with closing(sqlite3.connect(database, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        for _ in range(20):
            begun = perf_counter()
            assert web.says("All Systems Operational")
            took.append(perf_counter() - begun)
    return sorted(took)[10]


def test_neither_idle_connections_nor_a_locked_database_keep_a_page_waiting(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        idle = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(600)]
        for connection in idle[:300]:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")  # and never the empty line
        assert median_of_a_page_while_locked(web, tmp_path / "statuspage.db") < 0.1
        for connection in idle:
            connection.close()
    store.close()


def test_streams_on_half_of_the_threads_and_a_locked_database_keep_no_page_waiting(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        streams = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(BLOCKING_THREADS // 2)]
        for stream in streams:
            stream.sendall(STREAM)
        assert all(b"event-stream" in stream.recv(4096) for stream in streams)
        assert median_of_a_page_while_locked(web, tmp_path / "statuspage.db") < 0.1
        for stream in streams:
            stream.close()
    store.close()


ODD = [
    b"GET /%C4%80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /\xc4\x80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: \xff\xc4\r\nIf-None-Match: \xc4\x80\r\n\r\n",
    b"GET /nope HTTP/1.1\r\nHost: \xc4\x80\r\nAccept: \xff\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /nope HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 500_000 + b"\r\n\r\n",
]


@pytest.mark.corpus("G8")
def test_odd_bytes_get_no_error_of_ours_and_leave_the_log_empty(tmp_path: Path) -> None:
    address, store = seeded_store(tmp_path)
    with running(tmp_path / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        for request in ODD:
            web_answer = b""
            with suppress(OSError):
                web_answer = web.raw(request)
            assert b" 500 " not in web_answer.split(b"\r\n")[0], request[:60]
            assert b"evil.example" not in web_answer, request[:60]
        for smuggled in (request for request in ODD if b"Transfer-Encoding" in request):
            with suppress(OSError):
                assert web.raw(smuggled).split(b"\r\n")[0].split(b" ")[1:2] in ([], [b"400"]), smuggled
        assert web.says("All Systems Operational")
        assert web.end() == 0
        assert web.process.stdout is not None
        assert web.process.stdout.read() == ""
    store.close()


def test_no_secret_of_the_environment_is_copied_into_requests(tmp_path: Path) -> None:
    code = (
        "import os; from statuspage.web.wsgi import make_application; make_application();"
        "print([name for name in os.environ if 'SMTP' in name or 'STATUSPAGE' in name], 'PGSSLMODE' in os.environ)"
    )
    config = WebConfig(str(tmp_path / "public"), "sqlite:////nowhere/none.db").to_json()
    secrets = {VARIABLE: config, "SMTP_PASSWORD": "hush", "PGSSLMODE": "require", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, env={**os.environ, **secrets}, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "[] True", out.stderr
