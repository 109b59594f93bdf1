"""Put every seeded bug into a copy of the package and see whether the tests find it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.core.mutants.seeds import MUTANTS, Mutant

ROOT = Path(__file__).parents[3]
TESTS = ("felt", "failover", "operating", "pacing", "moves_told", "failover_laws")
"""Those that say where to look come first."""
AT_MOST = 300.0
"""Seconds. A bug that makes the tests run for ever is found too."""


def copied(to: Path) -> Path:
    """The package and the tests of its core, without what was compiled."""
    compiled = shutil.ignore_patterns("__pycache__")
    for name in ("statuspage", "probes", "tests/core"):
        shutil.copytree(ROOT / name, to / name, ignore=compiled)
    for name in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py"):
        shutil.copy(ROOT / name, to / name)
    return to


def run_tests(root: Path) -> str | None:
    """The first test that fails in there; None if all pass."""
    paths = [f"tests/core/test_{name}.py" for name in TESTS]
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    here = os.environ | {
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_PROFILE": "unshrunk",
    }
    try:
        done = subprocess.run([*command, *paths], cwd=root, env=here, capture_output=True, text=True, timeout=AT_MOST)
    except subprocess.TimeoutExpired:
        return "no end"
    if done.returncode == 0:
        return None
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition("::")[2].partition(" - ")[0] if failed else "does not run"


def found_by(root: Path, mutant: Mutant) -> str | None:
    """The first test that finds the bug; None if it survives."""
    file = root / mutant.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(mutant.put_into(whole), encoding="utf-8")
    try:
        return run_tests(root)
    finally:
        file.write_text(whole, encoding="utf-8")


def main(wanted: list[str]) -> int:
    chosen = [each for each in MUTANTS if not wanted or each.name in wanted]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        root = copied(Path(folder))
        broken = run_tests(root)
        if broken is not None:
            print(f"the tests fail without any bug: {broken}")
            return 2
        for number, mutant in enumerate(chosen, 1):
            found = found_by(root, mutant)
            survivors += found is None
            result = "survived" if found is None else "killed  "
            print(f"{number:3} {mutant.module:10} {result} {mutant.name:45} {found or ''}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
