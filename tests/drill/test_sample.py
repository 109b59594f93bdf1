"""The sample of 13 September 2021, looked at beside the facts: the same posts, in their order, at their times."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from statuspage.core.incident import Incident, IncidentState
from statuspage.core.state import Decision
from statuspage.drill import sample
from statuspage.store import Store
from statuspage.web.render import render
from tests.web.served import seeded_store
from tests.web.snapshots import NOW, make_site

POSTS = (
    ("Investigating", "09:45", "looking into it together with Google"),
    ("Identified", "10:55", "Company > Tools"),
    ("Update", "11:45", "A Redis instance that scales by itself"),
    ("Monitoring", "13:07", "no longer one single connection"),
    ("Resolved", "17:15", "This incident is over."),
)
LEARNED = "17:33"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store in the zone of that day, with the sample written into it as the demo does."""
    _, found = seeded_store(tmp_path, NOW)
    found.transact(lambda _: Decision(site=make_site(time_zone=sample.ZONE)), NOW)
    found.act(sample.sep13, NOW, also=(sample.INCIDENT,))
    yield found
    found.close()


def page(store: Store, path: str) -> str:
    snapshot = store.snapshot(NOW)
    assert snapshot is not None
    return render(snapshot, NOW)[path].body.decode()


def text(markup: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", markup))


def incident(store: Store) -> Incident:
    return store.state(also=(sample.INCIDENT,)).incidents[sample.INCIDENT]


def test_its_states_and_times_are_those_of_the_day(store: Store) -> None:
    found = incident(store)
    assert [(each.state, each.display_at) for each in found.published] == [
        (state, datetime(2021, 9, 13, hour, minute, tzinfo=UTC))
        for state, hour, minute in (
            ("investigating", 13, 45),
            ("identified", 14, 55),
            ("identified", 15, 45),
            ("monitoring", 17, 7),
            ("resolved", 21, 15),
        )
    ]
    assert found.state is IncidentState.POSTMORTEM
    assert found.postmortem is not None
    assert found.postmortem.published_at == datetime(2021, 9, 13, 21, 33, tzinfo=UTC)
    assert store.outbox.waiting() == ()


def test_the_page_has_the_six_posts_in_order_with_their_times_in_the_zone_of_the_day(store: Store) -> None:
    shown = page(store, f"/incidents/{sample.INCIDENT}")
    stamps = re.findall(r"Posted <time[^>]*>([^<]*)</time>", shown)
    assert stamps == [f"Sep 13, 2021 - {time} EDT" for time in (LEARNED, *(time for _, time, _ in reversed(POSTS)))]
    entries = shown.partition('<ol class="line">')[2].split("<li id=")[1:]
    assert len(entries) == len(POSTS)
    for (word, time, said), entry in zip(reversed(POSTS), entries, strict=True):
        assert f"<h3>{word}</h3>" in entry
        assert f"Sep 13, 2021 - {time} EDT" in entry
        assert said in text(entry)
    learned = shown.partition('class="learned"')[2].partition("</article>")[0]
    assert f"Sep 13, 2021 - {LEARNED} EDT" in learned
    assert "News feed, inbox, session chat, session Q&A, networking" in text(learned)


def test_the_component_is_named_at_the_end(store: Store) -> None:
    assert "This incident affected: Firebase Web Sockets" in text(page(store, f"/incidents/{sample.INCIDENT}"))
    assert "Slow web socket connection" in page(store, "/history.atom")


def test_it_is_written_once(store: Store) -> None:
    before = store.head()
    store.act(sample.sep13, NOW, also=(sample.INCIDENT,))
    assert store.head() == before
