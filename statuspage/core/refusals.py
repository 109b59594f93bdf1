"""Why an act is not done: each says what was wrong, so that whoever asked can put it right."""


class Refused(ValueError):
    """The request cannot be meant as it is. `field` names the part, `problem` says what is wrong with it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


class NotThere(LookupError):
    """There is no such thing. `what` is its kind, `id` what was asked for."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__(what, id)
        self.what, self.id = what, id

    def __str__(self) -> str:
        return f"there is no {self.what} {self.id}"


class Conflict(Exception):
    """Somebody else wrote in the meantime. `present` is the version that stands now."""

    def __init__(self, what: str, id: str, present: int) -> None:
        super().__init__(what, id, present)
        self.what, self.id, self.present = what, id, present

    def __str__(self) -> str:
        return f"the {self.what} {self.id} was changed by somebody else in the meantime: look again before you post"
