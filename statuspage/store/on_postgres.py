"""PostgreSQL: the options of a connection. Every wait has an end, on the network as on the server."""

from typing import Any

from sqlalchemy import URL, Engine, create_engine

from statuspage.store.errors import StoreError

CONNECT_SECONDS = 3
SESSION = {
    "timezone": "UTC",
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    # A writer that is frozen inside a transaction must not hold the row `head` against all others.
    "idle_in_transaction_session_timeout": "10s",
}


def make_engine(url: URL) -> Engine:
    """An engine for the address; nothing is opened yet. A pooled connection is tried before it is used."""
    try:
        return create_engine(
            url,
            connect_args=_connect_args(url),
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=8,
            pool_timeout=CONNECT_SECONDS,
            hide_parameters=True,
        )
    except ModuleNotFoundError:
        raise StoreError("PostgreSQL needs its driver: pip install 'statuspage[postgres]'") from None


def _connect_args(url: URL) -> dict[str, Any]:
    """libpq's parameters (postgresql.org/docs/current/libpq-connect.html); times in seconds, user timeout in ms."""
    given = url.query.get("options", "")
    session = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    return {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": 5000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "application_name": "statuspage",
        "options": f"{session} {given if isinstance(given, str) else ' '.join(given)}".strip(),
    }
