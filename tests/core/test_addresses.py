"""Where requests may go: every spelling of an address that somebody tried somewhere, and what is made of it."""

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.addresses import (
    SUBSCRIBER,
    Policy,
    Refused,
    allow_problem,
    check_url,
    operator,
    parse,
    parse_network,
    refusal,
)

CLOSED = [
    # this machine, link-local, private
    "0.0.0.0", "127.0.0.1", "127.255.255.254", "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.0.1",
    # metadata services: AWS and most others, Alibaba, Azure, AWS over IPv6
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254",
    # carrier-grade NAT, reserved, documents, benchmarks, multicast, broadcast
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "192.88.99.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255",
    # IPv6, and IPv4 inside it
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.5", "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:a9fe:a9fe::", "2002:7f00:1::", "2001:0:5ef5:79fb:0:59d:a0e5:f0ff",
    "2001:db8::1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "ff0e::1", "3fff::1",
    "5f00::1", "100::1", "4000::1",
]  # fmt: skip
OPEN = ["93.184.216.34", "1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001::200e", "64:ff9b::101:101",
        "::ffff:8.8.8.8"]  # fmt: skip

EVERYTHING = operator([parse_network("0.0.0.0/0"), parse_network("::/0")])


@pytest.mark.parametrize("text", CLOSED)
def test_a_closed_address_is_refused_by_both_policies(text: str) -> None:
    assert refusal(ip_address(text), SUBSCRIBER) is not None
    assert refusal(ip_address(text), operator()) is not None


@pytest.mark.parametrize("text", OPEN)
def test_a_public_address_is_open_to_both(text: str) -> None:
    assert refusal(ip_address(text), SUBSCRIBER) is None
    assert refusal(ip_address(text), operator()) is None


@pytest.mark.parametrize("text", ["10.0.0.5", "192.168.1.1", "100.64.0.1", "fd12:3456::1", "::ffff:10.0.0.5"])
def test_a_private_network_opens_as_a_whole(text: str) -> None:
    assert refusal(ip_address(text), EVERYTHING) is None
    assert refusal(ip_address(text), operator([parse_network("172.16.0.0/12")])) is not None


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "::1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fe80::1", "0.0.0.0",
     "224.0.0.1", "2002:a9fe:a9fe::", "fec0::1"],
)  # fmt: skip
@pytest.mark.corpus("A1")
def test_ourselves_and_metadata_open_one_by_one_only(text: str) -> None:
    address = ip_address(text)
    assert refusal(address, EVERYTHING) is not None
    assert refusal(address, operator([parse_network(f"{text}/{address.max_prefixlen}")])) is None


def test_metadata_inside_a_network_that_was_opened_stays_closed() -> None:
    assert refusal(ip_address("100.100.100.200"), operator([parse_network("100.64.0.0/10")])) is not None
    assert refusal(ip_address("fd00:ec2::254"), operator([parse_network("fd00::/8")])) is not None


BAD_URLS = [
    "http://169.254.169.254/latest/meta-data/", "http://169.254.169.254:80/", "http://[::1]:6379/",
    "http://example.com:pass@169.254.169.254/", "http://user@example.com/", "http://example.com@127.0.0.1/",
    "http://0177.0.0.1/", "http://0x7f.1/", "http://2130706433/", "http://127.1/", "http://0/", "http://0x7f000001/",
    "http://127.0.0.1./", "http://①②⑦.⓪.⓪.①/", "http://１２７.0.0.1/", "http://127。0。0。1/",
    "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::a00:1]/",
    "http://[2002:a9fe:a9fe::]/", "http://[2001:0:1::1]/", "http://[fec0::1]/", "http://[fd00:ec2::254]/",
    "http://[::1%25lo]/", "http://[::1%lo]/", "http://[fe80::1%25eth0]/", "http://[nonsense]/", "http://[::1/",
    "http://localhost/", "http://LOCALHOST/", "http://x.localhost/", "http://localhost./",
    "file:///etc/passwd", "file:/etc/passwd", "source:file:///etc/passwd", "FILE:///etc/passwd", "gopher://x/",
    "ftp://example.com/", "data:text/plain,x", "jar:http://x!/", "javascript:alert(1)", "//example.com/", "/x", "",
    "http:example.com", "http:///x", "http://", "http://exa mple.com/", "http://example.com/\r\nX: y",
    "http://example.com\\@127.0.0.1/", "http://example.com:0/", "http://example.com:65536/", "http://example.com:x/",
    "http://" + "a" * 3000, "http://a..b/", "http://-a/", "http://a%2eb/", "http://a_b!/",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.parametrize("policy", [SUBSCRIBER, operator()], ids=["subscriber", "operator"])
@pytest.mark.corpus("A1", "A2", "A4", "A6", "A7", "A12")
def test_a_bad_url_is_refused_in_words_that_do_not_repeat_it(url: str, policy: Policy) -> None:
    for each in (url, url.replace("http://", "https://")):
        problem = check_url(each, policy)
        assert problem
        assert not url or url not in problem


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "https://example.com:80/", "https://example.com:22/", "https://example.com:6379/"],
)
def test_a_subscribers_url_is_encrypted_and_on_the_usual_ports(url: str) -> None:
    assert check_url(url, SUBSCRIBER) is not None
    assert check_url(url, operator()) is None


def test_a_good_url_is_read_as_it_is_meant() -> None:
    target = parse("HTTPS://Hooks.Example.com:8443/a/b?c=d#e", SUBSCRIBER)
    assert (target.scheme, target.host, target.port, target.path) == ("https", "hooks.example.com", 8443, "/a/b?c=d")
    assert (target.address, target.authority) == (None, "hooks.example.com:8443")
    literal = parse("https://[2606:4700:4700::1111]?x", SUBSCRIBER)
    assert (literal.path, literal.authority) == ("/?x", "[2606:4700:4700::1111]")


def test_localhost_is_never_looked_up() -> None:
    target = parse("http://localhost:8080/", operator([parse_network("127.0.0.1/32")]))
    assert target.address == IPv4Address("127.0.0.1")


@pytest.mark.parametrize("text", ["127.0.0.0/8", "127.0.0.0/31", "169.254.0.0/16", "169.254.169.0/24", "fe80::/64"])
def test_a_network_of_ourselves_or_link_local_cannot_be_opened(text: str) -> None:
    assert allow_problem(parse_network(text)) is not None


@pytest.mark.parametrize("text", ["127.0.0.1/32", "10.0.0.0/8", "::1/128", "0.0.0.0/0", "fd00::/8"])
def test_others_can(text: str) -> None:
    assert allow_problem(parse_network(text)) is None


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_whatever_python_calls_private_is_closed(address: object) -> None:
    found = ip_address(str(address))
    inner = getattr(found, "ipv4_mapped", None)
    if found.is_private or found.is_loopback or found.is_link_local or found.is_multicast:
        meant = inner or found
        if not meant.is_global or meant.is_multicast:
            assert refusal(found, SUBSCRIBER) is not None


@given(st.text(max_size=60))
def test_no_text_makes_the_reading_fail_otherwise(text: str) -> None:
    for url in (text, f"https://{text}", f"https://[{text}]/", f"https://example.com:{text}/"):
        try:
            target = parse(url, SUBSCRIBER)
        except Refused:
            continue
        assert target.scheme == "https"
        assert target.port in (443, 8443)
