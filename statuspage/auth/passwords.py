"""Passwords: how they are kept, compared, and which are too easy.

argon2id at OWASP's least parameters (19 MiB, 2 rounds, 1 lane), two at a time and always on the same two threads:
sign-ins wait for each other rather than take the machine's memory, and the C library keeps what it once took for
each thread that took it (50 at once under a mere semaphore: 190 MB). Nothing is cut off; over 1,024 characters
are refused unread.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST, LONGEST = 12, 1024
AT_ONCE = 2
_ENOUGH = 4
_READ = 72
"""zxcvbn looks at no more; what follows only adds."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
_turns = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")


def keep(password: str) -> str:
    """The password as it is stored. Raises ValueError for one that is too long."""
    if len(password) > LONGEST:
        raise ValueError(f"must have at most {LONGEST:,} characters")
    return _turns.submit(_hasher.hash, password.encode("utf-8", errors="replace")).result()


def matches(kept: str | None, password: str) -> bool:
    """Whether it is the password. Takes as long where there is none to compare with."""
    if len(password) > LONGEST:
        return False
    try:
        _turns.submit(_hasher.verify, kept or _nobody(), password.encode("utf-8", errors="replace")).result()
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None


def is_weakly_kept(kept: str) -> bool:
    """Whether it was stored with other parameters than today's."""
    try:
        return _hasher.check_needs_rehash(kept)
    except InvalidHashError:
        return True


def weakness(password: str, *about: str) -> str | None:
    """Why the password is too easy to guess, None where it is not. `about` are words that anybody would try.

    zxcvbn brings 30,000 leaked passwords, words, names, keyboards, dates and repetitions; it asks no network.
    """
    if len(password) < SHORTEST:
        return f"must have at least {SHORTEST} characters; four or five words make a good one"
    if len(password) > LONGEST:
        return f"must have at most {LONGEST:,} characters"
    from zxcvbn import zxcvbn

    words = {word for each in (*about, "statuspage", "status", "staff") for word in (each, *each.split())}
    found = zxcvbn(password[:_READ], user_inputs=sorted(word.lower() for word in words if len(word) > 2))
    if found["score"] >= _ENOUGH:
        return None
    said = str(found["feedback"]["warning"]).rstrip(".") or "It is built like many others"
    return f"is too easy to guess. {said}. Four or five words that do not belong together make a good one"


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash that no password has: what those are compared with who are not there."""
    import secrets

    return _hasher.hash(secrets.token_bytes(32))
