"""`python -m tests.interop`: have everything of npm ready before the tests, without their limits of time."""

import sys

from tests.interop.npm import install
from tests.interop.recipes import ALL

LIMIT = 1800.0
"""Seconds for one installation: long enough for a bad line, and no more than a hung one deserves."""

if __name__ == "__main__":
    for recipe in ALL:
        print(install(recipe, LIMIT), file=sys.stderr)
