"""Settings for every test.

A usual run tries few examples of each law, so that the core's tests take seconds. STATUSPAGE_THOROUGH=1 tries four
times as many, in longer stories: before a change of the core is handed in. HYPOTHESIS_PROFILE=hunt is for looking on
purpose.
"""

import os

import pytest
from hypothesis import Phase, settings

# A landing is not left to chance: there the same examples are tried each time. Developers try others at every run.
_IS_SAME = bool(os.environ.get("CI"))
settings.register_profile("quick", max_examples=10, stateful_step_count=25, deadline=None, derandomize=_IS_SAME)
settings.register_profile("thorough", max_examples=40, stateful_step_count=50, deadline=None, derandomize=_IS_SAME)
settings.register_profile("hunt", max_examples=2000, deadline=None)
# For those who only want to know whether something fails: the seeded bugs of tests/core/mutants.
settings.register_profile("unshrunk", max_examples=40, deadline=None, database=None, phases=[Phase.generate])
_USUAL = "thorough" if os.environ.get("STATUSPAGE_THOROUGH") else "quick"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", _USUAL))

WORKERS = 4
"""For two cores: two that work, and two that wait."""
WAITING = {
    "demo": ("tests/drill/", "tests/browser/test_lobby.py"),
    "clocks": ("tests/faults/", "tests/monitor/test_engine.py", "tests/web/test_directives_served.py"),
}
"""Tests that wait for promised seconds more than they work: each group in a worker of its own."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Several workers for the whole suite; none for what somebody chose, which starts sooner and prints as it goes."""
    chosen = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or config.option.keyword
    return 0 if chosen else WORKERS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait begin first."""
    for item in items:
        for name, paths in WAITING.items():
            if item.nodeid.startswith(paths):
                item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
