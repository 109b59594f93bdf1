"""The guard at the moment of sending: what it refuses opens no socket, as Python itself tells by an audit hook."""

import socket
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from statuspage.clock import SystemClock
from statuspage.core.addresses import SUBSCRIBER, Policy, operator, parse_address, parse_network
from statuspage.core.outgoing import Outgoing
from statuspage.core.retrying import Answer, Trouble
from statuspage.delivery import connecting, outbound
from tests.core.test_addresses import BAD_URLS, CLOSED
from tests.delivery.receivers import HERE, answering, playing

CLOCK = SystemClock()
PRIVATE = operator([parse_network("10.0.0.0/8")])
_connected: list[Any] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        _connected.append(arguments[1])


sys.addaudithook(_hook)


@pytest.fixture
def connected() -> list[Any]:
    """The addresses that this process connected to since the beginning of the test."""
    _connected.clear()
    return _connected


def send(url: str, policy: Policy, *answers: Sequence[str]) -> Answer:
    """Send to the URL; its name leads to these addresses, one answer a look-up."""
    left = list(answers)
    return outbound.send(Outgoing(url, b"{}"), policy, 5.0, CLOCK, look=lambda host, port: left.pop(0))


def test_the_audit_hook_sees_what_is_connected_to(connected: list[Any]) -> None:
    with playing(answering(200)) as server:
        assert send(f"http://127.0.0.1:{server.port}/", HERE).status == 200
    assert connected == [("127.0.0.1", server.port)]


@pytest.mark.parametrize("policy", [SUBSCRIBER, PRIVATE], ids=["subscriber", "operator"])
@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.corpus("A1", "A2", "A4", "A6", "A7", "A12")
def test_a_bad_url_in_the_database_opens_no_socket(url: str, policy: Policy, connected: list[Any]) -> None:
    for each in (url, url.replace("http://", "https://")):
        assert send(each, policy).trouble is Trouble.GUARD
    assert connected == []


@pytest.mark.parametrize("address", [each for each in CLOSED if "%" not in each])
@pytest.mark.corpus("A1", "A7")
def test_a_name_that_leads_to_a_closed_address_opens_no_socket(address: str, connected: list[Any]) -> None:
    assert send("https://hooks.example.com/", SUBSCRIBER, [address]).trouble is Trouble.GUARD
    assert send("https://hooks.example.com/", operator(), [address]).trouble is Trouble.GUARD
    assert connected == []


@pytest.mark.parametrize(
    "addresses",
    [["93.184.216.34", "10.0.0.5"], ["10.0.0.5", "93.184.216.34"], ["2606:4700::1", "::1"], ["fe80::1%1"]],
)
@pytest.mark.corpus("A10")
def test_one_closed_address_among_several_refuses_all(addresses: list[str], connected: list[Any]) -> None:
    answer = send("https://hooks.example.com/", SUBSCRIBER, addresses)
    assert answer.trouble is Trouble.GUARD
    assert answer.status is None
    assert connected == []


@pytest.mark.corpus("A9")
def test_a_name_is_asked_once_and_the_socket_goes_to_what_was_checked(connected: list[Any]) -> None:
    with playing(answering(200)) as server:
        url = f"http://hooks.example.com:{server.port}/"
        assert send(url, HERE, ["127.0.0.1"], ["10.0.0.5"]).status == 200
    assert connected == [("127.0.0.1", server.port)]


@pytest.mark.corpus("A9")
def test_no_verdict_is_kept_for_the_next_time(connected: list[Any]) -> None:
    with playing(answering(200)) as server:
        url = f"http://hooks.example.com:{server.port}/"
        answers = [["127.0.0.1"], ["127.0.0.2"]]
        seen = [
            outbound.send(Outgoing(url, b""), HERE, 5.0, CLOCK, look=lambda host, port: answers.pop(0))
            for _ in range(2)
        ]
    assert [each.status for each in seen] == [200, None]
    assert seen[1].trouble is Trouble.GUARD
    assert len(connected) == 1


@pytest.mark.corpus("A9")
def test_a_socket_that_leads_elsewhere_is_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(answering(200)) as server, playing(answering(200)) as other:

        def elsewhere(address: object, port: int, within: float) -> socket.socket:
            return socket.create_connection(("127.0.0.1", other.port))

        monkeypatch.setattr(connecting, "_connect", elsewhere)
        one = operator([parse_network("127.0.0.2/32")])
        answer = send(f"http://hooks.example.com:{server.port}/", one, ["127.0.0.2"])
    assert answer.trouble is Trouble.GUARD
    assert "not checked" in answer.detail


def test_a_private_network_that_was_opened_passes_as_a_whole() -> None:
    addresses = [parse_address("10.255.255.1"), parse_address("93.184.216.34")]
    assert connecting.checked(addresses, PRIVATE) == addresses


def test_a_subscribers_address_is_never_this_machine_whatever_the_operator_opened(connected: list[Any]) -> None:
    with playing(answering(200)) as server:
        assert send(f"https://127.0.0.1:{server.port}/", SUBSCRIBER).trouble is Trouble.GUARD
        assert server.connections == 0
    assert connected == []
