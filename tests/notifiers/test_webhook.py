"""The signed webhook, as the library of Standard Webhooks and the official vector see it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from statuspage.clock import SystemClock
from statuspage.core.outgoing import Context, Outgoing
from statuspage.core.telling import Json
from statuspage.fields import Secret
from statuspage.notifiers.webhook import MOST_BYTES, Config, compose
from statuspage.signing import sign
from tests.notifiers.messages import AT, CONTEXT, EVIDENCE, message

OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
CONFIG = Config(url="https://hooks.example.com/x", secrets=(Secret(OLD),))


def at_present() -> Context:
    """The library refuses what is older than five minutes, and collecting the tests may be longer ago than that."""
    return Context("Acme", "https://status.example.com", SystemClock().now())


def verified(made: Outgoing, secret: str) -> Any:
    return Webhook(secret).verify(made.body, dict(made.headers))


@pytest.mark.corpus("I2")
def test_the_official_vector() -> None:
    signature = sign(Secret(OLD), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.corpus("I2")
def test_the_library_accepts_what_we_sign_and_nothing_that_was_touched() -> None:
    made = compose(CONFIG, message(), at_present())
    assert verified(made, OLD)["type"] == "incident.created"
    with pytest.raises(WebhookVerificationError):
        verified(made, NEW)
    touched = Outgoing(made.url, made.body.replace(b"incident.created", b"incident.deleted"), made.headers)
    with pytest.raises(WebhookVerificationError):
        verified(touched, OLD)
    stale = compose(CONFIG, message(), CONTEXT)
    with pytest.raises(WebhookVerificationError):
        verified(stale, OLD)


@pytest.mark.corpus("I2")
def test_two_secrets_sign_both_while_one_replaces_the_other() -> None:
    rotating = Config(url=CONFIG.url, secrets=(Secret(NEW), Secret(OLD)))
    made = compose(rotating, message(), at_present())
    assert len(made.headers["webhook-signature"].split(" ")) == 2
    assert verified(made, OLD) == verified(made, NEW)


@pytest.mark.corpus("I2")
def test_the_id_stays_and_the_time_is_that_of_the_attempt() -> None:
    first = compose(CONFIG, message(), CONTEXT)
    later = compose(CONFIG, message(attempts=3), Context("Acme", "", datetime(2026, 11, 23, 10, tzinfo=UTC)))
    assert first.headers["webhook-id"] == later.headers["webhook-id"] == message().id
    assert int(later.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3597
    assert first.body == later.body


def test_the_body_has_type_time_and_public_data_and_no_evidence() -> None:
    made = compose(CONFIG, message(), CONTEXT)
    document = json.loads(made.body)
    assert document == {"type": "incident.created", "timestamp": "2026-11-23T09:00:00.123Z", "data": message().data}
    assert AT.isoformat() in document["data"]["incident"]["started_at"]
    assert b"SECRET-HOST-9" not in made.body
    assert "SECRET-HOST-9" in str(EVIDENCE)


@pytest.mark.parametrize(
    "data",
    [
        {"incident": {"id": "qx2", "name": "n"}, "update": {"body": "ä" * 100_000}},
        {"incident": {"id": "qx2", "components": [{"id": f"c{n}", "name": "x" * 100} for n in range(200)]}},
        {"incident": {"id": "qx2", "components": [{"id": f"c{n}", "name": "x" * 100} for n in range(5000)]}},
    ],
    ids=["a long text", "many names", "too much of everything"],
)
def test_a_body_never_exceeds_what_receivers_must_take(data: dict[str, Json]) -> None:
    made = compose(CONFIG, message(data=data), at_present())
    assert len(made.body) <= MOST_BYTES
    assert "qx2" in json.dumps(verified(made, OLD))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "secret",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_c2hvcnQ=",
        "whsec_not base64 at all!",
        "whsec_é",
    ],
)
def test_a_secret_of_another_shape_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes"):
        Config(url=CONFIG.url, secrets=(Secret(secret),))
