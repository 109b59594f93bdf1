"""The history of each component: spans of one status that neither overlap nor have length zero.

Everything that happens to history is one act: paint a stretch of time with a status. What lay there
before gives way, and what reached beyond the stretch goes on behind it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select, update
from sqlalchemy.engine import Row

from statuspage.core.status import Status
from statuspage.core.uptime import Span
from statuspage.store.schema import components, spans

TROUBLES = [status.value for status in (Status.DEGRADED, Status.PARTIAL, Status.MAJOR, Status.MAINTENANCE)]


def paint(connection: Connection, component: str, status: Status, started: datetime, ended: datetime | None) -> None:
    """Say that the component was in `status` during [started, ended); `ended` None means from then on."""
    if ended is not None and ended <= started:
        return
    mine = spans.c.component == component
    begins_inside = and_(mine, spans.c.started >= started)
    if ended is not None:
        begins_inside = and_(begins_inside, spans.c.started < ended)
        beyond = connection.execute(
            select(spans.c.status, spans.c.ended)
            .where(mine, spans.c.started < ended, or_(spans.c.ended.is_(None), spans.c.ended > ended))
            .order_by(spans.c.started.desc())
        ).first()
    else:
        beyond = None
    connection.execute(delete(spans).where(begins_inside))
    reaches_in = and_(mine, spans.c.started < started, or_(spans.c.ended.is_(None), spans.c.ended > started))
    connection.execute(update(spans).where(reaches_in).values(ended=started))
    new = [{"component": component, "started": started, "ended": ended, "status": status.value}]
    if beyond is not None:
        new.append({"component": component, "started": ended, "ended": beyond.ended, "status": beyond.status})
    connection.execute(spans.insert(), new)


def close(connection: Connection, component: str, at: datetime) -> None:
    """End the component's history at that moment."""
    mine = spans.c.component == component
    connection.execute(delete(spans).where(mine, spans.c.started >= at))
    connection.execute(update(spans).where(mine, or_(spans.c.ended.is_(None), spans.c.ended > at)).values(ended=at))


def overlapping(
    connection: Connection, names: Iterable[str] | None, started: datetime, ended: datetime
) -> dict[str, list[Span]]:
    """The spans that touch [started, ended) by component, oldest first; None stands for all components."""
    wanted = select(spans).where(spans.c.started < ended, or_(spans.c.ended.is_(None), spans.c.ended > started))
    if names is not None:
        wanted = wanted.where(spans.c.component.in_(list(names)))
    found: dict[str, list[Span]] = {}
    for row in connection.execute(wanted.order_by(spans.c.component, spans.c.started)):
        found.setdefault(row.component, []).append(_span(row))
    return found


def troubles(connection: Connection, started: datetime, limit: int) -> tuple[Span, ...]:
    """The newest spans of trouble or maintenance of live components that reach beyond `started`, newest first."""
    wanted = (
        select(spans)
        .join(components, components.c.id == spans.c.component)
        .where(
            components.c.archived_at.is_(None),
            spans.c.status.in_(TROUBLES),
            or_(spans.c.ended.is_(None), spans.c.ended > started),
        )
        .order_by(spans.c.started.desc(), spans.c.component)
        .limit(limit)
    )
    return tuple(_span(row) for row in connection.execute(wanted))


def _span(row: Row[Any]) -> Span:
    return Span(row.component, Status(row.status), row.started, row.ended)
