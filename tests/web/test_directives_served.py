"""Directives outlive everything behind them: the monitor, the database, and the web process that served them."""

import json
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.web.processes import Web
from tests.web.routed import CHAT, QA, Routed, serving
from tests.web.served import eventually


def directives(web: Web) -> Any:
    return json.loads(web.get("/directives.json")[1])


def evaluated(web: Web) -> Any:
    """One flag, asked for as a backend does."""
    connection = HTTPConnection("127.0.0.1", web.port, timeout=10)
    try:
        connection.request("POST", f"/ofrep/v1/evaluate/flags/{CHAT}.provider", b'{"context":{}}')
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(answer.read())
    finally:
        connection.close()


def test_without_monitor_and_database_a_restarted_web_serves_the_same_directives_and_their_age_grows(
    tmp_path: Path,
) -> None:
    routed = Routed(tmp_path)
    routed.put(CHAT, "native")
    routed.limit(QA)
    with serving(tmp_path, routed) as web:
        eventually(lambda: directives(web)["routes"][QA]["target"] == "limited")
        before = directives(web)
    routed.store.close()
    for file in tmp_path.glob("statuspage.db*"):
        file.unlink()
    with serving(tmp_path, routed) as web:
        found = directives(web)
        assert found["routes"] == before["routes"]
        assert found["config_epoch"] == before["config_epoch"]
        assert found["heartbeat_at"] == before["heartbeat_at"]
        first = evaluated(web)
        assert (first["value"], first["metadata"]["epoch"]) == ("native", 2)
        age = first["metadata"]["heartbeat_age_s"]
        eventually(lambda: evaluated(web)["metadata"]["heartbeat_age_s"] > age)
        eventually(lambda: directives(web)["stale"], 60)
        stale = directives(web)
        assert stale["routes"] == before["routes"]
        assert (datetime.now(UTC) - datetime.fromisoformat(stale["heartbeat_at"])).total_seconds() > 20
        assert web.get("/flagd.json")[0].status == 200
