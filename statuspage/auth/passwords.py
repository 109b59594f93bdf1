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
_FAMOUS = (
    "correct horse battery staple",
    "to be or not to be",
    "may the force be with you",
    "the quick brown fox jumps over the lazy dog",
    "open sesame",
    "all your base are belong to us",
    "hello darkness my old friend",
    "winter is coming",
    "one ring to rule them all",
    "never gonna give you up",
    "once upon a time",
    "the answer is forty two",
    "i am your father",
    "it was the best of times",
    "lorem ipsum dolor sit amet",
    "four or five words make a good one",
    "four or five words that do not belong together",
)
"""Passphrases that everybody has read, which lists of single passwords and words do not hold. The last are our own."""
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
    if _is_famous(_bare(password[:LONGEST])):
        return "is too easy to guess. It is a passphrase that everybody knows. Four or five other words make a good one"
    from zxcvbn import zxcvbn

    words = {word for each in (*about, "statuspage", "status", "staff") for word in (each, *each.split())}
    found = zxcvbn(password[:_READ], user_inputs=sorted(word.lower() for word in words if len(word) > 2))
    if found["score"] >= _ENOUGH:
        return None
    said = str(found["feedback"]["warning"]).rstrip(".") or "It is built like many others"
    return f"is too easy to guess. {said}. Four or five words that do not belong together make a good one"


def _bare(text: str) -> str:
    """Its letters alone, small: neither a dash nor a capital makes a famous passphrase another one."""
    return "".join(letter for letter in text.casefold() if letter.isalpha())


def _is_famous(bare: str) -> bool:
    """Whether it is one of those, with less than a password's worth of letters beside it."""
    return any(each in bare and len(bare) - len(each) < SHORTEST for each in _famous())


@lru_cache(maxsize=1)
def _famous() -> tuple[str, ...]:
    return tuple(_bare(each) for each in _FAMOUS)


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash that no password has: what those are compared with who are not there."""
    import secrets

    return _hasher.hash(secrets.token_bytes(32))
