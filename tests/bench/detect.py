"""How long a fault takes to reach the page, and mending it to leave, at the demo's settings (5 s / 2 s)."""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.processes import free_port, started
from tests.waiting import wait_for

FAULTS = {"firebase": ("silence", "Firebase Web Sockets"), "native": ("silence", "Native Web Sockets")}


def main(arguments: list[str]) -> None:
    """Break and mend each provider in turn; `python -m tests.bench detect [ROUNDS]`."""
    rounds = int(arguments[0]) if arguments else 5
    port = _two_free_ports()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "demo.log"
        begun = time.monotonic()
        with started("demo", "--port", str(port), log=log), httpx.Client(trust_env=False, timeout=10) as client:
            page, console = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
            wait_for(lambda: _all_operational(client, page), "every component operational", 60)
            up = time.monotonic() - begun
            print(f"every component operational {up:.1f} s after the command was given\n")
            rows = [_round(client, page, console, provider) for _ in range(rounds) for provider in FAULTS]
    print(f"{'provider':<10} {'told after':>11} {'back-dated to':>14} {'mended after':>13}   (seconds)")
    for row in rows:
        print(f"{row['provider']:<10} {row['told_s']:>11.1f} {row['backdated_s']:>14.1f} {row['mended_s']:>13.1f}")
    worst = {name: max(row[name] for row in rows) for name in ("told_s", "mended_s")}
    print(f"\nworst: told after {worst['told_s']:.1f} s, mended after {worst['mended_s']:.1f} s")
    print(json.dumps({"up_s": round(up, 1), "rounds": rows, "worst": worst}))


def _two_free_ports() -> int:
    for _ in range(50):
        port = free_port()
        if subprocess.run([sys.executable, "-c", f"import socket; socket.create_server(('127.0.0.1', {port + 1}))"],
                          capture_output=True, check=False).returncode == 0:  # fmt: skip
            return port
    raise SystemExit("no two free ports beside each other")


def _summary(client: httpx.Client, page: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = client.get(f"{page}/api/v2/summary.json").raise_for_status().json()
        return found
    except (httpx.HTTPError, ValueError):
        return {"components": []}


def _status(client: httpx.Client, page: str, name: str) -> str:
    return next((c["status"] for c in _summary(client, page)["components"] if c["name"] == name), "")


def _all_operational(client: httpx.Client, page: str) -> bool:
    found = _summary(client, page)["components"]
    return bool(found) and all(each["status"] == "operational" for each in found) and _seen(client, page)


def _seen(client: httpx.Client, page: str) -> bool:
    """API v2 has no word for unknown; our own summary does."""
    own = client.get(f"{page}/api/v1/summary.json").json()
    return all(each["status"] == "operational" for each in own["components"])


def _round(client: httpx.Client, page: str, console: str, provider: str) -> dict[str, Any]:
    fault, name = FAULTS[provider]
    time.sleep(random.uniform(0, 5))  # anywhere in the interval of the check
    broken, broken_at = time.monotonic(), datetime.now(UTC)
    client.post(f"{console}/faults/{provider}/{fault}").raise_for_status()
    _until(lambda: _status(client, page, name) != "operational")
    told = time.monotonic() - broken
    own = client.get(f"{page}/api/v1/summary.json").json()
    since = next(c["since"] for c in own["components"] if c["name"] == name)
    mended = time.monotonic()
    client.post(f"{console}/faults/{provider}/mend").raise_for_status()
    _until(lambda: _status(client, page, name) == "operational")
    return {
        "provider": provider,
        "told_s": round(told, 2),
        "backdated_s": round((datetime.fromisoformat(since) - broken_at).total_seconds(), 2),
        "mended_s": round(time.monotonic() - mended, 2),
    }


def _until(condition: Callable[[], bool]) -> None:
    wait_for(condition, "the change on the page", 60)
