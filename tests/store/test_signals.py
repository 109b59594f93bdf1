"""What applications say of their load, as it is kept."""

from datetime import timedelta

from statuspage.core.load import Signal
from statuspage.store import Store
from tests.databases import START


def test_of_each_second_the_newest_is_kept(store: Store) -> None:
    for tenth in range(25):
        at = START + timedelta(seconds=tenth / 10)
        store.add_signals((Signal("native", at, tenth), Signal("native", at, 100 + tenth)), at)
    found = store.state(START + timedelta(seconds=3)).signals["native"]
    assert [(each.at - START, each.users) for each in found] == [
        (timedelta(seconds=second), users) for second, users in enumerate([109, 119, 124])
    ]


def test_each_subject_has_its_own_seconds(store: Store) -> None:
    at = START + timedelta(seconds=0.5)
    store.add_signals((Signal("native", at, 1), Signal("realtime.chat", at, 2)), at)
    found = store.state(START + timedelta(seconds=1)).signals
    assert {subject: [each.users for each in said] for subject, said in found.items()} == {
        "native": [1], "realtime.chat": [2],
    }  # fmt: skip
