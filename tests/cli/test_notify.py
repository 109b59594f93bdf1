"""`statuspage notify` as a user calls it, against real receivers."""

import json
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from statuspage.core.telling import MessageState
from statuspage.store import Store, open_store
from tests.databases import START
from tests.delivery.pagerduty_server import pagerduty
from tests.delivery.receivers import answering, playing, receiver
from tests.processes import statuspage
from tests.secret_key import secret_key
from tests.store.test_outbox import claim, message, put

SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


def config(folder: Path, url: str, kind: str = "webhook", allow: str = "127.0.0.1/32") -> str:
    """A configuration with one destination, `ops`."""
    (folder / "key").write_text(SIGNING_KEY if kind == "webhook" else ROUTING_KEY)
    secret = f'{{ file = "{folder / "key"}" }}'
    option = f"secrets = [{secret}]" if kind == "webhook" else f"routing_key = {secret}"
    path = folder / "config.toml"
    path.write_text(
        f"""
[site]
url = "https://status.example.com"
{secret_key(folder)}
[delivery]
allow = ["{allow}"]
deadline = "1s"
[[notify]]
id = "ops"
type = "{kind}"
url = "{url}"
{option}
"""
    )
    return str(path)


def test_a_webhook_that_takes_the_test_exits_with_0(tmp_path: Path) -> None:
    with receiver() as server:
        found = statuspage("notify", "test", "ops", "-c", config(tmp_path, server.url))
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("✓ ops (webhook): 202, ")
    (got,) = server.received
    event = Webhook(SIGNING_KEY).verify(got.body, dict(got.headers))
    assert (event["type"], event["data"]["test"]) == ("test.sent", True)


def test_a_pager_that_takes_the_test_exits_with_0(tmp_path: Path) -> None:
    with pagerduty() as server:
        path = config(tmp_path, server.url, "pagerduty")
        found = json.loads(statuspage("notify", "test", "ops", "--json", "-c", path).stdout)
    assert (found["delivered"], found["status"]) == (True, 202)
    assert "Event processed" in found["detail"]
    assert server.alerts == {"statuspage:production:test:test": "triggered"}


@pytest.mark.corpus("A21")
def test_one_that_refuses_exits_with_1_and_says_what_would_become_of_a_message(tmp_path: Path) -> None:
    body = f'{{"errors":["no such key {ROUTING_KEY}"]}}'.encode()
    with playing(answering(400, body=body)) as server:
        found = statuspage(
            "notify", "test", "ops", "-c", config(tmp_path, f"http://127.0.0.1:{server.port}", "pagerduty")
        )
    assert found.returncode == 1
    assert found.stdout.startswith("✗ ops (pagerduty): 400, ")
    assert "a real message would not be tried again: it does not understand the request" in found.stdout
    assert ROUTING_KEY not in found.stdout + found.stderr


def test_one_that_cannot_be_reached_exits_with_1(tmp_path: Path) -> None:
    found = statuspage("notify", "test", "ops", "-c", config(tmp_path, "http://127.0.0.1:1/"))
    assert found.returncode == 1
    assert "connection" in found.stdout
    assert "a real message would be tried again for a day" in found.stdout


def test_a_destination_that_does_not_exist_is_named_and_exits_with_2(tmp_path: Path) -> None:
    found = statuspage("notify", "test", "opps", "-c", config(tmp_path, "https://hooks.example.com"))
    assert found.returncode == 2
    assert 'there is no destination "opps"' in found.stderr
    assert "(ops)" in found.stderr


@pytest.mark.corpus("A16")
def test_an_address_that_nothing_may_be_sent_to_is_refused_with_the_file(tmp_path: Path) -> None:
    with playing(answering(200)) as server:
        path = config(tmp_path, f"http://127.0.0.1:{server.port}", allow="10.0.0.0/8")
        found = statuspage("notify", "test", "ops", "-c", path)
    assert found.returncode == 2
    assert found.stderr == "notify[ops].url: 127.0.0.1 is not a public address (this machine)\n"
    assert server.connections == 0


# --- the outbox ----------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path) -> tuple[str, Store]:
    """A configuration, and its store with one dead message of a silenced destination."""
    path = config(tmp_path, "https://hooks.example.com")
    assert statuspage("db", "upgrade", "-c", path).returncode == 0
    store = open_store(f"sqlite:///{tmp_path / 'data/statuspage.db'}")
    put(store, message(1, destination="ops"), message(2, destination="ops", queue="two"))
    (first, _) = claim(store, room={"ops": 2})
    store.outbox.dead(first.message.id, first.token, "it is gone (410)", START)
    store.outbox.silence("ops", "it is gone (410)", START)
    return path, store


def test_the_list_shows_what_waits_what_died_and_who_is_silenced(kept: tuple[str, Store]) -> None:
    path, store = kept
    found = json.loads(statuspage("notify", "list", "--json", "-c", path).stdout)
    assert found["destinations"] == [
        {"destination": "ops", "waiting": 1, "delivered": 0, "dead": 1, "dropped": 0, "silenced": "it is gone (410)"}
    ]
    assert [each["error"] for each in found["dead"]] == ["it is gone (410)"]
    shown = statuspage("notify", "list", "-c", path).stdout
    assert "ops: 1 waiting, 0 delivered, 1 dead, 0 dropped; silenced: it is gone (410)" in shown
    store.close()


def test_a_dead_message_is_tried_again_or_put_aside_and_the_journal_says_by_whom(kept: tuple[str, Store]) -> None:
    path, store = kept
    (dead,) = store.outbox.dead_letters()
    assert statuspage("notify", "retry", dead.id, "-c", path).returncode == 0
    again = store.outbox.message(dead.id)
    assert again is not None
    assert again.state is MessageState.WAITING
    refused = statuspage("notify", "drop", dead.id, "-c", path)
    assert (refused.returncode, refused.stderr) == (2, f'there is no dead message "{dead.id}"\n')
    assert statuspage("notify", "resume", "ops", "-c", path).returncode == 0
    assert store.outbox.silenced() == {}
    assert statuspage("notify", "resume", "ops", "-c", path).returncode == 2
    events = [entry.event for entry in store.journal()]
    assert [(each.kind, each.subject) for each in events] == [
        ("message.retried", dead.id),
        ("destination.resumed", "ops"),
    ]
    assert str(events[0].data["by"]).startswith("cli:")
    store.close()


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    found = statuspage("notify", "list", "-c", config(tmp_path, "https://hooks.example.com"))
    assert found.returncode == 1
    assert found.stderr.startswith("store: ")
    assert "Traceback" not in found.stderr
