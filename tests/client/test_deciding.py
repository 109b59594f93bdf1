"""The client decides for itself exactly what the server would have answered."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given

from statuspage import client
from statuspage.core import directive as core
from statuspage.core import pacing
from tests.client.documents import AT, CHAT, CONTEXTS, DIRECTIVES, TEXTS, document, later, limited


@given(DIRECTIVES, CONTEXTS)
def test_a_directive_means_the_same_to_client_and_server(
    directive: Mapping[str, Any], context: Mapping[str, Any]
) -> None:
    expected = core.evaluate(CHAT, directive, context)
    assert client.evaluate(CHAT, directive, context) == (expected.value, expected.reason)
    assert client.personal(CHAT, directive, context) == core.personal(directive, expected)


@given(TEXTS, TEXTS)
def test_moments_and_buckets_are_those_of_the_server(one: str, other: str) -> None:
    assert client.moment(one, other) == pacing.moment(one, other)
    assert client.bucket(one, other) == pacing.bucket(one, other)
    assert 0 <= client.moment(one, other) < 1


def test_limited_mode_with_an_end_leads_on_from_there() -> None:
    ends = later(60)
    directive = document(limited(expires_at=ends, expires_to="native"))["routes"][CHAT]
    directive["rules"] = [{"attribute": "a", "over": 1, "under": 0, "held": False, "target": "limited"}]
    assert client.in_force(directive, ends.timestamp() - 0.1)["target"] == "limited"
    after = client.in_force(directive, ends.timestamp())
    assert (after["target"], after["publish_to"]) == ("native", ["native"])
    assert client.evaluate(CHAT, after, {"a": 2}) == ("native", "STATIC")
    assert after["ramp"] == {"start": "2026-11-23T09:01:00.000Z", "wait_s": 0, "seconds": 30}


def test_limited_mode_without_an_end_does_not_end() -> None:
    directive = document(limited())["routes"][CHAT]
    assert client.in_force(directive, AT.timestamp() + 1e9) is directive
