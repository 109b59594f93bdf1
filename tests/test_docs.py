"""Documentation under test: what it shows exists, and what exists is shown."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from statuspage.app import KINDS
from statuspage.cli import COMMANDS
from statuspage.core import incident, maintenance, moves
from statuspage.core.detection import TABLE, Verdict
from statuspage.core.guards import GUARDS, UNFORGIVING
from statuspage.core.telling import EVENTS

ROOT = Path(__file__).parents[1]


def diagram(first: StrEnum, ways: Iterable[tuple[StrEnum, StrEnum, StrEnum]]) -> str:
    """States, the events that may happen in them and where each leads, as a Mermaid diagram."""
    found: dict[tuple[str, str], list[str]] = {}
    for state, event, to in ways:
        found.setdefault((state.value, to.value), []).append(event.value)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first.value}"]
    lines += [f"    {state} --> {to}: {', '.join(events)}" for (state, to), events in found.items()]
    return "\n".join([*lines, "```"])


def test_the_diagram_of_detection_is_drawn_from_its_table() -> None:
    drawn = diagram(Verdict.UNKNOWN, ((state, event, to) for state, row in TABLE.items() for event, to in row.items()))
    assert drawn in (ROOT / "docs/detection.md").read_text(encoding="utf-8")


def test_the_diagram_of_failover_is_drawn_from_its_table() -> None:
    ways = ((state, event, move.to) for state, row in moves.TABLE.items() for event, move in row.items())
    drawn = diagram(moves.Standing.STEADY, ways)
    assert drawn in (ROOT / "docs/failover.md").read_text(encoding="utf-8")


def test_every_guard_is_explained() -> None:
    text = (ROOT / "docs/failover.md").read_text(encoding="utf-8")
    for name in (*GUARDS, *UNFORGIVING, "assertion:<id>"):
        assert f"| `{name}` |" in text, name


@pytest.mark.parametrize("table", [incident.TABLE, maintenance.TABLE])
def test_the_diagrams_of_incidents_are_drawn_from_their_tables(table: Mapping[StrEnum, frozenset[StrEnum]]) -> None:
    first = next(iter(table))
    moves = sorted(f"    {state.value} --> {to.value}" for state, row in table.items() for to in row)
    drawn = "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first.value}", *moves, "```"])
    assert drawn in (ROOT / "docs/incidents.md").read_text(encoding="utf-8")


def test_the_readme_names_every_command_and_every_kind() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"`{name}\b", text), name
    for kind in KINDS.names():
        assert f"| `{kind}` |" in text, kind


def cells(document: str) -> list[tuple[int, str]]:
    """The first cells of all tables, with the number of their table."""
    found, table, inside = [], 0, False
    for line in document.splitlines():
        table += line.startswith("|") and not inside
        inside = line.startswith("|")
        if inside:
            found.append((table, line.split("|")[1].strip()))
    return found


def test_no_table_says_anything_twice() -> None:
    for name in ("README.md", *(f"docs/{each}.md" for each in ("clients", "failover", "operating-routes"))):
        found = [each for each in cells((ROOT / name).read_text(encoding="utf-8")) if each[1]]
        assert [each for each in found if found.count(each) > 1] == [], name


def test_the_changelog_has_no_heading_twice() -> None:
    named = re.findall(r"^\* \*\*(.+?)\*\*", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert sorted(set(named)) == sorted(named)


def test_the_example_names_every_event() -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    listed = text.partition("# Events: ")[2].partition("\nevents = ")[0]
    for event in set(EVENTS) - {"test.sent"}:  # it goes to whom one asks for it
        family, _, last = event.partition(".")
        assert re.search(rf"{family}\.[^;]*?\b{last}\b", listed.replace("\n# ", " ")), event


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/statuspage demo" in text
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest" in text


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_top_level_holds_what_was_agreed_and_nothing_else() -> None:
    agreed = {
        "pyproject.toml", "README.md", "statuspage", "probes", "templates", "tests", "config.example.toml",
        "LICENSE", "CHANGELOG.md", "docs",
    }  # fmt: skip
    import subprocess

    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    top = {path.split("/")[0] for path in tracked}
    assert {name for name in top if not name.startswith(".")} <= agreed
