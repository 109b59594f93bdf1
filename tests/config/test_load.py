"""What a good file becomes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import trustme
from pydantic import BaseModel

from statuspage.app import load_config, loads_config
from statuspage.config import ConfigError
from statuspage.core.telling import ON_CALL, Destination
from statuspage.fields import Secret, parse_duration, redact

GOOD = """
[site]
name = "Acme"
url = "https://status.example.com/"
time_zone = "America/New_York"
[store]
url = "postgresql+psycopg://status@db.example.com/status"
password = { env = "STATUSPAGE_TEST_PASSWORD" }
[[group]]
id = "realtime"
name = "Realtime"
[[component]]
id = "firebase"
name = "Firebase Web Sockets"
group = "realtime"
[[component]]
id = "chat"
name = "Session chat"
needs = ["firebase"]
[[check]]
id = "chat-port"
component = "chat"
type = "tcp"
host = "127.0.0.1"
port = 80
every = "5s"
timeout = "2s"
limits = { connect = "1s" }
"""


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUSPAGE_TEST_PASSWORD", "h/unter 2")


def test_the_public_part_holds_structure_and_no_address(tmp_path: Path) -> None:
    site = loads_config(GOOD, tmp_path).site
    assert site.url == "https://status.example.com"
    assert [each.name for each in site.in_group("realtime")] == ["Firebase Web Sockets"]
    chat = site.component("chat")
    assert chat is not None
    assert (chat.position, chat.needs, chat.checks) == (1, ("firebase",), ("chat-port",))
    assert "127.0.0.1" not in repr(site)


def test_destinations_are_public_without_their_addresses_and_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATUSPAGE_TEST_KEY", "0123456789abcdef0123456789abcdef")
    text = """
[[notify]]
id = "on-call"
type = "pagerduty"
components = ["chat"]
routing_key = { env = "STATUSPAGE_TEST_KEY" }
url = "https://10.1.2.3"
[delivery]
allow = ["10.0.0.0/8"]
"""
    config = loads_config(GOOD + text, tmp_path)
    assert config.site.destinations == (Destination("on-call", "pagerduty", ON_CALL, ("chat",), pages=True),)
    assert "10.1.2.3" not in repr(config.site)
    assert "0123456789abcdef0123456789abcdef" in config.secrets
    assert "0123456789abcdef" not in repr(config)


def test_the_password_is_put_into_the_address_of_the_database_only(tmp_path: Path) -> None:
    config = loads_config(GOOD, tmp_path)
    assert config.store_url == "postgresql+psycopg://status:h%2Funter%202@db.example.com/status"
    assert "unter" not in repr(config.file)
    assert config.secrets == ("h/unter 2",)


def test_relative_paths_begin_at_the_file(tmp_path: Path) -> None:
    config = loads_config("", tmp_path)
    assert config.store_url == f"sqlite:///{tmp_path}/data/statuspage.db"
    assert config.public_dir == tmp_path / "data/public"


def test_relative_files_of_secrets_and_certificates_begin_at_the_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "etc"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "password").write_text("hunter2\n")
    (folder / "keys" / "api").write_text("an-api-key")
    certificate = trustme.CA()
    certificate.cert_pem.write_to_path(folder / "keys" / "ca.pem")
    certificate.issue_cert("probe.example.com").private_key_and_cert_chain_pem.write_to_path(folder / "keys" / "me.pem")
    (folder / "config.toml").write_text("""
