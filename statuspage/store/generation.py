"""The name of one life of the database: later ones sort after earlier ones, so that consumers know the newer one."""

import secrets
from datetime import datetime

from statuspage.core.site import PUBLIC_ID_ALPHABET

_TIME, _REST = 7, 3
"""Letters for seconds since 1970 (enough for 800 years), and for telling two of one second apart."""


def new_generation(now: datetime) -> str:
    """10 letters; as text, one that is made later is greater."""
    seconds, letters = int(now.timestamp()), ""
    for _ in range(_TIME):
        seconds, index = divmod(seconds, len(PUBLIC_ID_ALPHABET))
        letters = PUBLIC_ID_ALPHABET[index] + letters
    return letters + "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(_REST))
