"""Google service accounts: reading their key files and signing in their name.

`cryptography` is imported only where a check has a service account.
"""

import json
from base64 import urlsafe_b64encode
from typing import Any, NamedTuple

from statuspage.fields import Secret

GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"


class ServiceAccount(NamedTuple):
    """What we use of a service account's key file."""

    email: str
    key: Any


def read_service_account(value: Secret) -> ServiceAccount:
    """The parsed key file. Raises ValueError with what is wrong with it, never with what is in it."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        content = json.loads(value.reveal())
        email, pem, token_uri = (content[name] for name in ("client_email", "private_key", "token_uri"))
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("not a service account's key file (JSON with client_email, private_key, token_uri)") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the service account's key is not an RSA key")
    if token_uri != GOOGLE_TOKEN_URL:
        raise ValueError(f"the service account's token_uri must be {GOOGLE_TOKEN_URL}")
    return ServiceAccount(str(email), key)


def signed(account: ServiceAccount, claims: dict[str, Any]) -> str:
    """A JWT of these claims by RS256 (RFC 7515, RFC 7518 §3.3)."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    def encoded(data: bytes) -> str:
        return urlsafe_b64encode(data).rstrip(b"=").decode()

    parts = ({"alg": "RS256", "typ": "JWT"}, {"iss": account.email, **claims})
    text = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{text}.{encoded(account.key.sign(text.encode(), PKCS1v15(), SHA256()))}"
