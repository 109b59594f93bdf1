"""Parts of the http kind's options: statuses, headers to send, headers to expect."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from probes._h1 import Head
from statuspage.fields import Options, Secret, TextOrSecret, check_headers_hold_no_secret

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SET_BY_THE_PROBE = frozenset({"accept-encoding", "connection", "content-length", "transfer-encoding", "upgrade"})


def _status_range(value: object) -> object:
    """200 → (200, 200), "2xx" → (200, 299), "200-204" → (200, 204)."""
    if isinstance(value, str):
        if re.fullmatch(r"[1-5]xx", value):
            return int(value[0]) * 100, int(value[0]) * 100 + 99
        ends = re.fullmatch(r"([1-5]\d\d)(?:-([1-5]\d\d))?", value)
        if ends and int(ends[2] or ends[1]) >= int(ends[1]):
            return int(ends[1]), int(ends[2] or ends[1])
    elif isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
        return value, value
    elif isinstance(value, tuple):
        return value
    raise ValueError('write a status as 200, "2xx" or "200-204"')


StatusRange = Annotated[tuple[int, int], BeforeValidator(_status_range)]


def _header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    return name


def _sendable(headers: dict[str, str | Secret]) -> dict[str, str | Secret]:
    for name, value in headers.items():
        if _header_name(name).lower() in _SET_BY_THE_PROBE:
            raise ValueError(f"{name} is set by the probe itself")
        text = value.reveal() if isinstance(value, Secret) else value
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"the value of {name} has characters that a header cannot carry")
    check_headers_hold_no_secret(headers)
    return headers


NonEmpty = Annotated[str, Field(min_length=1)]
SentHeaders = Annotated[dict[str, TextOrSecret], AfterValidator(_sendable)]


class HeaderAssertion(Options):
    """What must be true of one response header. Exactly one of equals, contains and exists."""

    name: Annotated[str, Field(max_length=100), AfterValidator(_header_name)]
    """The name of the header, in any case."""

    equals: str | None = None
    """The whole value."""

    contains: str | None = None
    """A part of the value."""

    exists: bool | None = None
    """Whether the header must be there."""

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if sum(each is not None for each in (self.equals, self.contains, self.exists)) != 1:
            raise ValueError("needs exactly one of equals, contains and exists")
        return self

    def objection(self, head: Head) -> str | None:
        """Why the response does not pass, or None. Of several headers of the name one has to."""
        values = head.values(self.name)
        if self.exists is not None:
            there = bool(values)
            return None if there is self.exists else f"header {self.name} is {'there' if there else 'not there'}"
        if any(value == self.equals if self.equals is not None else str(self.contains) in value for value in values):
            return None
        return f"header {self.name} is {', '.join(values) or 'not there'}"
