"""The staff area under granian with several workers: one limit for all, over a restart, and real addresses."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from statuspage.core.throttle import ADDRESS
from tests.web.processes import PROGRAM, Web, running
from tests.web.served import seeded_store
from tests.web.staff import SECRET

URL = "http://127.0.0.1:8000"
WITH_STAFF = PROGRAM.replace("WebConfig(public, store)", f"WebConfig(public, store, {URL!r}, {SECRET!r})")
"""The same with a secret key, and so with a staff area."""


def bad_sign_in(web: Web, n: int) -> int:
    """The status of a sign-in that claims to come from somewhere else each time."""
    connection = HTTPConnection("127.0.0.1", web.port, timeout=30)
    headers = {
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": f"198.51.100.{n}",
    }
    try:
        connection.request("POST", "/staff/login", urlencode({"name": "ana", "password": f"wrong {n}"}), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@pytest.mark.corpus("D10", "D11")
def test_four_workers_and_a_restart_share_one_limit(tmp_path: Path) -> None:
    assert WITH_STAFF != PROGRAM
    address, store = seeded_store(tmp_path)
    seen: Counter[int] = Counter()
    for share in (range(8), range(8, 40)):
        with running(tmp_path / "public", address, workers=4, program=WITH_STAFF) as web, ThreadPoolExecutor(8) as pool:
            seen.update(pool.map(lambda n: bad_sign_in(web, n), share))
    # A slow machine may see a delay of 2, 4 or 8 s end, and one more judged for each.
    assert set(seen) == {403, 429}
    assert ADDRESS.free < seen[403] <= ADDRESS.free + 4
    refused = store.newest_events(100, kind="login.")
    assert len(refused) == seen[403]
    assert {entry.event.data["address"] for entry in refused} == {"127.0.0.1"}
    store.close()
