"""Accounts on both engines: what holds, what ends, what happens once however many try, and what the journal keeps."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from statuspage.core.people import (
    FIRST,
    IDLE,
    LONGEST,
    Actor,
    Credentials,
    Invitation,
    Session,
    Token,
    User,
)
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import Role
from statuspage.core.throttle import ACCOUNT, ADDRESS
from statuspage.store import Entry, Store, StoreError, open_store
from statuspage.store.accounts import Accounts
from tests.databases import START
from tests.store.values import EVENT, at

ROOT = Actor("root", "192.0.2.1")


@pytest.fixture
def accounts(store: Store) -> Accounts:
    """Accounts with an admin, ana, and a viewer, ben."""
    store.accounts.add_user(User("ana", Role.ADMIN, START, "hash of ana", b"seed", 100), ROOT)
    store.accounts.add_user(User("ben", Role.VIEWER, START, "hash of ben", b"seed", 100), ROOT)
    return store.accounts


def session(id: str, user: str = "ana", begun: datetime = START) -> Session:
    return Session(id, user, begun, begun, "192.0.2.9", "browser")


def signed_in(accounts: Accounts, id: str, user: str = "ana", step: int = 0, begun: datetime = START) -> Session:
    found = accounts.user(user)
    assert found is not None
    accounts.sign_in(found, step or found.totp_step + 1, session(id, user, begun))
    return session(id, user, begun)


def invitation(hash: str, by: str = "ana", user: str | None = None) -> Invitation:
    return Invitation(hash, Role.PUBLISHER, by, START, at(60), user)


def kinds(store: Store) -> list[tuple[str, str]]:
    return [(entry.event.kind, entry.event.subject) for entry in store.journal(limit=10_000)]


def at_once(times: int, act: Callable[[int], object]) -> list[object]:
    """The results of so many calls at the same moment; what one raises is its result."""
    ready = threading.Barrier(times)

    def one(n: int) -> object:
        ready.wait(20)
        for _ in range(50):
            try:
                return act(n)
            except StoreError as error:
                if not error.retry:
                    raise
            except Exception as error:
                return error
        raise AssertionError("the database was never free")

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_what_is_written_is_read_again(accounts: Accounts) -> None:
    assert accounts.has_users()
    assert [user.name for user in accounts.users()] == ["ana", "ben"]
    assert accounts.user("ana") == User("ana", Role.ADMIN, START, "hash of ana", b"seed", 100)
    assert accounts.user("nobody") is None


def test_a_taken_name_is_refused_and_nothing_is_written(accounts: Accounts, store: Store) -> None:
    before = store.head()
    with pytest.raises(Refused, match="name: is taken already"):
        accounts.add_user(User("ana", Role.VIEWER, START), ROOT)
    assert store.head() == before


@pytest.mark.corpus("D18")
def test_a_session_ends_when_idle_and_after_a_week_whatever_is_done(accounts: Accounts) -> None:
    signed_in(accounts, "s1")
    assert accounts.session("s1", START + IDLE - timedelta(seconds=1)) is not None
    assert accounts.session("s1", START + IDLE) is None
    now = START
    while now < START + LONGEST - IDLE:
        now += IDLE - timedelta(minutes=1)
        accounts.touch_session("s1", now)
    assert accounts.session("s1", START + LONGEST - timedelta(seconds=1)) is not None
    assert accounts.session("s1", START + LONGEST) is None
    assert accounts.sessions(START + LONGEST) == ()


def test_ended_sessions_are_cleared_away(accounts: Accounts, store: Store) -> None:
    signed_in(accounts, "old")
    signed_in(accounts, "new", begun=START + LONGEST)
    assert [each.id for each in accounts.sessions(START)] == ["new"]


@pytest.mark.corpus("D1")
def test_what_ends_which_sessions(accounts: Accounts) -> None:
    def live() -> set[str]:
        return {each.id for each in accounts.sessions(START)}

    signed_in(accounts, "a1")
    signed_in(accounts, "a2")
    signed_in(accounts, "b1", "ben")
    accounts.end_session("a1", ROOT, START)
    assert live() == {"a2", "b1"}
    signed_in(accounts, "a3")
    accounts.set_password("ana", "another", ROOT, START, keep="a3")
    assert live() == {"a3", "b1"}
    accounts.set_role("ben", Role.PUBLISHER, ROOT, START)
    assert live() == {"a3"}
    signed_in(accounts, "b2", "ben")
    accounts.disable("ben", ROOT, START)
    assert live() == {"a3"}
    accounts.enable("ben", ROOT, START)
    assert accounts.session("b2", START) is None
    accounts.reset(invitation("r1", user="ana"), ROOT)
    assert live() == set()


@pytest.mark.corpus("D3")
def test_a_disabled_user_has_no_session_even_where_one_was_left_behind(accounts: Accounts) -> None:
    signed_in(accounts, "b1", "ben")
    found = accounts.session("b1", START)
    assert found is not None
    accounts.disable("ben", ROOT, START)
    with pytest.raises(Refused):
        accounts.sign_in(found[1], 500, session("b9", "ben"))
    assert accounts.session("b1", START) is None
    assert accounts.session("b9", START) is None


def test_the_role_that_counts_is_the_present_one(accounts: Accounts) -> None:
    accounts.set_role("ben", Role.ADMIN, ROOT, START)
    signed_in(accounts, "b1", "ben")
    found = accounts.session("b1", START)
    assert found is not None
    assert found[1].role is Role.ADMIN


@pytest.mark.parametrize("end", ["demoted", "disabled"])
def test_who_may_less_has_no_open_links_any_more(accounts: Accounts, end: str) -> None:
    accounts.set_role("ben", Role.ADMIN, ROOT, START)
    for made in (invitation("i1", by="ben"), invitation("i2", by="ben", user="ana"), invitation("i3")):
        accounts.invite(made, ROOT)
    if end == "demoted":
        accounts.set_role("ben", Role.PUBLISHER, ROOT, START)
    else:
        accounts.disable("ben", ROOT, START)
    assert [each.hash for each in accounts.invitations(START)] == ["i3"]
    for hash in ("i1", "i2"):
        assert accounts.invitation(hash, START) is None


def test_a_higher_role_leaves_the_links_that_were_made(accounts: Accounts) -> None:
    accounts.set_role("ben", Role.PUBLISHER, ROOT, START)
    accounts.invite(invitation("i1", by="ben"), ROOT)
    accounts.set_role("ben", Role.ADMIN, ROOT, START)
    assert accounts.invitation("i1", START) is not None


def test_somebody_elses_session_cannot_be_ended_as_ones_own(accounts: Accounts, store: Store) -> None:
    signed_in(accounts, "b1", "ben")
    before = store.head()
    with pytest.raises(NotThere):
        accounts.end_session("b1", Actor("ana", "x"), START, of="ana")
    assert accounts.session("b1", START) is not None
    assert store.head() == before


@pytest.mark.corpus("D15")
def test_a_step_is_used_once_however_many_try_it_at_once(accounts: Accounts) -> None:
    ana = accounts.user("ana")
    assert ana is not None
    results = at_once(12, lambda n: accounts.sign_in(ana, 101, session(f"s{n}")))
    assert (
        sorted(str(each) for each in results if each is not None)
        == ["code: was used already: wait for the next one"] * 11
    )
    assert len(accounts.sessions(START)) == 1
    for old in (101, 100, 3):
        with pytest.raises(Refused, match="used already"):
            accounts.sign_in(ana, old, session("again"))


def test_nobody_comes_in_by_a_password_that_was_changed_in_between(accounts: Accounts) -> None:
    ana = accounts.user("ana")
    assert ana is not None
    accounts.set_password("ana", "another", ROOT, START)
    with pytest.raises(Refused, match="in the meantime"):
        accounts.sign_in(ana, 200, session("s1"))


def test_a_rehash_never_undoes_a_change_of_password(accounts: Accounts) -> None:
    accounts.set_password("ana", "another", ROOT, START)
    accounts.rehash("ana", "hash of ana", "stronger")
    found = accounts.user("ana")
    assert found is not None
    assert found.password == "another"


def test_the_last_admin_stays(accounts: Accounts, store: Store) -> None:
    with pytest.raises(Refused, match="the last active admin"):
        accounts.disable("ana", ROOT, START)
    with pytest.raises(Refused, match="the last active admin"):
        accounts.set_role("ana", Role.PUBLISHER, ROOT, START)
    accounts.set_role("ben", Role.ADMIN, ROOT, START)
    results = at_once(2, lambda n: accounts.disable(("ana", "ben")[n], ROOT, START))
    assert [isinstance(each, Refused) for each in results].count(True) == 1
    assert [user.is_active for user in accounts.users()].count(True) == 1


@pytest.mark.corpus("B7")
def test_of_twenty_first_admins_at_once_there_is_one(store: Store) -> None:
    first = Invitation("f1", Role.ADMIN, FIRST, START, at(60))
    assert store.accounts.invite_first(first)
    given = Credentials("hash", b"seed", 5)
    results = at_once(20, lambda n: store.accounts.accept("f1", f"user{n}", given, session(f"s{n}", f"user{n}")))
    assert [type(each).__name__ for each in results].count("User") == 1
    assert len(store.accounts.users()) == 1
    assert len(store.accounts.sessions(START)) == 1
    assert not store.accounts.invite_first(replace(first, hash="f2"))
    assert store.accounts.invitation("f2", START) is None


@pytest.mark.corpus("B7")
def test_a_newer_first_link_replaces_the_older_and_a_user_made_otherwise_ends_both(store: Store) -> None:
    for hash in ("f1", "f2"):
        store.accounts.invite_first(Invitation(hash, Role.ADMIN, FIRST, START, at(60)))
    assert store.accounts.invitation("f1", START) is None
    assert store.accounts.invitation("f2", START) is not None
    store.accounts.add_user(User("ana", Role.ADMIN, START), ROOT)
    assert store.accounts.invitation("f2", START) is None
    with pytest.raises(NotThere):
        store.accounts.accept("f2", "eve", Credentials("hash", b"seed", 5), session("s", "eve"))


@pytest.mark.corpus("D12")
def test_a_link_works_once_and_not_after_its_time(accounts: Accounts) -> None:
    given = Credentials("hash", b"seed", 5)
    for hash in ("i1", "i2", "i3"):
        accounts.invite(invitation(hash), ROOT)
    results = at_once(8, lambda n: accounts.accept("i1", f"new{n}", given, session(f"s{n}", f"new{n}")))
    assert [isinstance(each, NotThere) for each in results].count(True) == 7
    late = session("late", "new9", at(60))
    with pytest.raises(NotThere):
        accounts.accept("i2", "new9", given, late)
    assert accounts.invitation("i2", at(60)) is None
    accounts.withdraw("i3", ROOT, START)
    assert accounts.invitation("i3", START) is None
    assert [each.hash for each in accounts.invitations(START)] == ["i2"]


def test_a_taken_name_leaves_the_link_unused(accounts: Accounts) -> None:
    accounts.invite(invitation("i1"), ROOT)
    with pytest.raises(Refused, match="taken"):
        accounts.accept("i1", "ben", Credentials("hash", b"seed", 5), session("s", "ben"))
    assert accounts.invitation("i1", START) is not None


def test_a_reset_ends_the_old_password_and_gives_new_credentials_to_the_same_user(accounts: Accounts) -> None:
    accounts.reset(invitation("r1", user="ben"), ROOT)
    accounts.reset(invitation("r2", user="ben"), ROOT)
    reset = accounts.user("ben")
    assert reset is not None
    assert reset.password is None
    assert accounts.invitation("r1", START) is None
    accounts.accept("r2", "ben", Credentials("new hash", b"new seed", 7), session("s", "ben"))
    assert accounts.user("ben") == replace(
        reset, password="new hash", totp=b"new seed", totp_step=7, last_login_at=START
    )


@pytest.mark.corpus("D3")
def test_a_token_is_worth_what_its_maker_may_do_now(accounts: Accounts) -> None:
    accounts.set_role("ben", Role.ADMIN, ROOT, START)
    accounts.add_token(Token("t1", "ci", Role.PUBLISHER, "ben", START, expires_at=at(60)), "h1", ROOT)
    accounts.add_token(Token("t2", "cron", Role.ADMIN, "command line", START), "h2", ROOT)

    def role(hash: str, now: datetime = START) -> Role | None:
        found = accounts.token(hash, now)
        return found.role if found is not None else None

    assert (role("h1"), role("h2"), role("h3")) == (Role.PUBLISHER, Role.ADMIN, None)
    accounts.set_role("ben", Role.VIEWER, ROOT, START)
    assert role("h1") is Role.VIEWER
    accounts.disable("ben", ROOT, START)
    assert role("h1") is None
    accounts.enable("ben", ROOT, START)
    assert role("h1", at(60)) is None
    accounts.revoke_token("t2", ROOT, START)
    assert role("h2") is None
    with pytest.raises(NotThere):
        accounts.revoke_token("t2", ROOT, START)
    assert [token.id for token in accounts.tokens()] in (["t1", "t2"], ["t2", "t1"])


@pytest.mark.corpus("D10")
def test_tries_are_counted_once_for_all_workers_and_over_restarts(store: Store, database_url: str) -> None:
    limits = {"address 192.0.2.7": ADDRESS, "account x": ACCOUNT}
    workers = [open_store(database_url) for _ in range(4)]
    results = at_once(40, lambda n: workers[n % 4].accounts.reserve(limits, START))
    for worker in workers:
        worker.close()
    assert results.count(timedelta(0)) == ADDRESS.free + 1
    again = open_store(database_url)
    assert again.accounts.reserve(limits, START) == ADDRESS.first
    # What had to wait was charged to nobody: the account is as free as before for another address.
    assert again.accounts.reserve({"address 192.0.2.8": ADDRESS, "account x": ACCOUNT}, START) == timedelta(0)
    again.close()


def test_a_good_try_is_given_back(store: Store) -> None:
    limits = {"address 192.0.2.7": ADDRESS}
    for _ in range(50):
        assert store.accounts.reserve(limits, START) == timedelta(0)
        store.accounts.forgive(limits, START)


def test_every_act_is_in_the_journal_with_who_and_from_where_and_no_secret(accounts: Accounts, store: Store) -> None:
    signed_in(accounts, "id-of-session-1")
    accounts.note("login.refused", "ana", Actor("ana", "192.0.2.66"), START, what="password")
    accounts.set_password("ana", "secret hash", Actor("ana", "192.0.2.9"), START)
    accounts.invite(invitation("secret invitation"), ROOT)
    accounts.add_token(Token("t1", "ci", Role.VIEWER, "ana", START), "secret token", ROOT)
    accounts.revoke_token("t1", ROOT, START)
    accounts.disable("ben", ROOT, START)
    assert kinds(store) == [
        ("user.added", "ana"),
        ("user.added", "ben"),
        ("session.opened", "ana"),
        ("login.refused", "ana"),
        ("user.password_changed", "ana"),
        ("session.ended", "ana"),
        ("invitation.made", "publisher"),
        ("token.added", "t1"),
        ("token.revoked", "t1"),
        ("user.disabled", "ben"),
    ]
    for entry in store.journal(limit=100):
        assert entry.event.data["by"]
        assert entry.event.data["address"]
        assert "secret" not in str(entry.event.data)
        assert "id-of-session" not in str(entry.event.data)


def test_the_journal_is_read_newest_first_page_by_page_and_by_kind_and_subject(
    accounts: Accounts, store: Store
) -> None:
    for n in range(7):
        accounts.note("login.refused", f"user{n % 2}", ROOT, at(n))
    everything = store.newest_events(100)
    assert [entry.revision for entry in everything] == sorted((e.revision for e in everything), reverse=True)
    paged: list[Entry] = []
    before: tuple[int, int] | None = None
    while page := store.newest_events(2, before):
        paged += page
        before = (page[-1].revision, page[-1].position)
    assert tuple(paged) == everything
    assert {entry.event.kind for entry in store.newest_events(100, kind="login.")} == {"login.refused"}
    assert len(store.newest_events(100, kind="login.refused", subject="user1")) == 3
    assert store.newest_events(100, kind="login") == ()
    assert store.newest_events(100, kind="%.") == ()


def test_who_signs_in_does_not_change_when_the_page_was_updated(accounts: Accounts, store: Store) -> None:
    from statuspage.core.state import Decision
    from statuspage.store import journal

    store.transact(lambda _: Decision(events=(EVENT,)), at(1))
    accounts.note("login.refused", "ana", ROOT, at(2))
    signed_in(accounts, "s1", begun=at(3))
    assert store._database.read(journal.newest_written_at) == at(1)
