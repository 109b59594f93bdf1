"""realtime.js under node, with what Python makes of the same values."""

import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from statuspage.client import in_force
from statuspage.core import directive as core
from statuspage.core import pacing
from statuspage.store.generation import new_generation
from statuspage.web.assets import FOLDER
from tests.client.documents import (
    AT,
    CHAT,
    CONTEXTS,
    DIRECTIVES,
    TEXTS,
    UNUSABLE,
    document,
    later,
    limited,
    moved,
    state,
    unusable,
)  # fmt: skip
from tests.programs import need

SCRIPT = Path(__file__).with_name("realtime.test.mjs")


def evaluations() -> list[Any]:
    """Some hundred directives and contexts with what the server makes of them."""
    found: list[Any] = []

    @given(DIRECTIVES, CONTEXTS)
    @settings(max_examples=400, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    def collect(directive: Any, context: Any) -> None:
        expected = core.evaluate(CHAT, directive, context)
        own = core.personal(directive, expected)
        its = [own[name] for name in ("publish_to", "move", "ramp", "rollout")]
        found.append([CHAT, directive, context, [expected.value, expected.reason], its])

    collect()
    return found


def pairs() -> list[tuple[str, str]]:
    """Pairs of texts, some of them empty, long, or not ASCII."""
    found = [("", ""), ("ana", "native-2"), ("é😀", "x" * 200)]

    @given(TEXTS, TEXTS)
    @settings(max_examples=200, phases=[Phase.generate], database=None)
    def collect(one: str, other: str) -> None:
        found.append((one, other))

    collect()
    return found


def vectors() -> dict[str, Any]:
    """What both sides must agree on."""
    ending = document(limited(expires_at=later(60), expires_to="native"))["routes"][CHAT]
    times = [(AT.timestamp() + seconds) for seconds in (0, 59.9, 60, 1000)]
    return {
        "document": document(state()),
        "sha256": [
            [text, hashlib.sha256(text.encode()).hexdigest()]
            for text in [*("é" * n for n in range(130)), *(a + b for a, b in pairs())]
        ],
        "moments": [[a, b, pacing.moment(a, b)] for a, b in pairs()],
        "buckets": [[a, b, pacing.bucket(a, b)] for a, b in pairs()],
        "evaluations": evaluations(),
        "unusable": {name: unusable(name, moved(epoch=3)) for name in UNUSABLE},
        "ahead": ["zzzz", new_generation(datetime.now(UTC) + timedelta(days=10))],
        "in_force": [[ending, at, in_force(ending, at)] for at in times],
    }


@pytest.mark.timeout(180)
def test_the_script_for_browsers_does_what_it_should(tmp_path: Path) -> None:
    module, given_vectors = tmp_path / "realtime.mjs", tmp_path / "vectors.json"
    module.write_bytes((FOLDER / "realtime.js").read_bytes())
    given_vectors.write_text(json.dumps(vectors()), encoding="utf-8")
    environment = {**os.environ, "REALTIME": str(module), "VECTORS": str(given_vectors)}
    command = [need("node"), "--test", "--test-reporter=spec", str(SCRIPT)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
