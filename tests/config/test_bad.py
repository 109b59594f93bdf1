"""One bad file a rule, each pinned to its exact message: a changed wording is a changed interface."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from statuspage.app import load_config, load_for_running
from statuspage.config import ConfigError
from tests.config.messages import messages

FILES = sorted((Path(__file__).parent / "bad").glob("*.toml"))


@cache
def account(elliptic: bool, token_uri: str) -> str:
    """A service account's key file that cannot be used."""
    key = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps({"client_email": "probe@example.com", "private_key": pem, "token_uri": token_uri})


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUSPAGE_TEST_SIGNING_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("STATUSPAGE_TEST_ROUTING_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("STATUSPAGE_TEST_SHORT_KEY", "c2hvcnQ=")
    monkeypatch.setenv("STATUSPAGE_TEST_EC_ACCOUNT", account(True, "https://oauth2.googleapis.com/token"))
    monkeypatch.setenv("STATUSPAGE_TEST_FOREIGN_ACCOUNT", account(False, "https://evil.example/token"))


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_exactly_these_messages(path: Path) -> None:
    assert expected(path), "the file does not say what it expects"
    load = load_for_running if "# to run" in path.read_text(encoding="utf-8").splitlines() else load_config
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert [str(problem) for problem in refused.value.problems] == expected(path)


def _missing(folder: Path) -> str:
    return "cannot read config.toml: No such file or directory"


def _binary(folder: Path) -> str:
    (folder / "config.toml").write_bytes(b"\xff\xfe")
    return "config.toml is not UTF-8 text"


def _endless(folder: Path) -> str:
    (folder / "config.toml").write_text("#" * 4_000_001)
    return "config.toml is longer than 4,000,000 characters"


def _binary_secret(folder: Path) -> str:
    (folder / "key").write_bytes(b"\xff\xfe")
    (folder / "config.toml").write_text('[store]\npassword = { file = "key" }\n')
    return f"store.password: the file {folder / 'key'} is not UTF-8 text"


def _large_logo(folder: Path) -> str:
    (folder / "logo.svg").write_text("<svg/>" + " " * 102_400)
    (folder / "config.toml").write_text('[site]\nlogo = "logo.svg"\n')
    return "site.logo: logo.svg is larger than 100 KB"


MADE: list[Callable[[Path], str]] = [_missing, _binary, _endless, _binary_secret, _large_logo]
"""What does not lie well in a folder of files: each makes `config.toml`, and gives its message."""


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__.strip("_"))
def test_what_is_made_bad_is_refused_with_exactly_this_message(
    make: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    message = make(tmp_path)
    with pytest.raises(ConfigError) as refused:
        load_config(Path("config.toml"))
    assert str(refused.value) == message


def test_every_message_of_the_code_is_expected_of_a_file(tmp_path: Path) -> None:
    seen = [line for path in FILES for line in expected(path)] + [make(tmp_path) for make in MADE]
    texts = [line.split(": ", 1)[-1] for line in seen] + seen
    found = list(messages())
    assert len({each.pattern for each in found}) > 90, "the messages are not found"
    missing = [
        f"{each.where}: {each.pattern}" for each in found if not any(re.fullmatch(each.pattern, text) for text in texts)
    ]
    assert not missing, "\n".join(missing)
