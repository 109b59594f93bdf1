"""What documents may say: read strictly, refused with the field's name, and never with any other exception."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core import reading, reading_plans
from statuspage.core.fields import EARLIEST, Unreadable, moment
from statuspage.core.parsing import MOST_BYTES, Malformed, parse
from statuspage.core.refusals import Refused
from statuspage.core.status import Status
from statuspage.core.telling import Json

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=8
)
NAMES = ("title", "body", "state", "components", "display_at", "next_by", "tell", "draft", "reset", "version", "starts",
         "ends", "automatic", "status", "until", "reason", "started", "ended", "publish")  # fmt: skip
objects = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=10), documents, max_size=8)
READERS: tuple[Callable[[Json], object], ...] = (
    reading.opening_from,
    reading.post_from,
    reading.amendment_from,
    reading.title_from,
    reading.version_from,
    reading.reason_from,
    reading.nothing_from,
    reading.postmortem_from,
    reading.override_from,
    reading.stretch_from,
    reading_plans.plan_from,
    reading_plans.replan_from,
    reading_plans.word_from,
    reading_plans.cancelling_from,
)


@pytest.mark.corpus("V14", "H3")
@pytest.mark.parametrize(
    ("text", "field", "problem"),
    [
        ('{"role": "viewer", "role": "admin"}', "role", "is given twice"),
        ('{"a": {"b": 1, "b": 1}}', "b", "is given twice"),
        ('{"version": NaN}', "version", "is not a number"),
        ('{"version": -Infinity}', "version", "is not a number"),
        ('{"a": [1, 1e999]}', "a[1]", "is not a number"),
        ('{"version": 1' + "0" * 400 + "}", "version", "is not a number"),
        ('{"version": 1' + "0" * 20_000 + "}", "version", "is not a number"),
        ('{"body": "a\\u0000b"}', "body", "NUL"),
        ('{"body": "\\ud800"}', "body", "surrogate"),
        ('{"a": {"\\udfff": 1}}', "a.\N{REPLACEMENT CHARACTER}", "surrogate"),
        ("[" * 30_000, "", "nested deeper"),
        ('{"a":' * 9 + "1" + "}" * 9, "", "nested deeper"),
        ('"[[[[[[[[[[[[[', "", "is not JSON"),
        ("", "", "is not JSON"),
        ('{"a": 1,}', "", "is not JSON"),
        ("{'a': 1}", "", "is not JSON"),
        ('\ufeff{"a": 1}', "", "is not JSON"),
        ('"' + "a" * MOST_BYTES + '"', "", "64 KB"),
    ],
)
def test_a_text_that_two_readers_could_read_differently_is_refused_by_name(text: str, field: str, problem: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text.encode())
    assert caught.value.field == field
    assert problem in caught.value.problem


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        parse(b'{"a": "\xff"}')


def test_brackets_inside_a_text_are_not_depth() -> None:
    assert parse(json.dumps({"body": "[" * 100 + '"' + "{" * 100}).encode()) == {"body": "[" * 100 + '"' + "{" * 100}


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_value_or_refused(text: bytes) -> None:
    try:
        value = parse(text)
    except Malformed:
        return
    json.dumps(value, allow_nan=False).encode()


@pytest.mark.corpus("H3")
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: str(reader.__name__))
@given(document=objects | documents)
def test_any_document_is_read_or_refused_with_its_fields(reader: Callable[[Json], object], document: Json) -> None:
    faults: tuple[tuple[str, str], ...] = ()
    try:
        reader(document)
    except Unreadable as error:
        faults = error.problems or (("", ""),)
    assert all(problem for _, problem in faults)


def test_every_fault_of_a_document_is_told_at_once() -> None:
    with pytest.raises(Unreadable) as caught:
        reading.opening_from({"titel": "x", "body": None, "components": {"chat": "broken"}, "tell": "yes", "draft": 1})
    assert {field for field, _ in caught.value.problems} == {
        "title", "titel", "body", "components.chat", "tell", "draft",
    }  # fmt: skip
    assert "titel: is not known here" in str(caught.value)


@pytest.mark.corpus("E1")
@pytest.mark.parametrize("name", ["by", "author_id", "created_at", "id", "key", "role", "number"])
def test_a_field_that_is_not_the_callers_is_refused(name: str) -> None:
    with pytest.raises(Unreadable, match=f"{name}: is not known here"):
        reading.opening_from({"title": "x", "body": "y", name: "z"})


def test_a_component_may_be_given_by_status_or_short_word() -> None:
    words: dict[str, Json] = {"a": "major", "b": "partial_outage", "c": "degraded", "d": "operational"}
    post = reading.opening_from({"title": "x", "body": "y", "components": words})
    assert list(post.components.values()) == [Status.MAJOR, Status.PARTIAL, Status.DEGRADED, Status.OPERATIONAL]
    with pytest.raises(Unreadable, match=r"components\.a: must be one of"):
        reading.opening_from({"title": "x", "body": "y", "components": {"a": "under_maintenance"}})


@pytest.mark.parametrize(
    "text",
    ["2026-12-01", "2026-12-01T22:00:00", "22:00", "tomorrow", "", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2026-12-01T22:00:00+99:00", "١٢:٠٠"],
)  # fmt: skip
def test_a_time_without_its_offset_or_out_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        moment(text)


@given(
    st.datetimes(EARLIEST.replace(year=2001, tzinfo=None), EARLIEST.replace(year=2099, tzinfo=None)),
    st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_a_time_with_any_offset_is_the_same_moment(local: datetime, zone: timezone) -> None:
    at = local.replace(tzinfo=zone)
    assert moment(at.isoformat()) == at
    assert moment(at.astimezone(UTC).isoformat().replace("+00:00", "Z")) == at


def test_an_amendment_of_nothing_is_refused() -> None:
    with pytest.raises(Unreadable, match="body: is needed, or one of state, display_at"):
        reading.amendment_from({"version": 3})


@pytest.mark.parametrize("key", ["", "a" * 201, "ä", "a\nb"])
def test_a_key_that_no_header_should_carry_is_refused(key: str) -> None:
    with pytest.raises(Refused, match="Idempotency-Key"):
        reading.key_from(key)


def test_a_text_that_never_ends_is_refused_without_looking_at_it_again_and_again() -> None:
    with pytest.raises(Malformed):
        parse(b'"' + b'\\"' * 32_000 + b"\\")
