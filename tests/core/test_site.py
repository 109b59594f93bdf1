import re

from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.site import public_id


@given(st.text(), st.text())
def test_public_ids_obey_the_twelve_character_rule(kind: str, name: str) -> None:
    assert re.fullmatch(r"[0-9bcdfghjklmnpqrstvwxyz]{12}", public_id(kind, name))


def test_a_public_id_never_changes() -> None:
    assert public_id("component", "firebase") == public_id("component", "firebase")
    assert public_id("component", "firebase") != public_id("group", "firebase")
