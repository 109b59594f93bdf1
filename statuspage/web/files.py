"""One answer of the site as bytes, and how documents become such."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


class Kind(StrEnum):
    """What a file is for, which decides its headers: pages, data for other origins, assets and libraries kept for ever.

    A library is a script that other origins load too.
    """

    PAGE = "page"
    DATA = "data"
    ASSET = "asset"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class File:
    """One answer of the site."""

    body: bytes
    content_type: str
    kind: Kind


def json_file(document: Mapping[str, Any]) -> File:
    """A document without needless spaces. Half a surrogate pair, which UTF-8 cannot say, becomes a question mark."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return File(text.encode("utf-8", errors="replace"), JSON, Kind.DATA)
