"""One assertion about what is at a path in a JSON body."""

import json
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from statuspage.core.json_path import Json, look_up, steps_of
from statuspage.fields import Options


def _checked(path: str) -> str:
    steps_of(path)
    return path


class JsonAssertion(Options):
    """What must be true of one place in a JSON body. Exactly one of equals, exists, over and under."""

    path: Annotated[str, Field(max_length=200), AfterValidator(_checked)]
    """Names and indexes, such as `status.checks[0].name`."""

    equals: StrictBool | StrictInt | StrictFloat | StrictStr | None = None
    """The value, of the same kind: true is not 1, and "1" is not 1."""

    exists: bool | None = None
    """Whether there must be a value. JSON's null counts as none."""

    over: float | None = None
    """The number there must be greater than this."""

    under: float | None = None
    """The number there must be less than this."""

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if sum(each is not None for each in (self.equals, self.exists, self.over, self.under)) != 1:
            raise ValueError("needs exactly one of equals, exists, over and under")
        return self

    def objection(self, body: Json) -> str | None:
        """Why the body does not pass, or None."""
        value = look_up(body, self.path)
        if self.exists is not None:
            there = value is not None
            return None if there is self.exists else f"{self.path} is {'there' if there else 'not there'}"
        if self.equals is not None:
            same = value == self.equals and isinstance(value, bool) is isinstance(self.equals, bool)
            return None if same else f"{self.path} is {_shown(value)}, expected {_shown(self.equals)}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{self.path} is {_shown(value)}, expected a number"
        if self.over is not None and not value > self.over:
            return f"{self.path} is {_shown(value)}, not over {self.over:g}"
        if self.under is not None and not value < self.under:
            return f"{self.path} is {_shown(value)}, not under {self.under:g}"
        return None


def _shown(value: Json) -> str:
    match value:
        case None:
            return "not there"
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return json.dumps(value)[:100]


def parse(body: bytes) -> Json:
    """The JSON of a body. Raises ValueError, also for nesting deeper than Python's own limit."""
    try:
        parsed: Json = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return parsed
