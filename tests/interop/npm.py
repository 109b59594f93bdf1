"""npm packages for tests, installed once a machine and kept.

The folder is named by the hash of everything that goes into it, so a changed recipe is a new folder, and a machine
that has it once needs no network. A folder under another name becomes the real one by a rename: two test runs at a
time, or one that was killed half-way, leave nothing broken behind.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.programs import missing, need

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "statuspage-tests"

LIMIT = 240
"""Seconds for one installation within a test."""


@dataclass(frozen=True)
class Recipe:
    """What an installation is made from: its `package.json`, and further files by path."""

    name: str
    package_json: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)


def install(recipe: Recipe, limit: float = LIMIT) -> Path:
    """The folder that holds the recipe's files and their `node_modules`.

    Ends the test where node or npm are missing or the packages cannot be had within `limit` seconds.
    """
    need("node")
    npm = need("npm")
    everything = {"package.json": json.dumps(recipe.package_json, indent=1), **recipe.files}
    digest = hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:16]
    ready = CACHE / f"npm-{recipe.name}-{digest}"
    if not ready.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        _make(npm, everything, ready, limit)
    return ready


def _make(npm: str, everything: Mapping[str, str], ready: Path, limit: float) -> None:
    work = Path(tempfile.mkdtemp(prefix=f"{ready.name}.", dir=CACHE))
    try:
        for path, text in everything.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text, encoding="utf-8")
        command = [npm, "install", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error"]
        try:
            done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            missing(f"npm install of {ready.name} was not done within {limit:g} s")
        if done.returncode:
            missing(f"npm install of {ready.name} failed: {done.stderr.strip()[-400:]}")
        try:
            work.rename(ready)
        except OSError:
            if not ready.exists():  # else another run was faster
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
