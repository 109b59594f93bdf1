"""What every kind of probe promises: see probes/__init__.py."""

import importlib
import inspect
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import probes
from probes._service_account import GOOGLE_TOKEN_URL
from statuspage.fields import Options, parse_duration

FOLDER = Path(probes.__file__).parent
KINDS = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
COMMON = {"id", "component", "type", "every", "timeout", "slow_over", "limits"}
"""Keys of [[check]] that belong to every kind and are not in its Config."""


def secret_file() -> str:
    """A file's secret may be any text; this one is also a service account's key file, which one kind insists on."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps({"client_email": "probe@example.com", "private_key": pem, "token_uri": GOOGLE_TOKEN_URL})


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"probes.{request.param}")


def name_of(kind: ModuleType) -> str:
    return kind.__name__.rpartition(".")[2]


def example_of(kind: ModuleType) -> dict[str, Any]:
    """The one table of the TOML block that the module's docstring ends in."""
    blocks = re.findall(r"```toml\n(.*?)```", kind.__doc__ or "", re.DOTALL)
    assert len(blocks) == 1, "the docstring has one fenced TOML block"
    assert (kind.__doc__ or "").rstrip().endswith("```"), "the docstring ends in its example"
    document = tomllib.loads(inspect.cleandoc(blocks[0]))
    assert document.keys() == {"check"}
    (check,) = document["check"]
    assert isinstance(check, dict)
    return check


def test_there_are_kinds() -> None:
    assert {"http", "tcp", "redis"} <= set(KINDS)


def test_the_example_is_a_check_of_this_kind(kind: ModuleType) -> None:
    check = example_of(kind)
    assert check["type"] == name_of(kind)
    assert {"id", "component", "type", "every", "timeout"} <= check.keys()
    assert parse_duration(check["timeout"]) <= parse_duration(check["every"])


def test_the_example_passes_the_kinds_own_rules(
    kind: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    check = example_of(kind)

    def with_secrets(value: Any) -> Any:
        """The same options with every secret's variable set and every secret's file made."""
        if isinstance(value, list):
            return [with_secrets(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"env"}:
            monkeypatch.setenv(value["env"], "a-secret")
        elif value.keys() == {"file"}:
            (tmp_path / "secret").write_text(secret_file(), encoding="utf-8")
            return {"file": str(tmp_path / "secret")}
        return {key: with_secrets(item) for key, item in value.items()}

    kind.Config(**{key: with_secrets(value) for key, value in check.items() if key not in COMMON})


def test_every_option_is_described(kind: ModuleType) -> None:
    assert issubclass(kind.Config, Options)
    undescribed = [name for name, field in kind.Config.model_fields.items() if not field.description]
    assert undescribed == []


def test_no_option_hides_a_key_of_every_check(kind: ModuleType) -> None:
    assert kind.Config.model_fields.keys() & COMMON == set()


def test_the_stages_are_named(kind: ModuleType) -> None:
    assert isinstance(kind.STAGES, tuple)
    assert kind.STAGES
    assert all(isinstance(stage, str) for stage in kind.STAGES)
    assert len(set(kind.STAGES)) == len(kind.STAGES)


def test_the_probe_is_a_coroutine_function_of_config_and_context(kind: ModuleType) -> None:
    assert inspect.iscoroutinefunction(kind.probe)
    assert list(inspect.signature(kind.probe).parameters) == ["config", "context"]


def test_no_kind_imports_another(kind: ModuleType) -> None:
    source = Path(str(kind.__file__)).read_text(encoding="utf-8")
    imported = set(re.findall(r"^\s*(?:from|import) probes\.(\w+)", source, re.MULTILINE))
    imported |= set(re.findall(r"^\s*from probes import (\w+)", source, re.MULTILINE))
    assert imported & set(KINDS) == set()
