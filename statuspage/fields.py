"""Field types of the config file, importable by every kind: Duration, Secret, Url, and the base of option models."""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|[smhd]))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhd])")
LONGEST = timedelta(days=3660)

FOLDER = "folder"
"""The key of pydantic's validation context under which the folder stands where relative paths of the file begin."""

MASK = "••••"


def parse_duration(value: object) -> timedelta:
    """A length of time from its text: "10s", "1m30s", "250ms", "2h". Raises ValueError with the accepted form."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError('write a duration as a string such as "10s", "250ms", "5m" or "1h30m"')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"must be at most {LONGEST.days} days")
    return timedelta(seconds=seconds)


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than zero")
    return value


Duration = Annotated[timedelta, BeforeValidator(parse_duration), AfterValidator(_positive)]
"""A length of time above zero, as a `timedelta`."""


def _from_the_folder(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get(FOLDER, "")) / path


FilePath = Annotated[Path, AfterValidator(_from_the_folder)]
"""A file's path. A relative one begins where the config file lies."""


class Secret:
    """A value that is never printed. In the file it is `{ env = "NAME" }` or `{ file = "/path" }`, nothing else.

    A relative path begins where the config file lies.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    @classmethod
    def _read(cls, value: object, info: ValidationInfo) -> "Secret":
        if isinstance(value, Secret):
            return value
        if not isinstance(value, dict) or len(value) != 1 or not (value.keys() <= {"env", "file"}):
            raise ValueError('secrets are never written here: use { env = "NAME" } or { file = "/path" }')
        ((source, where),) = value.items()
        if not isinstance(where, str) or not where or not where.isprintable():
            raise ValueError(f"{source} must name {'a variable' if source == 'env' else 'a file'}")
        if source == "env":
            if not os.environ.get(where):
                raise ValueError(f"the environment variable {where} is not set")
            return cls(os.environ[where])
        path = _from_the_folder(Path(where), info)
        try:
            text = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"cannot read the file {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"the file {path} is not UTF-8 text") from None
        if not text:
            raise ValueError(f"the file {path} is empty")
        return cls(text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls._read, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: MASK)
        )


def _text_or_secret(value: object, info: ValidationInfo) -> object:
    # A table can only be meant as a secret; saying so here makes one error of it instead of two.
    return Secret._read(value, info) if isinstance(value, dict) else value


TextOrSecret = Annotated[str | Secret, BeforeValidator(_text_or_secret)]
"""A text that may stand in the file, or a secret that may not."""


_NAME = re.compile(r"(?!-)[\w.-]{1,253}")
_NEVER_IN_A_URL = re.compile(r"[\s\"<>\\`]")
"""RFC 3986 has none of these in any part; each has once ended an attribute, a line or a quotation."""


def _is_host(text: str) -> bool:
    """Whether it is a name or an address: nothing that a shell, a command line or a resolver takes for more."""
    if ":" not in text:
        return _NAME.fullmatch(text) is not None
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host(value: str) -> str:
    if not _is_host(value):
        raise ValueError("must be a host name or an IP address")
    return value


Host = Annotated[str, AfterValidator(_host)]
"""A host name, also one with letters of other scripts, or an IP address without brackets."""


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError as error:
            raise ValueError(f"not a URL: {error}") from None
        if not value.isprintable() or len(parts.hostname or "") > 253:
            raise ValueError("not a URL: its host is too long or it holds control characters")
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that starts with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if not _is_host(parts.hostname) or _NEVER_IN_A_URL.search(value):
            raise ValueError("not a URL: it holds what no address has")
        if parts.username or parts.password:
            raise ValueError("must not hold a user or password: use the secret options of this kind")
        return value

    return AfterValidator(check)


def host_and_port(url: str) -> tuple[str, int]:
    """Where an `HttpUrl` leads: the host in small letters, and the port, that of its scheme where it names none."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


HttpUrl = Annotated[str, _url("http", "https")]
WebSocketUrl = Annotated[str, _url("ws", "wss")]
RedisUrl = Annotated[str, _url("redis", "rediss")]
FirebaseUrl = Annotated[str, _url("http", "https", "ws", "wss")]


SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


def check_headers_hold_no_secret(headers: Mapping[str, str | Secret]) -> None:
    """Raises ValueError for a header that is a secret by its nature and stands in the file as a text."""
    for name, value in headers.items():
        if name.lower() in SECRET_HEADERS and not isinstance(value, Secret):
            raise ValueError(f'{name} is a secret: use {{ env = "NAME" }} or {{ file = "/path" }}')


class Options(BaseModel):
    """The base of every table of the config file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # the input may be a secret that was written where none belongs
    )


def secrets_in(value: Any) -> Iterator[str]:
    """Every secret text inside an options model, for the redaction of what it produces."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from secrets_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from secrets_in(item)


_USERINFO = re.compile(r"(?<=://)[^/\s]+(?=@)")
_QUERY_KEY = re.compile(r"(?i)\b((?:access_)?token|auth|key|apikey|api_key|password|secret|sig|signature)=[^&\s\"']+")


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without the given secrets, without user info in addresses and without telling query values."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, MASK)
    return _QUERY_KEY.sub(lambda found: f"{found.group(1)}={MASK}", _USERINFO.sub(MASK, text))