[store]
url = "postgresql+psycopg://status@db.example.com/status"
password = { file = "keys/password" }
[[component]]
id = "chat"
name = "Chat"
[[check]]
id = "chat"
component = "chat"
type = "http"
url = "https://chat.example.com"
headers = { Authorization = { file = "keys/api" } }
ca_file = "keys/ca.pem"
client_cert = "keys/me.pem"
client_key = "keys/me.pem"
""")
    monkeypatch.chdir(tmp_path)
    config = load_config(Path("etc/config.toml"))
    assert config.secrets == ("hunter2", "an-api-key")
    options: Any = config.checks[0].options
    assert options.ca_file == folder / "keys" / "ca.pem"
    assert options.client_cert == options.client_key == folder / "keys" / "me.pem"


def test_rules_follow_the_cadence_of_the_check(tmp_path: Path) -> None:
    (check,) = loads_config(GOOD, tmp_path).checks
    assert check.rules.stale_after == timedelta(seconds=17)
    assert check.head.limits == {"connect": timedelta(seconds=1)}


def test_a_file_without_anchors_is_good_and_warned_about(tmp_path: Path) -> None:
    warnings = [str(each) for each in loads_config(GOOD, tmp_path).warnings]
    assert any(each.startswith("anchor: ") for each in warnings)
    assert any(each.startswith("component[firebase]: has no check") for each in warnings)


@pytest.mark.parametrize(("capacity", "fits"), [("", False), ("capacity = 500", True)])
def test_a_route_without_users_is_warned_about_and_more_where_there_is_a_capacity(
    tmp_path: Path, capacity: str, fits: bool
) -> None:
    text = f"""
        [[component]]
        id = "firebase"
        name = "Firebase"
        [[component]]
        id = "chat"
        name = "Chat"
        [[provider]]
        id = "firebase"
        name = "Firebase"
        component = "firebase"
        {capacity}
        [[route]]
        id = "realtime.chat"
        component = "chat"
        prefer = ["firebase"]
        mode = "approve"
    """
    warnings = [str(each) for each in loads_config(text, tmp_path).warnings]
    (said,) = [each for each in warnings if each.startswith("route[realtime.chat].users: is not given")]
    assert ("whether it fits on firebase" in said) is fits


def test_the_example_shows_and_explains_every_setting_and_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tomllib

    from statuspage.config import tables

    text = (Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8")
    (tmp_path / "password").write_text("a good password")
    (tmp_path / "ops_hook_secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    (tmp_path / "runbook_secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    (tmp_path / "pagerduty_routing_key").write_text("0123456789abcdef0123456789ABCDEF")
    config = loads_config(text.replace("/etc/statuspage/", f"{tmp_path}/"), tmp_path)
    assert config.checks
    # A setting that is off by default stands there as a comment; both count as shown.
    shown = tomllib.loads("\n".join(line.removeprefix("#= ") for line in text.splitlines()))
    missing = list(not_shown(tables.File, [shown], ""))
    for name, head in (("check", tables.CheckHead), ("notify", tables.NotifyHead)):
        missing += not_shown(head, shown[name], name)
    assert not missing, f"the example does not show {', '.join(missing)}"


def not_shown(model: type[BaseModel], entries: Sequence[Mapping[str, Any]], path: str) -> Iterator[str]:
    """The settings of a model, and of every model inside it, that none of these tables has."""
    for name, field in model.model_fields.items():
        where = f"{path}.{name}" if path else name
        found = [entry[name] for entry in entries if name in entry]
        if not found:
            yield where
        inner = next(models_in(field.annotation), None)
        if inner is not None:
            listed = [each for value in found for each in (value if isinstance(value, list) else [value])]
            yield from not_shown(inner, listed, where)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def test_the_walk_through_the_settings_finds_those_that_lie_deep() -> None:
    from statuspage.config import tables

    found = set(not_shown(tables.File, [], ""))
    assert {"site.link.name", "incidents.undo", "template.body", "route.when.under", "component.words.title"} <= found


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("10s", 10), ("1m30s", 90), ("1h", 3600), ("2d", 172800), ("1.5s", 1.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "10", "s", "10 s", "-1s", "1y", 10, None])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="write a duration"):
        parse_duration(text)


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"


def test_texts_are_redacted_of_secrets_user_info_and_telling_query_values() -> None:
    text = "GET https://user:pass@host/?key=AIzaXYZ&ns=probe said hunter2"
    assert redact(text, ("hunter2",)) == "GET https://••••@host/?key=••••&ns=probe said ••••"


@pytest.mark.parametrize("text", ["x = " + "[" * 3000, "fall = 1" + "0" * 5000])
def test_what_python_refuses_to_read_is_an_error_and_no_crash(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loads_config(text, tmp_path)
    assert str(refused.value).startswith("not valid TOML")


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("#" * 5_000_000)
    with pytest.raises(ConfigError, match="longer than"):
        load_config(path)


def test_problems_hold_no_control_characters(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loads_config('[[group]]\nid = "a\\u001b[31m"\nname = "A"\n', tmp_path)
    assert "\x1b" not in str(refused.value)
