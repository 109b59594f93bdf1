"""The last accepted text of the file, kept for a part that is started again while the file is bad.

It is a copy of what the file said, with its references to secrets and without one of them. Only `run` falls back to
it: a command that a person starts tells them what is wrong instead.
"""

import os
from pathlib import Path

NAME = "config.accepted.toml"


def keep(text: str, path: Path) -> None:
    """Replace what is kept, whole, readable by its owner only. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
