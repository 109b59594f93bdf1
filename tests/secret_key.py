"""A secret key for configurations that are run: made for each folder, never the same twice."""

import secrets
from pathlib import Path


def secret_key(folder: Path) -> str:
    """The line of [site] that names a key in a file of this folder."""
    path = folder / "secret.key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(48))
    return f'secret_key = {{ file = "{path}" }}'
