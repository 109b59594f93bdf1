"""Forms with texts that people paste. From a terminal or a document come bells, form feeds and half characters:
they are left out before the form is read, so that nobody's text is refused for what cannot be seen.
"""

import unicodedata

from flask import request
from werkzeug.datastructures import MultiDict

from statuspage.web.staff.forms import Text, read

LONG = Text(60_000, lines=True, strip=False)
"""A text far longer than what is taken: it comes back with a word about its length, not as a bare refusal."""
ANY_LONG = Text(60_000, optional=True, lines=True, strip=False)


def pasted(**fields: Text) -> dict[str, str]:
    """The fields of the present form. Raises BadForm."""
    return read(_seen(), fields)


def pasted_with(several: str, entry: Text, **fields: Text) -> tuple[dict[str, str], dict[str, str]]:
    """The fields, and those called `{several}.something` by that something. Raises BadForm."""
    given = _seen()
    found = [name for name in given if name.startswith(f"{several}.")]
    values = read(given, {**fields, **dict.fromkeys(found, entry)})
    return {name: values[name] for name in fields}, {name.removeprefix(f"{several}."): values[name] for name in found}


def _seen() -> "MultiDict[str, str]":
    return MultiDict([(name, _clean(value)) for name, values in request.form.lists() for value in values])


def _clean(text: str) -> str:
    return "".join(each for each in text if each in "\r\n\t" or unicodedata.category(each) not in ("Cc", "Cs"))
