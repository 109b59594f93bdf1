"""The words of what nobody typed."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.incident import IncidentState
from statuspage.core.message import (
    PLACEHOLDERS,
    Told,
    Turn,
    body,
    continuing,
    fill,
    title,
    unknown_placeholders,
)
from statuspage.core.observation import Reason
from statuspage.core.site import Component, Site, Words
from statuspage.core.status import Status
from statuspage.core.wording import MOST_NAMES, listed, plain
from statuspage.markup import render, to_text
from tests.core.pages import DOWN, Page
from tests.core.values import at

SITE = Site(
    "Acme",
    "https://status.example.com",
    "America/New_York",
    (
        Component("redis", "Redis", 1, checks=("redis",)),
        Component("backend", "Backend", 2, needs=("redis",)),
        Component("chat", "Chat", 3, checks=("chat",)),
    ),
)
TOLD = Told(SITE, "redis", Status.MAJOR, Reason.TIMEOUT, ("redis", "backend"), ("chat",), at(1800))


def with_words(**words: str) -> Told:
    first = replace(SITE.components[0], words=Words(**words))
    return replace(TOLD, site=replace(SITE, components=(first, *SITE.components[1:])))


def named(name: str) -> Told:
    return replace(TOLD, site=replace(SITE, components=(replace(SITE.components[0], name=name), *SITE.components[1:])))


def test_a_first_update_says_what_people_feel_what_still_works_and_when_they_hear_again() -> None:
    assert title(TOLD) == "Redis does not work"
    assert body(Turn.OPENED, TOLD) == (
        "Redis does not work at the moment: new connections wait without an answer.\n\n"
        "What needs it may not work either: Backend.\n\n"
        "Not affected: Chat.\n\n"
        "We are looking into it. Next update by 10:11 EDT."
    )


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        (Turn.REOPENED, "The trouble with Redis is back. Redis does not work"),
        (Turn.WIDENED, "We are working on it. Next update by 10:11 EDT."),
        (Turn.GOES_ON, "This is still going on. Redis does not work"),
        (Turn.RELAPSED, "Redis recovered for a while and fails again."),
        (Turn.RECOVERED, "Redis works again. We call it resolved after 5 minutes without trouble."),
        (Turn.RESOLVED, "Redis works again. This incident is over."),
    ],
)
def test_every_turn_has_words(turn: Turn, says: str) -> None:
    assert says in body(turn, TOLD)


def test_further_causes_are_named() -> None:
    both = replace(TOLD, affected=("redis", "chat"), still_work=(), others=("chat",))
    assert "Chat is affected too." in body(Turn.OPENED, both)
    assert body(Turn.RESOLVED, both).startswith("Redis and Chat work again.")


@pytest.mark.parametrize("status", [Status.MAJOR, Status.PARTIAL, Status.DEGRADED])
def test_a_title_says_how_bad_it_is(status: Status) -> None:
    ends = {Status.MAJOR: "does not work", Status.PARTIAL: "works only in part", Status.DEGRADED: "is slow or unsteady"}
    assert title(replace(TOLD, status=status)) == f"Redis {ends[status]}"


def test_slowness_has_no_reason() -> None:
    assert body(Turn.OPENED, replace(TOLD, status=Status.DEGRADED)).startswith(
        "Redis is slow or unsteady at the moment.\n"
    )


@pytest.mark.parametrize("reason", [*Reason, None])
@pytest.mark.parametrize("turn", list(Turn))
def test_every_reason_makes_a_sentence(turn: Turn, reason: Reason | None) -> None:
    text = body(turn, replace(TOLD, reason=reason))
    assert "  " not in text
    assert "None" not in text
    assert text.endswith(".")


def test_what_is_not_known_is_not_called_broken() -> None:
    assert body(Turn.GOES_ON, replace(TOLD, status=Status.UNKNOWN)).startswith("We cannot see at the moment how Redis")
    assert body(Turn.GOES_ON, replace(TOLD, status=Status.OPERATIONAL)).startswith("Everything has been well")


def test_a_recovery_into_planned_work_or_out_of_the_configuration_says_so() -> None:
    assert "is under planned maintenance now" in body(Turn.RESOLVED, replace(TOLD, status=Status.MAINTENANCE))
    assert "is no longer watched" in body(Turn.RESOLVED, replace(TOLD, cause="gone"))


def test_what_to_say_when_there_is_nothing_new() -> None:
    assert continuing(IncidentState.MONITORING) != continuing(IncidentState.IDENTIFIED)


def test_the_operators_words_stand_before_the_default_ones() -> None:
    told = with_words(
        title="{component} is ill",
        investigating="{affected} fail. {still_works} More by {next_update}.",
        monitoring="It recovers.",
        resolved="It is over.",
        still_works="Video works.",
    )
    assert title(told) == "Redis is ill"
    assert body(Turn.OPENED, told) == "Redis and Backend fail. Video works. More by 10:11 EDT."
    assert (body(Turn.RECOVERED, told), body(Turn.RESOLVED, told)) == ("It recovers.", "It is over.")
    assert "Video works." in body(Turn.WIDENED, told)


def test_a_sentence_of_what_still_works_is_made_where_the_operator_wrote_none() -> None:
    assert body(Turn.OPENED, with_words(investigating="{still_works}")) == "Not affected: Chat."


def test_names_are_listed() -> None:
    assert [listed(names) for names in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == ["", "A", "A and B", "A, B and C"]
    many = [str(n) for n in range(MOST_NAMES + 3)]
    assert listed(many).endswith("7 and 3 more")


@pytest.mark.corpus("B4", "B5")
@pytest.mark.parametrize(
    "text", ["{{7*7}}", "{incident.__init__.__globals__[app]}", "{0}", "{component!r}", "{component.name}", "{", "{}"]
)
def test_only_known_placeholders_are_filled_in(text: str) -> None:
    assert fill(text, {"component": "Redis"}) == text
    assert body(Turn.OPENED, with_words(investigating=text)) == text


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    assert (
        body(
            Turn.OPENED,
            replace(
                with_words(investigating="{component}"),
                site=replace(
                    SITE, components=(Component("redis", "{affected}", 1, words=Words(investigating="{component}")),)
                ),
                affected=(),
            ),
        )
        == "{affected}"
    )


def test_unknown_placeholders_are_found() -> None:
    assert unknown_placeholders("{component} {next_update} {host} {}") == ("host", "")
    assert unknown_placeholders(" ".join(f"{{{name}}}" for name in PLACEHOLDERS)) == ()


NAMES = [
    "*Redis* _1_",
    "<script>x</script>",
    "[a](javascript:b)",
    "a | b ~~c~~ `d`",
    "# Redis",
    "1. Redis",
    "12) Redis",
    "- Redis",
    "+ Redis",
    "= Redis",
    "> Redis",
    "R&amp;D",
    "AT&T",
    "&copy; &#60;b&#62;",
    "![x](https://t/p.png)",
    "a\\b",
    "Ünï-ço de",
]


@pytest.mark.corpus("C1", "C2", "C12")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_as_it_is_written_whatever_markdown_would_make_of_it(name: str) -> None:
    assert to_text(body(Turn.OPENED, named(name))).startswith(f"{name} does not work at the moment")
    assert title(named(name)) == f"{name} does not work"


@given(name=st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and text.isprintable()))
def test_no_name_makes_markup(name: str) -> None:
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(render(f"{plain(name)} does not work."))
    assert tags == ["p"]


HIDDEN = ["10.20.30.40", "redis-7.internal", "7.4.2-rc1", "secret-token", "fb-eu", "upgrade", "local"]


@pytest.mark.parametrize("reason", list(Reason))
def test_no_host_address_version_or_check_comes_into_what_the_public_reads(reason: Reason) -> None:
    page = Page()
    page.see(DOWN, "fb-eu", "fb-us", reason=reason, detail=" ".join(HIDDEN))
    page.wait(2000, every=10)
    incident = page.only()
    public = [incident.title, *(update.body for update in incident.published)]
    told = [str(event.telling.data) for event in page.journal if event.telling and event.kind.startswith("incident.")]
    assert len(told) == 2
    for text in (*public, *told):
        assert [hidden for hidden in HIDDEN if hidden in text] == []
        assert reason.value not in ("anchors", "internal") or reason.value not in text
    assert HIDDEN[0] in incident.evidence[0].detail
