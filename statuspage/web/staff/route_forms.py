"""The forms of acts on routes: what was typed, and the document that it means, as the API would take it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.refusals import Refused
from statuspage.core.route import LIMITED
from statuspage.core.telling import Json
from statuspage.core.writing import Document, time_text
from statuspage.web.staff.forms import BadForm, Text
from statuspage.web.staff.moments import moment
from statuspage.web.staff.pasted import pasted_with

BY_CLOCK = "until the time beside"
PIN = {
    "30": "for 30 minutes",
    "60": "for an hour",
    "240": "for 4 hours",
    "1440": "for a day",
    "10080": "for a week",
    "": BY_CLOCK,
}
PAUSE = {"30": "for 30 minutes", "60": "for an hour", "240": "for 4 hours", "1440": "for a day", "": BY_CLOCK}
LIMIT = {"": "until somebody moves or resumes it", "15": "for 15 minutes", "60": "for an hour", "240": "for 4 hours"}
"""Minutes, and what they are called. The default is 60, or nothing for limited mode."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form; empty where nothing was sent."""

    act: str = ""
    epoch: int = 0
    reason: str = ""
    to: str = ""
    lasts: str = ""
    until: str = ""
    then: str = ""
    override: tuple[str, ...] = ()

    def document(self, zone: ZoneInfo, now: datetime) -> Json:
        """The document that it means. Raises Refused naming the field."""
        found: Document = {"reason": self.reason, "expected_epoch": self.epoch}
        if self.act in ("move", "approve"):
            found["override"] = list(self.override)
        if self.act == "move" or (self.act == "approve" and self.to):
            found["to"] = self.to
        if self.act == "move" and self.to == LIMITED:
            found |= self._expiry(zone, now)
        if self.act in ("pin", "pause"):
            found["until"] = time_text(self._until(zone, now))
        return found

    def _expiry(self, zone: ZoneInfo, now: datetime) -> Document:
        if not self.lasts and not self.until:
            return {"expires_to": self.then} if self.then else {}
        ends: Document = {"expires_at": time_text(self._until(zone, now))}
        return ends | ({"expires_to": self.then} if self.then else {})

    def _until(self, zone: ZoneInfo, now: datetime) -> datetime:
        if self.until:
            return moment("until", self.until, zone, now)
        if self.lasts not in {**PIN, **PAUSE, **LIMIT} or not self.lasts:
            raise Refused("until", "must say until when")
        return now + timedelta(minutes=int(self.lasts))


def sent(act: str) -> Typed:
    """What was sent. Raises BadForm."""
    given, ticked = pasted_with(
        "override",
        Text(2, optional=True),
        expected_epoch=Text(15),
        reason=Text(4_000, optional=True),
        to=Text(200, optional=True),
        lasts=Text(6, optional=True),
        until=Text(40, optional=True),
        then=Text(200, optional=True),
    )
    epoch = given["expected_epoch"]
    if not epoch.isascii() or not epoch.isdecimal():
        raise BadForm("expected_epoch", "must be a whole number")
    return Typed(
        act=act,
        epoch=int(epoch),
        reason=given["reason"],
        to=given["to"],
        lasts=given["lasts"],
        until=given["until"],
        then=given["then"],
        override=tuple(name for name, value in ticked.items() if value),
    )
