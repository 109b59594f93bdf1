"""`/healthz`: application/health+json about this host's web, for load balancers and `statuspage run`.

`fail` (503) means one thing: there is nothing to serve. A silent monitor or a database that cannot be read is
`warn` (200), for taking this web out of service would take the last known page away from its readers.
Nobody's error text is told here: what the store said stays in the log.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from statuspage.web.freshness import STALE_AFTER
from statuspage.web.shown import Shown
from statuspage.web.times import iso
from statuspage.web.watch import read_reading

READING_AFTER = timedelta(seconds=10)
PATH = "/api/v1/summary.json"


@dataclass(frozen=True, slots=True)
class Health:
    """The answer: HTTP status and document."""

    code: int
    document: dict[str, Any]


def health(shown: Shown, public: Path, started: datetime, now: datetime) -> Health:
    """The state of process, store, last tick and bundle. Reads one small file, never the database."""
    bundle = shown.bundle
    checks = {
        "process:uptime": _check("pass", (now - started).total_seconds(), "s", now, "system"),
        "store:reachable": _store(public, now),
        "monitor:lastTick": _tick(shown, now),
        "bundle:age": _check("pass" if bundle else "fail",
                             (now - bundle.rendered_at).total_seconds() if bundle else None, "s", now, "component"),
    }  # fmt: skip
    states = {entries[0]["status"] for entries in checks.values()}
    status = "fail" if bundle is None else "warn" if states != {"pass"} else "pass"
    document: dict[str, Any] = {"status": status, "version": "1", "serviceId": "statuspage-web",
                                "description": "the web process of the status page, not what the page reports on",
                                "checks": checks}  # fmt: skip
    if bundle is not None:
        document["notes"] = [f"bundle {bundle.name}"]
        document["links"] = {"about": f"{bundle.site_url}/"}
    return Health(503 if status == "fail" else 200, document)


def _store(public: Path, now: datetime) -> list[dict[str, Any]]:
    reading = read_reading(public)
    fine = reading is not None and reading.error is None and now - reading.at <= READING_AFTER
    age = (now - reading.at).total_seconds() if reading is not None else None
    return _check("pass" if fine else "warn", age, "s", now, "datastore")


def _tick(shown: Shown, now: datetime) -> list[dict[str, Any]]:
    """The newest heartbeat's age, from the same document that everybody else reads."""
    beat = heartbeat_at(shown)
    fine = beat is not None and abs(now - beat) <= STALE_AFTER
    return _check("pass" if fine else "warn", (now - beat).total_seconds() if beat else None, "s", now, "component")


def heartbeat_at(shown: Shown) -> datetime | None:
    """The heartbeat of the state shown."""
    answer = shown.table.get(PATH)
    found = json.loads(answer.plain.body[0])["heartbeat_at"] if answer is not None else None
    return datetime.fromisoformat(found) if found else None


def _check(status: str, value: float | None, unit: str, now: datetime, kind: str) -> list[dict[str, Any]]:
    check: dict[str, Any] = {"componentType": kind, "status": status, "time": iso(now)}
    if value is not None:
        check.update(observedValue=round(value, 3), observedUnit=unit)
    return [check]
