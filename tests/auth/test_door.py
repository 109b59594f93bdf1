"""Signing in: two steps, one answer for whoever is not let in, and patience for those who try too often."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from statuspage.auth import codes, passwords
from statuspage.auth.door import Door, TooMany, TooOld, Visitor, Wrong
from statuspage.auth.keys import Keys
from statuspage.auth.links import digest
from statuspage.core.people import Actor
from statuspage.core.role import Role
from statuspage.core.throttle import ADDRESS
from statuspage.store import open_store
from tests.auth.conftest import HERE, PASSWORD, SECRET, THERE, House

ROOT = Actor("root", "here")


def enter(house: House, seed: str, visitor: Visitor = HERE, name: str = "ana") -> str:
    """Sign in by both steps: the secret of the session."""
    return house.door.code(house.door.password(name, PASSWORD, visitor).carried, house.code(seed), visitor)


def test_name_password_and_code_open_a_session(house: House) -> None:
    seed = house.add("ana")
    secret = enter(house, seed, name=" Ana ")
    found = house.store.accounts.session(digest(secret), house.clock.now())
    assert found is not None
    session, user = found
    assert (user.name, session.address, session.agent) == ("ana", HERE.address, HERE.agent)
    assert len(secret) >= 43
    assert secret not in str(house.store.journal(limit=100))


@pytest.mark.corpus("D17")
@pytest.mark.parametrize("name", ["ana", "nobody", "gone", "invited"])
def test_a_wrong_password_is_the_same_for_every_name_and_costs_one_comparison(
    house: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add("ana")
    house.add("root")
    house.add("gone")
    house.store.accounts.disable("gone", ROOT, house.clock.now())
    asked: list[str | None] = []
    really = passwords.matches

    def counted(kept: str | None, password: str) -> bool:
        asked.append(kept)
        return really(kept, password)

    monkeypatch.setattr(passwords, "matches", counted)
    typed = PASSWORD if name == "gone" else "something else entirely"
    with pytest.raises(Wrong) as refused:
        house.door.password(name, typed, HERE)
    assert str(refused.value) == ""
    assert len(asked) == 1


@pytest.mark.corpus("D17")
def test_a_comparison_with_nobody_is_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    really = passwords._hasher.verify

    class Counting:
        def verify(self, kept: str, password: bytes) -> bool:
            seen.append(kept)
            return really(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    monkeypatch.setattr(passwords, "_nobody", lambda: passwords_nobody)
    assert not passwords.matches(None, "x" * 20)
    assert seen == [passwords_nobody]
    assert seen[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


passwords_nobody = passwords._nobody()


@pytest.mark.corpus("D15")
def test_a_code_works_once_and_the_one_before_it_not_at_all_then(house: House) -> None:
    seed = house.add("ana")
    code = house.code(seed)
    before = codes.code_at(seed, house.clock.now() - timedelta(seconds=30))
    enter(house, seed)
    for used in (code, before):
        half = house.door.password("ana", PASSWORD, HERE)
        with pytest.raises(Wrong):
            house.door.code(half.carried, used, HERE)
    house.later(seconds=30)
    assert enter(house, seed)


@pytest.mark.corpus("D15")
@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_clocks_may_differ_by_one_step(house: House, seconds: int) -> None:
    seed = house.add("ana")
    half = house.door.password("ana", PASSWORD, HERE)
    assert house.door.code(half.carried, codes.code_at(seed, house.clock.now() + timedelta(seconds=seconds)), HERE)


@pytest.mark.corpus("D15")
@pytest.mark.parametrize("seconds", [-60, 60, 3600])
def test_and_by_no_more(house: House, seconds: int) -> None:
    seed = house.add("ana")
    half = house.door.password("ana", PASSWORD, HERE)
    with pytest.raises(Wrong):
        house.door.code(half.carried, codes.code_at(seed, house.clock.now() + timedelta(seconds=seconds)), HERE)


@pytest.mark.corpus("D15")
def test_what_is_carried_between_the_steps_cannot_be_made_or_kept_or_used_for_another(house: House) -> None:
    seed = house.add("ana")
    house.add("ben")
    good = house.door.password("ana", PASSWORD, HERE).carried
    code = house.code(seed)
    forged = Keys("another-key-0Zk3vVt9LmC2yXbWfQ7zz").write_pass(
        "password given", house.clock.now(), user="ana", mark="x"
    )
    other = house.keys.write_pass("new codes", house.clock.now(), user="ana", mark="x")
    for carried in ("", "x", "ä" * 50, good[:-4] + "AAAA", good[1:], forged, other, '{"user": "ana"}'):
        with pytest.raises(TooOld):
            house.door.code(carried, code, HERE)
    house.later(minutes=6)
    with pytest.raises(TooOld):
        house.door.code(good, house.code(seed), HERE)


def test_a_changed_password_ends_what_was_carried(house: House) -> None:
    seed = house.add("ana")
    half = house.door.password("ana", PASSWORD, HERE)
    house.store.accounts.set_password("ana", passwords.keep("some other pass phrase"), ROOT, house.clock.now())
    with pytest.raises(TooOld):
        house.door.code(half.carried, house.code(seed), HERE)


@pytest.mark.corpus("D15")
def test_codes_of_one_account_are_tried_slowly_from_any_number_of_addresses(house: House) -> None:
    house.add("ana")
    half = house.door.password("ana", PASSWORD, HERE)
    judged = 0
    for n in range(20):
        try:
            house.door.code(half.carried, "000000", Visitor(f"198.51.100.{n}", ""))
        except Wrong:
            judged += 1
        except TooMany:
            continue
    assert judged <= 5


@pytest.mark.corpus("D9")
def test_bad_sign_ins_from_one_address_do_not_keep_the_owner_out(house: House) -> None:
    seed = house.add("ana")
    answers = []
    for _ in range(25):
        try:
            house.door.password("ana", "not the password", HERE)
        except (Wrong, TooMany) as error:
            answers.append(type(error))
    assert answers == [Wrong] * (ADDRESS.free + 1) + [TooMany] * (24 - ADDRESS.free)
    assert enter(house, seed, THERE)
    with pytest.raises(TooMany):
        house.door.password("ana", PASSWORD, HERE)
    house.later(minutes=20)
    assert enter(house, seed, HERE)


@pytest.mark.corpus("D9")
def test_an_account_under_attack_from_everywhere_is_slowed_and_never_locked(house: House) -> None:
    seed = house.add("ana")
    for n in range(200):
        with pytest.raises((Wrong, TooMany)):
            house.door.password("ana", "not the password", Visitor(f"198.51.{n // 100}.{n}", ""))
    with pytest.raises(TooMany) as refused:
        enter(house, seed)
    assert refused.value.wait <= timedelta(seconds=30)
    house.later(seconds=30)
    assert enter(house, seed)


@pytest.mark.corpus("D10")
def test_the_limit_holds_over_a_restart(house: House, database_url: str) -> None:
    house.add("ana")
    for _ in range(ADDRESS.free + 1):
        with pytest.raises(Wrong):
            house.door.password("ana", "not the password", HERE)
    again = open_store(database_url)
    with pytest.raises(TooMany):
        Door(again.accounts, house.keys, house.clock).password("ana", PASSWORD, HERE)
    again.close()


def test_many_good_sign_ins_from_one_address_are_never_slowed(house: House) -> None:
    seed = house.add("ana")
    for _ in range(30):
        enter(house, seed)
        house.later(seconds=30)


def test_codes_are_set_up_at_the_first_sign_in_where_there_are_none(house: House) -> None:
    house.add("ana", with_codes=False)
    half = house.door.password("ana", PASSWORD, HERE)
    assert half.seed is not None
    with pytest.raises(Wrong):
        house.door.code(half.carried, "000000", HERE)
    assert house.door.again(half.carried).seed == half.seed
    assert house.door.code(half.carried, house.code(half.seed), HERE)
    house.later(seconds=30)
    assert house.door.password("ana", PASSWORD, HERE).seed is None
    assert enter(house, half.seed)


def test_a_seed_offered_before_is_worth_nothing_once_there_are_codes(house: House) -> None:
    house.add("ana", with_codes=False)
    first, second = (house.door.password("ana", PASSWORD, HERE) for _ in range(2))
    assert first.seed is not None
    assert second.seed is not None
    house.door.code(first.carried, house.code(first.seed), HERE)
    house.later(seconds=30)
    with pytest.raises(Wrong):
        house.door.code(second.carried, house.code(second.seed), HERE)


def test_a_password_kept_by_weaker_parameters_is_kept_anew_when_it_is_used(house: House) -> None:
    from argon2 import PasswordHasher

    seed = house.add("ana")
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    house.store.accounts.set_password("ana", weak, ROOT, house.clock.now())
    assert enter(house, seed)
    user = house.store.accounts.user("ana")
    assert user is not None
    assert user.password is not None
    assert "m=19456,t=2,p=1" in user.password


@pytest.mark.corpus("D4")
def test_after_a_change_of_keys_the_old_one_opens_and_the_new_one_closes(house: House) -> None:
    seed = house.add("ana")
    new = "new-0Zk3vVt9LmC2yXbWfQ7-not-a-one"
    house.keys = Keys(new)
    with pytest.raises(Wrong):
        enter(house, seed)
    house.keys = Keys(new, SECRET)
    assert enter(house, seed)
    house.keys = Keys(new)
    house.later(seconds=30)
    assert enter(house, seed)


@pytest.mark.corpus("D20")
def test_no_part_of_signing_in_is_logged_or_journaled(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    seed = house.add("ana")
    code = house.code(seed)
    with pytest.raises(Wrong):
        house.door.password("my secret pass phrase", "typed in the wrong field", HERE)
    with pytest.raises(Wrong):
        house.door.password("ana", "a mistyped pass phrase", HERE)
    secret = enter(house, seed)
    said = caplog.text + str(house.store.journal(limit=100))
    for hidden in (PASSWORD, "my secret", "mistyped", "wrong field", seed, code, secret):
        assert hidden not in said
    assert "login.refused" in said


def test_who_is_signed_in_is_asked_again_under_the_same_limits(house: House) -> None:
    house.add("ana", Role.VIEWER)
    user = house.store.accounts.user("ana")
    assert user is not None
    house.door.confirm(user, PASSWORD, HERE)

    def tries() -> list[type[Exception]]:
        return [type(_caught(lambda: house.door.confirm(user, "not it", HERE))) for _ in range(ADDRESS.free + 2)]

    assert tries()[-1] is TooMany


def _caught(act: Callable[[], object]) -> Exception:
    try:
        act()
    except (Wrong, TooMany) as error:
        return error
    raise AssertionError("nothing was refused")
