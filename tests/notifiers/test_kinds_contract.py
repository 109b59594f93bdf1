"""What every kind of notifier promises: see statuspage/notifiers/__init__.py."""

import importlib
import inspect
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from statuspage import notifiers
from statuspage.app import NOTIFIERS
from statuspage.config.tables import NotifyHead
from statuspage.core.addresses import check_url, operator
from statuspage.core.outgoing import Outgoing
from statuspage.core.telling import Json, Message
from statuspage.fields import Options
from tests.notifiers.messages import CONTEXT, every_kind, message

FOLDER = Path(notifiers.__file__).parent
KINDS = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
COMMON = set(NotifyHead.model_fields)
SAYING_NOTHING: tuple[dict[str, Json], ...] = (
    {},
    {"incident": None, "update": 3, "message": [], "component": {}},
    {"incident": {"name": 5}},
)
SECRETS = {
    "OPS_HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "PAGERDUTY_ROUTING_KEY": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"statuspage.notifiers.{request.param}")


def example_of(kind: ModuleType) -> dict[str, Any]:
    """The one table of the TOML block that the module's docstring ends in."""
    blocks = re.findall(r"```toml\n(.*?)```", kind.__doc__ or "", re.DOTALL)
    assert len(blocks) == 1, "the docstring has one fenced TOML block"
    assert (kind.__doc__ or "").rstrip().endswith("```"), "the docstring ends in its example"
    document = tomllib.loads(inspect.cleandoc(blocks[0]))
    assert document.keys() == {"notify"}
    (table,) = document["notify"]
    assert isinstance(table, dict)
    return table


def test_a_kind_that_pages_says_so() -> None:
    paging = {name for name in KINDS if getattr(NOTIFIERS.module(name), "PAGES", False) is True}
    assert paging == {"pagerduty"}


@pytest.fixture
def config(kind: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The options of the example."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return kind.Config(**{key: value for key, value in example_of(kind).items() if key not in COMMON})


def composed(kind: ModuleType, config: Any, each: Message) -> Outgoing:
    made = kind.compose(config, each, CONTEXT)
    assert isinstance(made, Outgoing)
    return made


def test_there_are_kinds_and_app_knows_them() -> None:
    assert {"pagerduty", "webhook"} <= set(KINDS)
    assert list(NOTIFIERS.names()) == KINDS


def test_the_example_is_a_destination_of_this_kind(kind: ModuleType, config: Any) -> None:
    table = example_of(kind)
    NotifyHead(**{key: value for key, value in table.items() if key in COMMON})
    assert table["type"] == kind.__name__.rpartition(".")[2]


def test_every_option_is_described(kind: ModuleType) -> None:
    assert issubclass(kind.Config, Options)
    assert [name for name, field in kind.Config.model_fields.items() if not field.description] == []


def test_no_option_hides_a_key_of_every_destination(kind: ModuleType) -> None:
    assert kind.Config.model_fields.keys() & COMMON == set()


def test_its_addresses_are_named_and_are_those_it_sends_to(kind: ModuleType, config: Any) -> None:
    named = kind.urls(config)
    assert named
    assert set(named) <= set(kind.Config.model_fields)
    for url in named.values():
        assert check_url(url, operator()) is None
    for each in every_kind():
        assert composed(kind, config, each).url.startswith(tuple(named.values()))


def test_every_event_there_is_can_be_composed_even_when_it_says_nothing(kind: ModuleType, config: Any) -> None:
    for each in every_kind():
        assert json.loads(composed(kind, config, each).body)
        for data in SAYING_NOTHING:
            assert json.loads(composed(kind, config, message(each.kind, data=data, evidence={})).body)


def test_the_same_message_at_the_same_moment_gives_the_same_bytes(kind: ModuleType, config: Any) -> None:
    for each in every_kind():
        assert composed(kind, config, each) == composed(kind, config, each)


def test_hostile_texts_stay_texts(kind: ModuleType, config: Any) -> None:
    name = "half \ud800, nul \x00, </script>\r\nX-Evil: 1 " + "ä" * 40_000
    made = composed(kind, config, message(data={"incident": {"name": name}, "update": {"body": name}}))
    assert json.loads(made.body)
    assert all(value.isprintable() for value in made.headers.values())


def test_no_kind_imports_another(kind: ModuleType) -> None:
    source = Path(str(kind.__file__)).read_text(encoding="utf-8")
    imported = set(re.findall(r"^\s*(?:from|import) statuspage\.notifiers\.(\w+)", source, re.MULTILINE))
    assert imported & set(KINDS) == set()
