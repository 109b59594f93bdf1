"""Planned work: asked for, planned, changed, told of, called off."""

from dataclasses import replace
from datetime import datetime

from statuspage.acting.caller import Caller, Command, Done, a_key, act, an_id
from statuspage.core import planning, reading, reading_plans
from statuspage.core.clock import Clock
from statuspage.core.maintenance import Maintenance, MaintenanceState
from statuspage.core.planning import find
from statuspage.core.posting import id_of
from statuspage.core.role import Role
from statuspage.core.state import Decision, State
from statuspage.core.telling import Json
from statuspage.core.typed import site_of
from statuspage.core.writing import Document, maintenance_document, maintenance_summary, notices
from statuspage.store import Store


class Maintenances:
    """Every method raises StoreError; acts raise Refused, NotThere, Conflict and NotAllowed too.

    Whatever is said of planned work is public at once: every act needs a publisher.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def listed(self) -> Document:
        """The planned work that is not over, in the order in which it begins."""
        state = self._store.state()
        site = site_of(state)
        going = (each for each in state.maintenances.values() if not each.state.is_over)
        found: list[Json] = [maintenance_summary(each, site) for each in sorted(going, key=_begin)]
        return {"maintenances": found}

    def one(self, id: str) -> Document:
        """One planned work, whole; also one that is over."""
        state = self._store.state(also=(an_id("maintenance", id),))
        return maintenance_document(find(state, id), site_of(state))

    def plan(self, document: Json, caller: Caller, key: str | None = None) -> Done:
        """Announce planned work; the same again for a repeat under the same key."""
        caller.need(Role.PUBLISHER)
        unique = a_key(key)
        wanted, id = replace(reading_plans.plan_from(document), key=unique), id_of("maintenance", caller.by, unique)

        def command(state: State, now: datetime) -> Decision:
            reading.refuse_unknown(site_of(state), wanted.components)
            reading_plans.refuse_other_plan(state.maintenances.get(id), wanted)
            return planning.plan_maintenance(state, wanted, caller.by, now)

        return self._act(id, command)

    def change(self, id: str, document: Json, caller: Caller) -> Done:
        """Change the plan."""
        caller.need(Role.PUBLISHER)
        wanted = reading_plans.replan_from(document)

        def command(state: State, now: datetime) -> Decision:
            plan = wanted.of(find(state, id))
            reading.refuse_unknown(site_of(state), wanted.components or ())
            return planning.change_plan(state, id, plan, caller.by, now, wanted.version)

        return self._act(id, command)

    def update(self, id: str, document: Json, caller: Caller, key: str | None = None) -> Done:
        """Say something about it, or move it on."""
        caller.need(Role.PUBLISHER)
        word, unique = reading_plans.word_from(document), a_key(key)

        def command(state: State, now: datetime) -> Decision:
            to = word.state or find(state, id).state.value
            return planning.update_maintenance(
                state,
                id,
                to,
                word.body,
                caller.by,
                now,
                display_at=word.display_at,
                tell=word.tell,
                key=f"{caller.by}/{unique}",
                version=word.version,
            )

        return self._act(id, command)

    def cancel(self, id: str, document: Json, caller: Caller) -> Done:
        """Call it off. What is called off already stays as it is."""
        caller.need(Role.PUBLISHER)
        body, version = reading_plans.cancelling_from(document)

        def command(state: State, now: datetime) -> Decision:
            present = find(state, id)
            if present.state is MaintenanceState.CANCELLED:
                return Decision()
            return planning.cancel(state, id, body, caller.by, now, version)

        return self._act(id, command)

    def withdraw(self, id: str, update: str, document: Json, caller: Caller) -> Done:
        """Take an update back before anybody is notified; with its announcement the work leaves the page."""
        caller.need(Role.PUBLISHER)
        reading.nothing_from(document)
        said = an_id("update", update)
        return self._act(id, lambda state, now: planning.withdraw_update(state, id, said, caller.by, now))

    def _act(self, id: str, command: Command) -> Done:
        wanted = an_id("maintenance", id)
        acted = act(self._store, self._clock, command, wanted)
        written = {each.id: each for each in acted.decision.maintenances}
        maintenance = written.get(wanted) or acted.state.maintenances[wanted]
        document = maintenance_document(maintenance, acted.site)
        document["notifies"] = notices(acted.decision.events, acted.site)
        return Done(wanted, document)


def _begin(maintenance: Maintenance) -> tuple[datetime, int]:
    return maintenance.starts, maintenance.number
