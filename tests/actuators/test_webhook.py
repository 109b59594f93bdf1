"""The signed runbook: what it says, and that it is the same for every repeat of one act."""

import inspect
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from statuspage.actuators import webhook
from statuspage.app import ACTUATORS, loads_config
from statuspage.clock import SystemClock
from statuspage.core.outgoing import Context
from statuspage.core.telling import Json, Message
from statuspage.fields import Secret
from tests.notifiers.messages import AT, message

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONFIG = webhook.Config(url="https://runbooks.example.com/x", secrets=(Secret(KEY),))
MOVE: dict[str, Json] = {
    "route": {"id": "realtime.chat", "component": "chat", "ramp_seconds": 125},
    "from": "firebase",
    "to": "native",
    "epoch": 7,
    "generation": "g1",
    "cause": "firebase_down",
}


def moved(**more: Json) -> Message:
    return replace(message("route.moved", data={**MOVE, **more}), subject="realtime.chat")


def now() -> Context:
    return Context("Acme", "https://status.example.com", SystemClock().now())


def test_a_move_is_told_with_everything_that_is_needed_to_act() -> None:
    made = webhook.compose(CONFIG, moved(), now())
    document = Webhook(KEY).verify(made.body, dict(made.headers))
    assert document == {
        "type": "route.moved",
        "timestamp": f"{AT:%Y-%m-%dT%H:%M:%S}.123Z",
        "data": {
            "route": "realtime.chat", "epoch": ["g1", 7], "from": "firebase", "to": "native",
            "cause": "firebase_down", "ramp_seconds": 125, "component": "chat",
        },
    }  # fmt: skip


def test_one_route_and_epoch_have_one_key_and_another_epoch_has_another() -> None:
    keys = [
        webhook.compose(CONFIG, each, now()).headers["Idempotency-Key"] for each in (moved(), moved(), moved(epoch=8))
    ]
    assert keys[0] == keys[1] == "realtime.chat/g1.7"
    assert keys[2] == "realtime.chat/g1.8"


def test_a_room_that_runs_low_is_told_as_it_is() -> None:
    data: dict[str, Json] = {"provider": "native", "users": 9000, "capacity": 10_000, "max_connects_per_s": 50.0}
    made = webhook.compose(CONFIG, message("capacity.low", data=data), now())
    assert json.loads(made.body)["data"] == data
    assert made.headers["Idempotency-Key"].startswith("msg_")


@pytest.mark.parametrize("data", [{}, {"route": None}, {"route": 3, "epoch": None}, {"route": {}}])
def test_a_message_that_says_nothing_is_a_request_all_the_same(data: dict[str, Json]) -> None:
    assert json.loads(webhook.compose(CONFIG, message("route.moved", data=data), now()).body)["type"] == "route.moved"


def test_every_kind_documents_itself_with_an_example_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOK_SECRET", KEY)
    for name in ACTUATORS.names():
        module = ACTUATORS.module(name)
        (block,) = re.findall(r"```toml\n(.*?)```", inspect.getdoc(module) or "", re.DOTALL)
        assert tomllib.loads(block).keys() == {"actuator"}
        routes = '\n[[component]]\nid = "chat"\nname = "Chat"\n[[component]]\nid = "s"\nname = "S"\n'
        routes += '[[provider]]\nid = "p"\nname = "P"\ncomponent = "s"\n'
        routes += '[[route]]\nid = "realtime.chat"\ncomponent = "chat"\nprefer = ["p"]\n'
        (found,) = loads_config(block + routes, tmp_path).actuators
        assert found.destination.acts
        assert all(field.description for field in module.Config.model_fields.values())
