"""Passwords, codes and keys by themselves."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuspage.auth import codes, keys, passwords
from statuspage.auth.keys import Keys
from tests.auth.conftest import SECRET

NOW = datetime(2026, 11, 23, 12, 0, 7, tzinfo=UTC)


def test_a_password_is_kept_by_argon2id_with_the_parameters_that_were_agreed() -> None:
    kept = passwords.keep("violet tractor sings under moss")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(kept, "violet tractor sings under moss")
    assert not passwords.matches(kept, "violet tractor sings under mos")
    assert not passwords.is_weakly_kept(kept)
    assert passwords.is_weakly_kept("$2b$12$something else")
    assert not passwords.matches("not a hash", "x")


@pytest.mark.corpus("D16")
def test_nothing_is_cut_off_and_over_1024_characters_nothing_is_read() -> None:
    long = "ß🙂" * 512
    kept = passwords.keep(long)
    assert passwords.matches(kept, long)
    assert not passwords.matches(kept, long[:-1])
    assert not passwords.matches(kept, long + "x")
    assert not passwords.matches(kept, "x" * 1_000_000)
    with pytest.raises(ValueError, match="1,024"):
        passwords.keep(long + "x")


@pytest.mark.corpus("D16")
def test_fifty_sign_ins_at_once_take_the_memory_of_two() -> None:
    program = """
import json, resource, threading
from statuspage.auth import passwords
kept = passwords.keep("violet tractor sings under moss")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
threads = [threading.Thread(target=passwords.matches, args=(kept, "something else")) for _ in range(50)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) < 100 * 1024  # KiB; fifty would take 950 MiB


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "Password123!", "P@ssw0rd1234", "qwertyuiop12", "1q2w3e4r5t6y", "qazwsxedcrfv", "iloveyou1234",
        "123456789012", "aaaaaaaaaaaa", "abcdefghijkl", "trustno1trustno1", "letmein12345", "Football2025!",
        "acme acme acme", "anaanaanaana", "Summer2026!!!", "statuspage2026", "2026-11-23-2026", "monkeymonkey",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    found = passwords.weakness(password, "ana", "Acme")
    assert found is not None
    assert "too easy to guess" in found


@pytest.mark.parametrize(
    "password",
    ["violet tractor sings under moss", "Zk9#vv21pLq7", "tortuga-ámbar-nube-91", "ы" * 3 + "кот едет на луну"],
)
def test_what_nobody_tries_is_taken_without_rules_of_composition(password: str) -> None:
    assert passwords.weakness(password, "ana", "Acme") is None


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "CorrectHorseBatteryStaple", "correct-horse-battery-staple-2026!",
     "correct_horse_battery_staple", "May the Force be with you", "four or five words make a good one"],
)  # fmt: skip
def test_a_passphrase_that_everybody_knows_is_refused_however_it_is_spelt(password: str) -> None:
    found = passwords.weakness(password, "ana", "Acme")
    assert found is not None
    assert "a passphrase that everybody knows" in found
    assert passwords.weakness(f"{password} violet tractor moss", "ana") is None


def test_the_shipped_list_holds_far_more_than_the_three_thousand_commonest() -> None:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    known = FREQUENCY_LISTS["passwords"]
    assert len(known) >= 30_000
    long_ones = [each for each in known if len(each) >= passwords.SHORTEST]
    assert len(long_ones) >= 200
    assert all(passwords.weakness(each) is not None for each in long_ones)


@given(st.text(max_size=200))
@settings(max_examples=60)
def test_any_text_is_judged_without_an_error(text: str) -> None:
    found = passwords.weakness(text, "ana")
    assert found is None or len(found) > 10


def test_codes_are_those_of_the_rfc() -> None:
    """RFC 6238 appendix B, SHA-1, the last six digits."""
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        at = datetime.fromtimestamp(seconds, UTC)
        assert codes.code_at(seed, at) == code
        assert codes.step_of(seed, f" {code[:3]} {code[3:]}", at) == seconds // 30


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "١٢٣٤٥٦", "12345x", "-12345", "1e5555", "9" * 1000])
def test_what_is_no_code_is_wrong(typed: str) -> None:
    assert codes.step_of(codes.new_seed(), typed, NOW) is None


def test_a_picture_is_an_element_without_script_or_style() -> None:
    seed = codes.new_seed()
    address = codes.uri(seed, "ana@example.com", "Acme: <b>&")
    assert address.startswith("otpauth://totp/")
    assert seed in address
    picture = codes.picture(address)
    assert picture.startswith("<svg")
    assert "viewBox" in picture
    for word in ("style", "script", "href", "<b>"):
        assert word not in picture
    assert "█" in codes.for_terminal(address)
    assert codes.grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"


@pytest.mark.corpus("D4")
@pytest.mark.parametrize(
    "secret",
    [None, "", "short", "x" * 31, "a" * 64, "ab" * 40, "changeme-changeme-changeme-changeme-0123456789",
     "this-is-an-example-of-a-long-secret-0123456789", "your-secret-key-goes-here-0123456789abcdef"],
)  # fmt: skip
def test_a_missing_short_or_sample_key_is_none(secret: str | None) -> None:
    assert keys.problem(secret) is not None
    with pytest.raises(ValueError, match=r"site\.secret_key"):
        Keys(secret or "")


def test_a_key_shows_nothing_and_each_purpose_has_its_own() -> None:
    held = Keys(SECRET)
    assert SECRET not in repr(held)
    closed = held.close_seed("SEED")
    assert held.open_seed(closed) == "SEED"
    assert held.read_pass("x", closed.decode(), timedelta(minutes=5), NOW) is None
    assert Keys("another-key-0Zk3vVt9LmC2yXbWfQ7zz").open_seed(closed) is None


@pytest.mark.corpus("G1")
def test_a_mark_of_a_form_is_good_for_its_session_only() -> None:
    held = Keys(SECRET)
    mark = held.form_mark("session one")
    assert mark != held.form_mark("session one")
    assert held.is_form_mark(mark, "session one")
    assert not held.is_form_mark(mark, "session two")
    for bad in ("", ".", "é.é", mark[:-1], mark + "0", mark.upper(), mark.replace(".", "")):
        assert not held.is_form_mark(bad, "session one")


def test_a_pass_is_for_one_purpose_and_a_time() -> None:
    held = Keys(SECRET)
    made = held.write_pass("a", NOW, user="ana")
    five = timedelta(minutes=5)
    assert held.read_pass("a", made, five, NOW + timedelta(minutes=4)) == {"user": "ana"}
    assert held.read_pass("b", made, five, NOW) is None
    assert held.read_pass("a", made, five, NOW + timedelta(minutes=6)) is None
    assert "ana" not in made
