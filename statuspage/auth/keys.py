"""The site's secret key: whether it is one, and the keys that are derived from it, one for each purpose."""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST = 32
_LEAST_VARIED = 10
_SAMPLES = ("changeme", "change_me", "change-me", "replace", "example", "sample", "secret_key", "secretkey", "your-",
            "your_", "dummy", "placeholder", "password", "insecure")  # fmt: skip
HOW = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))' > secret.key"


def problem(secret: str | None) -> str | None:
    """What is wrong with this secret key, None where nothing is."""
    if secret is None:
        return f'is needed; {HOW}, then write secret_key = {{ file = "/path/to/secret.key" }}'
    if len(secret) < SHORTEST:
        return f"is shorter than {SHORTEST} characters; {HOW}"
    if len(set(secret)) < _LEAST_VARIED or any(sample in secret.lower() for sample in _SAMPLES):
        return f"looks like a sample, not like a key; {HOW}"
    return None


class Keys:
    """What the secret key is used for. Old keys still open what was kept under them, and close nothing any more.

    Raises ValueError for a present key that is none.
    """

    def __init__(self, secret: str, *old: str) -> None:
        trouble = problem(secret)
        if trouble is not None:
            raise ValueError(f"site.secret_key: {trouble}")
        self._seeds = MultiFernet([Fernet(_derive(each, "seeds of codes")) for each in (secret, *old)])
        self._newest = Fernet(_derive(secret, "seeds of codes"))
        self._passes = Fernet(_derive(secret, "passes"))
        self._forms = _derive(secret, "forms")

    def __repr__(self) -> str:
        return "Keys(••••)"

    def close_seed(self, seed: str) -> bytes:
        """The seed of codes as it is stored."""
        return self._newest.encrypt(seed.encode())

    def open_seed(self, kept: bytes) -> str | None:
        """The seed itself; None where it was kept under a key that is not known here."""
        try:
            return self._seeds.decrypt(kept).decode()
        except InvalidToken:
            return None

    def is_kept_well(self, kept: bytes) -> bool:
        """Whether a seed is encrypted under the present key, not an old one."""
        try:
            self._newest.decrypt(kept)
        except InvalidToken:
            return False
        return True

    def write_pass(self, purpose: str, now: datetime, **values: str) -> str:
        """What a browser brings back in its next step: it can neither be read, nor made, nor used elsewhere."""
        text = json.dumps({"for": purpose, **values})
        return self._passes.encrypt_at_time(text.encode(), int(now.timestamp())).decode()

    def read_pass(self, purpose: str, text: str, lasts: timedelta, now: datetime) -> dict[str, str] | None:
        """The values of a pass for this purpose; None for any other text and once it is too old."""
        try:
            plain = self._passes.decrypt_at_time(text.encode(), int(lasts.total_seconds()), int(now.timestamp()))
        except (InvalidToken, UnicodeEncodeError):
            return None
        found: dict[str, Any] = json.loads(plain)
        return {key: str(value) for key, value in found.items()} if found.pop("for") == purpose else None

    def form_mark(self, session: str) -> str:
        """A mark for the forms of one session (OWASP: HMAC of session and randomness), other each time."""
        salt = secrets.token_urlsafe(12)
        return f"{salt}.{self._mark(session, salt)}"

    def is_form_mark(self, mark: str, session: str) -> bool:
        """Whether the mark was made for this session."""
        salt, _, found = mark.partition(".")
        return hmac.compare_digest(found.encode(), self._mark(session, salt).encode())

    def _mark(self, session: str, salt: str) -> str:
        text = f"{session}\n{salt}".encode("utf-8", errors="replace")
        return hmac.new(self._forms, text, hashlib.sha256).hexdigest()


def _derive(secret: str, purpose: str) -> bytes:
    """A key for Fernet (RFC 5869; the secret has entropy of its own, so it needs no salt)."""
    found = HKDF(SHA256(), 32, salt=None, info=f"statuspage: {purpose}".encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(found)
