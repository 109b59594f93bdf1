"""`python -m tests.bench NAME [options]`: one benchmark, a table for people and JSON for machines."""

import importlib
import json
import pkgutil
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run the named benchmark. Returns the exit code."""
    names = sorted(each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)]) if each.name[0] != "_")
    if not arguments or arguments[0] not in names:
        print(f"usage: python -m tests.bench {'|'.join(names)} [options]", file=sys.stderr)
        return 2
    result = importlib.import_module(f"tests.bench.{arguments[0]}").main(arguments[1:])
    if result is not None:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
