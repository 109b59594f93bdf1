"""The outbox: what waits, what no destination took, and destinations that are left alone. Admins put it right."""

from flask import Response

from statuspage.core.refusals import NotThere
from statuspage.core.role import Role
from statuspage.core.telling import MessageState
from statuspage.web.staff.context import staff
from statuspage.web.staff.doing import desk_blueprint, desk_page, look, on_to
from statuspage.web.staff.forms import Text, form, query
from statuspage.web.staff.gate import needs, who
from statuspage.web.staff.letters import letter
from statuspage.web.times import stamp

blueprint = desk_blueprint("messages")
MESSAGES = "/staff/messages"
MANY = 100


@blueprint.get(MESSAGES)
@needs(Role.VIEWER)
def messages() -> Response:
    query(did=Text(20, optional=True))
    _, site, zone, _ = look()
    box = staff().store.outbox
    counts, quiet = box.counts_by_destination(), box.silenced()
    types = {each.id: each.type for each in site.destinations}
    return desk_page(
        "messages.html",
        waiting=[letter(each, zone) for each in box.waiting(MANY)],
        dead=[letter(each, zone) for each in box.dead_letters(MANY)],
        many=MANY,
        destinations=[
            {
                "id": id,
                "type": types.get(id, "not in the configuration"),
                "counts": [counts.get(id, {}).get(each, 0) for each in MessageState],
                "silent": stamp(quiet[id].at, zone) if id in quiet else None,
                "reason": quiet[id].reason if id in quiet else "",
            }
            for id in sorted({*types, *counts, *quiet})
        ],
        states=[each.value for each in MessageState],
    )


@blueprint.post(f"{MESSAGES}/<id>/retry")
@needs(Role.ADMIN)
def retry(id: str) -> Response:
    form()
    return _settle(id, "message.retried", "retried", anew=True)


@blueprint.post(f"{MESSAGES}/<id>/drop")
@needs(Role.ADMIN)
def drop(id: str) -> Response:
    form()
    return _settle(id, "message.dropped", "dropped", anew=False)


@blueprint.post(f"{MESSAGES}/unsilence")
@needs(Role.ADMIN)
def unsilence() -> Response:
    destination, held = form(destination=Text(200))["destination"], staff()
    if destination not in held.store.outbox.silenced():
        return on_to(MESSAGES, "unsilenced")
    if held.store.outbox.unsilence(destination):
        held.store.accounts.note("message.unsilenced", destination, who().actor, held.clock.now())
    return on_to(MESSAGES, "unsilenced")


def _settle(id: str, kind: str, did: str, *, anew: bool) -> Response:
    """An admin's act on a dead letter. One that another admin settled a moment ago is told of, not refused."""
    held, now = staff(), staff().clock.now()
    box = held.store.outbox
    found = box.message(id) if id.startswith("msg_") and id.isascii() and id.isprintable() else None
    if found is None:
        raise NotThere("message", "of that id")
    if not (box.retry_dead if anew else box.drop_dead)(id, now):
        return on_to(MESSAGES, "settled")
    held.store.accounts.note(kind, id, who().actor, now, destination=found.destination, event=found.kind)
    return on_to(MESSAGES, did)
