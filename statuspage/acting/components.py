"""Components: what people say against the checks, and what the past really was."""

from datetime import datetime

from statuspage.acting.caller import Caller, Done, act
from statuspage.core import correcting, reading
from statuspage.core.clock import Clock
from statuspage.core.parsing import shown
from statuspage.core.refusals import NotThere
from statuspage.core.role import Role
from statuspage.core.state import Decision, State
from statuspage.core.telling import Json
from statuspage.core.typed import site_of
from statuspage.core.writing import override_document, time_text
from statuspage.store import Store


class Components:
    """Every method raises StoreError, Refused, NotThere and NotAllowed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def override(self, id: str, document: Json, caller: Caller) -> Done:
        """Show a status against the checks, until a given time."""
        caller.need(Role.RESPONDER)
        status, until, reason = reading.override_from(document)

        def command(state: State, now: datetime) -> Decision:
            _need(state, id)
            return correcting.override(state, id, status, until, reason, caller.by, now)

        acted = act(self._store, self._clock, command)
        return Done(id, override_document(acted.decision.overrides[0]))

    def release(self, id: str, caller: Caller) -> Done:
        """Let the checks speak again."""
        caller.need(Role.RESPONDER)

        def command(state: State, now: datetime) -> Decision:
            _need(state, id)
            if id not in state.overrides:
                raise NotThere("override of the component", id)
            return correcting.release(state, id, caller.by, now)

        acted = act(self._store, self._clock, command)
        was = acted.state.components[id].status
        shows = next((each.new for each in acted.decision.changes if each.component == id), was)
        return Done(id, {"component": id, "status": shows.value})

    def reclassify(self, id: str, document: Json, caller: Caller) -> Done:
        """Say what a part of the past really was."""
        caller.need(Role.ADMIN)
        wanted = reading.stretch_from(document)

        def command(state: State, now: datetime) -> Decision:
            _need(state, id)
            return correcting.reclassify(
                state, id, wanted.started, wanted.ended, wanted.status, wanted.reason, caller.by, now
            )

        painted = act(self._store, self._clock, command).decision.repaints[0]
        return Done(
            id,
            {
                "component": id,
                "status": painted.status.value,
                "started": time_text(painted.started),
                "ended": time_text(painted.ended),
                "reason": wanted.reason,
            },
        )


def _need(state: State, id: str) -> None:
    if site_of(state).component(id) is None:
        raise NotThere("component", shown(id))
