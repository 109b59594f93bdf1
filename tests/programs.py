"""Finding the real programs that tests run against; a missing one skips with its reason, or fails in CI.

`STATUSPAGE_NO_SKIP=1` turns every skip of this kind into a failure: `.ci/run` sets it, so that a test
which never ran cannot pass for one that did. Where the kernel forbids a namespace is the one skip that is left.
"""

import os
import shutil
from glob import glob
from typing import NoReturn

import pytest

NO_SKIP = os.environ.get("STATUSPAGE_NO_SKIP") == "1"


def missing(reason: str) -> NoReturn:
    """Skip the present test, or fail it where skips are not allowed."""
    if NO_SKIP:
        pytest.fail(f"STATUSPAGE_NO_SKIP is set: {reason}")
    pytest.skip(reason)


def find(name: str, *patterns: str) -> str | None:
    """The path of a program: in PATH, else the last match of the given glob patterns."""
    found = shutil.which(name)
    if found:
        return found
    matches = sorted(match for pattern in patterns for match in glob(pattern))
    return matches[-1] if matches else None


def need(name: str, *patterns: str) -> str:
    """The path of a program, or the end of this test."""
    found = find(name, *patterns)
    if found is None:
        missing(f"this machine has no {name}")
    return found


def chromium() -> str:
    """A Chromium: the build without a window where it is installed, which does the same with half the work."""
    return find("chromium-headless-shell") or need("chromium")
