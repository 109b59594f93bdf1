"""Documents about planned work, read as strictly as those about incidents (core/reading.py)."""

from dataclasses import dataclass
from datetime import datetime

from statuspage.core.fields import Fields
from statuspage.core.maintenance import Maintenance, MaintenanceState
from statuspage.core.planning import Plan
from statuspage.core.refusals import Refused
from statuspage.core.telling import Json
from statuspage.core.typed import title as clean_title

STATES = tuple(each.value for each in MaintenanceState)


@dataclass(frozen=True, slots=True)
class Replan:
    """What shall be other in a plan. None: as it is."""

    title: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    components: tuple[str, ...] | None = None
    body: str = ""
    automatic: bool | None = None
    tell: bool = True
    version: int | None = None

    def of(self, maintenance: Maintenance) -> Plan:
        """The plan as it shall be."""
        return Plan(
            title=maintenance.title if self.title is None else self.title,
            starts=self.starts or maintenance.starts,
            ends=self.ends or maintenance.ends,
            components=maintenance.components if self.components is None else self.components,
            body=self.body,
            automatic=maintenance.automatic if self.automatic is None else self.automatic,
            tell=self.tell,
        )


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of planned work."""

    state: str | None
    body: str
    display_at: datetime | None = None
    tell: bool = True
    version: int | None = None


def plan_from(document: Json) -> Plan:
    """Planned work."""
    fields = Fields(document)
    title = fields.needed_text("title")
    starts, ends = fields.needed_moment("starts"), fields.needed_moment("ends")
    components = fields.needed_texts("components")
    body, automatic, tell = fields.text("body"), fields.flag("automatic") is not False, fields.flag("tell") is not False
    fields.close()
    return Plan(title, starts, ends, components, body or "", automatic, tell)


def replan_from(document: Json) -> Replan:
    """Changes to a plan."""
    fields = Fields(document)
    found = Replan(
        title=fields.text("title"),
        starts=fields.moment("starts"),
        ends=fields.moment("ends"),
        components=fields.texts("components"),
        body=fields.text("body") or "",
        automatic=fields.flag("automatic"),
        tell=fields.flag("tell") is not False,
        version=fields.number("version"),
    )
    fields.need_one("title", "starts", "ends", "components", "automatic", "body")
    fields.close()
    return found


def word_from(document: Json) -> Word:
    """An update of planned work; without a state it stays in the one it is in."""
    fields = Fields(document)
    found = Word(
        state=fields.choice("state", STATES),
        body=fields.needed_text("body"),
        display_at=fields.moment("display_at"),
        tell=fields.flag("tell") is not False,
        version=fields.number("version"),
    )
    fields.close()
    return found


def cancelling_from(document: Json) -> tuple[str, int | None]:
    """The words for calling planned work off, which may be missing."""
    fields = Fields(document)
    found = fields.text("body") or "", fields.number("version")
    fields.close()
    return found


def refuse_other_plan(made: Maintenance | None, plan: Plan) -> None:
    """The same for planned work, as long as its plan was not changed."""
    if made is None or made.sequence:
        return
    if (made.title, made.starts, made.ends) != (clean_title(plan.title), plan.starts, plan.ends):
        raise Refused("Idempotency-Key", "was used for another plan already")
