"""Names in sentences: as they are written, whatever Markdown would make of them, and one after another."""

import re
from collections.abc import Callable, Sequence

from statuspage.core.typed import one_line

MOST_NAMES = 8

_MARKUP = re.compile(r"[\\`*_\[\]<>#|~]|&(?=#?\w+;)|^[-+=]")
"""What is markup anywhere, what begins an entity, what makes a list or a line of the beginning of a paragraph."""
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")


def plain(text: str) -> str:
    """A name that is to be read as it is written, whatever Markdown would make of it."""
    return _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(lambda match: f"\\{match.group(0)}", one_line(text)))


Write = Callable[[str], str]


def listed(names: Sequence[str], write: Write = plain) -> str:
    """`A`, `A and B`, `A, B and C`, `A, B and 7 more`; empty for none."""
    shown = [write(name) for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        return f"{', '.join(shown)} and {len(names) - MOST_NAMES} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)
