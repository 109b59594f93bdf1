"""Signs of life, one row an agent."""

from sqlalchemy import Connection, select

from statuspage.core.state import Heartbeat
from statuspage.store.database import upsert
from statuspage.store.schema import heartbeats


def beat(connection: Connection, sign: Heartbeat) -> None:
    """Replace the agent's last sign of life."""
    names = [column.name for column in heartbeats.columns]
    upsert(connection, heartbeats, [{name: getattr(sign, name) for name in names}])


def read(connection: Connection) -> tuple[Heartbeat, ...]:
    """The last sign of life of every agent, by its name."""
    found = connection.execute(select(heartbeats).order_by(heartbeats.c.agent))
    return tuple(Heartbeat(**row._mapping) for row in found)
