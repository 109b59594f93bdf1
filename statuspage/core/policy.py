"""How what nobody typed becomes public: `auto`, `after 300s` (unless somebody vetoes it), or `draft`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from statuspage.core.incident import Incident, Update
from statuspage.core.site import Site

AUTO = "auto"


def strictest(site: Site, causes: Sequence[str]) -> str:
    """The strictest policy of these components: a person, then the longest wait, then at once."""
    found = [component.publish for cause in causes if (component := site.component(cause))]
    return max(found, key=_strictness, default=AUTO)


def _strictness(policy: str) -> timedelta:
    wait = wait_of(policy)
    return timedelta.max if wait is None else wait


def wait_of(policy: str) -> timedelta | None:
    """How long it waits; None: for a person."""
    if policy == AUTO:
        return timedelta(0)
    return timedelta(seconds=float(policy[len("after ") : -1])) if policy.startswith("after ") else None


def publish_at(incident: Incident, waiting: Update | None, now: datetime) -> datetime | None:
    """When the incident's draft publishes itself. `waiting` is the one it replaces: a veto stays a veto."""
    wait = wait_of(incident.publish)
    if wait is None:
        return None
    if waiting is None:
        return now + wait
    # A stricter cause may have joined since.
    return max(waiting.publish_at, incident.created_at + wait) if waiting.publish_at is not None else None
