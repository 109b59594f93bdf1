"""PostgreSQL: sessions that break at the worst moment, time limits, and what became of a commit."""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text

from statuspage.core.refusals import Refused
from statuspage.core.state import Decision, State
from statuspage.core.telling import Message
from statuspage.store import Store, StoreBusy, StoreLost, open_store, outbox
from tests.databases import START, WHEEL, Server, WheelServer
from tests.programs import missing
from tests.store.values import EVENT, numbers, publish, seen

DECISION = Decision(events=(EVENT,))


@pytest.fixture
def grand(postgres_url: str) -> Iterator[Store]:
    """A store of PostgreSQL's kind only."""
    opened = open_store(postgres_url)
    opened.upgrade(START)
    yield opened
    opened.close()


@pytest.fixture
def break_sessions(postgres_url: str) -> Iterator[Callable[[], None]]:
    """Ends every other session of the database, as a failover or an operator does."""
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    others = "datname = current_database() AND pid <> pg_backend_pid()"

    def end_them() -> None:
        with engine.connect() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"))

    yield end_them
    engine.dispose()


def test_undo_waits_for_whoever_claims_the_message_and_sees_their_try(grand: Store) -> None:
    publish(grand, "chat")
    told = Message("msg_1", "hook", "i1", 1, "incident.updated", "i1", START, START, update="u1")
    grand._database.write(lambda connection: outbox.write(connection, [told], 1))
    claimed, undoing, before = threading.Event(), threading.Event(), len(grand.journal())

    def claim(connection: Connection) -> object:
        found = outbox._take(connection, "msg_1", START, timedelta(minutes=1), "here/1")
        claimed.set()
        assert undoing.wait(10)
        sleep(0.3)  # until the other one waits for the row
        return found

    def undo(_: State) -> Decision:
        undoing.set()
        return replace(DECISION, undone=("u1",))

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(grand._database.write_once, claim)
        assert claimed.wait(10)
        with pytest.raises(Refused, match="is out"):
            grand.transact(undo, START)
        assert sending.result(10) is not None
    (waiting,) = grand.outbox.waiting()
    assert (waiting.attempts, len(grand.journal())) == (1, before)


def test_a_server_out_of_a_wheel_holds_a_store_and_can_be_started_again() -> None:
    """Where the machine has none of its own; whatever the machine has, this path is walked."""
    if importlib.util.find_spec(WHEEL) is None:
        missing(f"{WHEEL} is not installed")
    server = WheelServer()
    try:
        opened = open_store(server.url.render_as_string(hide_password=False))
        opened.upgrade(START)
        publish(opened, "chat")
        opened.append([seen(1), seen(2)])
        server.restart()
        assert numbers(opened.recent("chat", 9)) == [2, 1]
        opened.close()
    finally:
        server.stop()


def test_after_a_restart_of_the_server_the_next_call_works(grand: Store, postgres: Server) -> None:
    publish(grand, "chat")
    grand.append([seen(1)])
    postgres.restart()
    grand.append([seen(2)])
    written = grand.transact(lambda _: DECISION, START)
    assert written is not None
    assert written.revision == 2
    assert numbers(grand.recent("chat", 9)) == [2, 1]


def test_a_transaction_whose_session_breaks_is_run_again_as_a_whole(
    grand: Store, break_sessions: Callable[[], None]
) -> None:
    asked: list[State] = []

    def command(state: State) -> Decision:
        asked.append(state)
        if len(asked) == 1:
            break_sessions()
        return DECISION

    written = grand.transact(command, START)
    assert written is not None
    assert written.revision == 1
    assert len(asked) == 2
    assert len(grand.journal()) == 1


def test_a_server_that_stays_away_is_said_to_be_lost(grand: Store, break_sessions: Callable[[], None]) -> None:
    def command(state: State) -> Decision:
        break_sessions()
        return DECISION

    with pytest.raises(StoreLost) as failure:
        grand.transact(command, START)
    assert failure.value.retry
    assert grand.head().revision == 0


def test_a_commit_that_was_lost_is_done_again(grand: Store, break_sessions: Callable[[], None]) -> None:
    _at_first_commit(grand, lambda connection: break_sessions())
    written = grand.transact(lambda _: DECISION, START)
    assert written is not None
    assert written.revision == grand.head().revision == 1
    assert len(grand.journal()) == 1


def test_a_commit_whose_answer_was_lost_is_not_done_twice(grand: Store, break_sessions: Callable[[], None]) -> None:
    def commit_unheard(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.commit()
        driver.execute("SELECT 1")  # opens a transaction, so that the driver has something to commit again
        break_sessions()

    _at_first_commit(grand, commit_unheard)
    asked: list[State] = []

    def command(state: State) -> Decision:
        asked.append(state)
        return DECISION

    written = grand.transact(command, START)
    assert written is not None
    assert written.revision == grand.head().revision == 1
    assert len(asked) == 1
    assert len(grand.journal()) == 1


def _at_first_commit(store: Store, act: Callable[[Connection], None]) -> None:
    event.listen(store._database.engine, "commit", act, once=True)


def test_a_lock_of_another_ends_in_time_and_says_so(grand: Store, postgres_url: str) -> None:
    publish(grand, "chat")
    other = create_engine(postgres_url)
    with other.connect() as connection:
        connection.execute(text("SELECT * FROM head FOR UPDATE"))
        with pytest.raises(StoreBusy) as refusal:
            grand.transact(lambda _: DECISION, START)
        assert refusal.value.retry
        grand.append([seen(1)])
        assert grand.snapshot(START) is not None
    other.dispose()
    written = grand.transact(lambda _: DECISION, START)
    assert written is not None
    assert written.revision == 2


def test_the_time_limits_hold_on_every_connection(grand: Store) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone", "application_name")
    found = grand._database.read(lambda connection: [connection.scalar(text(f"SHOW {name}")) for name in names])
    assert found == ["5s", "2s", "10s", "UTC", "statuspage"]


def test_a_server_that_is_not_there_is_said_to_be_lost() -> None:
    with pytest.raises(StoreLost, match="no connection to the database"):
        open_store("postgresql+psycopg://nobody@127.0.0.1:1/nothing").head()
