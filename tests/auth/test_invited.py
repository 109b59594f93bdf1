"""One-time links: what they show, what they ask for, and that opening one changes nothing."""

import pytest

from statuspage.auth import links
from statuspage.auth.first import first_admin_link
from statuspage.auth.links import digest
from statuspage.core.people import Actor
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import Role
from tests.auth.conftest import HERE, PASSWORD, House


def secret_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_the_first_admin_is_made_by_the_newest_link_and_by_nobody_after(house: House) -> None:
    now = house.clock.now()
    old, new = (first_admin_link(house.store.accounts, "https://status.example.com/", now) for _ in range(2))
    assert old is not None
    assert new is not None
    assert new.startswith("https://status.example.com/staff/setup/")
    with pytest.raises(NotThere):
        house.desk.offer(secret_of(old), first=True)
    with pytest.raises(NotThere):
        house.desk.offer(secret_of(new), first=False)
    offer = house.desk.offer(secret_of(new), first=True)
    session = house.desk.accept(secret_of(new), offer, "Ana", PASSWORD, house.code(offer.seed), HERE)
    found = house.store.accounts.session(digest(session), now)
    assert found is not None
    assert (found[1].name, found[1].role) == ("ana", Role.ADMIN)
    assert first_admin_link(house.store.accounts, "https://status.example.com", now) is None
    with pytest.raises(NotThere):
        house.desk.offer(secret_of(new), first=True)


@pytest.mark.corpus("D12")
def test_links_carry_256_random_bits_are_kept_as_hashes_and_end(house: House) -> None:
    house.add("root")
    secret, invitation = links.invitation(Role.VIEWER, "root", house.clock.now())
    house.store.accounts.invite(invitation, Actor("root", "here"))
    assert len(secret) == 43
    assert secret not in repr(house.store.accounts.invitations(house.clock.now()))
    assert len({links.fresh()[0] for _ in range(1000)}) == 1000
    offer = house.desk.offer(secret, first=False)
    house.later(hours=48)
    for act in (
        lambda: house.desk.offer(secret, first=False),
        lambda: house.desk.accept(secret, offer, "ben", PASSWORD, house.code(offer.seed), HERE),
    ):
        with pytest.raises(NotThere):
            act()


@pytest.mark.corpus("D12")
def test_a_reset_link_lasts_ten_minutes(house: House) -> None:
    house.add("ana")
    user = house.store.accounts.user("ana")
    assert user is not None
    secret, invitation = links.reset(user, "root", house.clock.now())
    house.store.accounts.reset(invitation, Actor("root", "here"))
    offer = house.desk.offer(secret, first=False)
    house.later(minutes=9.9)
    assert house.desk.offer(secret, first=False, carried=offer.carried).seed == offer.seed
    house.later(minutes=0.1)
    with pytest.raises(NotThere):
        house.desk.offer(secret, first=False)


@pytest.mark.parametrize(
    ("name", "password", "right_code", "field"),
    [
        ("root", PASSWORD, True, "name"),
        ("a b", PASSWORD, True, "name"),
        ("robot", PASSWORD, True, "name"),
        ("", PASSWORD, True, "name"),
        ("ben", "short", True, "password"),
        ("ben", "ben ben ben ben", True, "password"),
        ("ben", PASSWORD, False, "code"),
    ],
)
def test_what_is_wrong_is_named_and_the_link_still_works(
    house: House, name: str, password: str, right_code: bool, field: str
) -> None:
    house.add("root")
    secret, invitation = links.invitation(Role.VIEWER, "root", house.clock.now())
    house.store.accounts.invite(invitation, Actor("root", "here"))
    offer = house.desk.offer(secret, first=False)
    code = house.code(offer.seed) if right_code else "12345"
    with pytest.raises(Refused) as refused:
        house.desk.accept(secret, offer, name, password, code, HERE)
    assert refused.value.field == field
    assert house.desk.accept(secret, offer, "ben", PASSWORD, house.code(offer.seed), HERE)


def test_a_seed_of_another_link_is_not_taken(house: House) -> None:
    house.add("root")
    offers = []
    for _ in range(2):
        secret, invitation = links.invitation(Role.VIEWER, "root", house.clock.now())
        house.store.accounts.invite(invitation, Actor("root", "here"))
        offers.append((secret, house.desk.offer(secret, first=False)))
    (one, first), (_, second) = offers
    assert house.desk.offer(one, first=False, carried=first.carried).seed == first.seed
    assert house.desk.offer(one, first=False, carried=second.carried).seed != second.seed
    assert house.desk.offer(one, first=False, carried="made up").seed != first.seed
