"""What the checks saw, for staff: stage by stage in milliseconds, from each agent, and what speaks for it or against.

It may name hosts and versions: none of this is ever on a public page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from statuspage.core.incident import Evidence, Incident
from statuspage.core.observation import Observation, Outcome
from statuspage.core.site import Site
from statuspage.web.staff.context import staff
from statuspage.web.times import Stamp, stamp

MOST_CHECKS = 8
RECENT = 5
_LOOKS = {Outcome.OK: "ok", Outcome.SLOW: "degraded", Outcome.FAIL: "major", Outcome.BLIND: "unknown"}
_WORDS = {Outcome.OK: "good", Outcome.SLOW: "slow", Outcome.FAIL: "failed", Outcome.BLIND: "could not look"}

Seen = Mapping[str, Sequence[Observation]]
"""The newest observations by check, newest first."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One stage of one run. `kind` is `well`, `bad` or `skip-it`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """The newest evidence of one agent."""

    agent: str
    at: Stamp
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One check: its stages as columns, its agents as rows."""

    name: str
    words: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """One thing that speaks for the words above it, or against them."""

    slug: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """One observation as a line."""

    check: str
    agent: str
    at: Stamp
    slug: str
    word: str
    took: str
    why: str
    detail: str


def checks_of(incident: Incident, site: Site) -> tuple[str, ...]:
    """The checks that an incident is about: those of its causes, and those that gave evidence."""
    causes = [component.checks for each in incident.causes if (component := site.component(each)) is not None]
    named = [each.check for each in incident.evidence]
    return tuple(dict.fromkeys([*(check for checks in causes for check in checks), *named]))[:MOST_CHECKS]


def seen_of(checks: Iterable[str], limit: int = RECENT) -> Seen:
    """The newest observations of these checks."""
    return {check: staff().store.recent(check, limit) for check in checks}


def tables(incident: Incident, seen: Seen, zone: ZoneInfo) -> tuple[Table, ...]:
    """The newest evidence of each check and agent."""
    newest = {(each.check, each.agent): each for each in incident.evidence}
    checks = tuple(dict.fromkeys(check for check, _ in newest))[:MOST_CHECKS]
    return tuple(_table([each for (name, _), each in newest.items() if name == check], seen, zone) for check in checks)


def reasons(seen: Seen, site: Site, incident: Incident) -> tuple[Why, ...]:
    """How the newest runs of each check ended, and what does not need them and is well."""
    found = [_ended(check, runs) for check, runs in seen.items() if runs]
    details = dict.fromkeys(each.detail for each in incident.evidence[-3:] if each.detail)
    return (*found, *(Why("info", detail) for detail in details))


def runs(seen: Seen, zone: ZoneInfo) -> tuple[Run, ...]:
    """The observations as lines, newest first."""
    listed = sorted((each for of_check in seen.values() for each in of_check), key=lambda each: each.at, reverse=True)
    return tuple(
        Run(each.check, each.agent, stamp(each.at, zone), _LOOKS[each.outcome], _WORDS[each.outcome],
            ms(each.took_ms), _why(each), each.detail)
        for each in listed
    )  # fmt: skip


def ms(length: float) -> str:
    """`0.4 ms`, `31 ms`, `8.0 s`."""
    if length >= 1000:
        return f"{length / 1000:.1f} s"
    return f"{length:.0f} ms" if length >= 10 else f"{length:.1f} ms"


def _table(mine: Sequence[Evidence], seen: Seen, zone: ZoneInfo) -> Table:
    newest = max(mine, key=lambda each: each.at)
    columns = _columns(mine, seen.get(newest.check, ()))
    since = stamp(newest.since, zone).text
    words = f"{newest.verdict} since {since}" + (f", {newest.reason}" if newest.reason else "")
    rows = tuple(Row(each.agent, stamp(each.at, zone), _cells(each, columns)) for each in mine)
    return Table(newest.check, words, columns, rows)


def _columns(mine: Sequence[Evidence], runs: Sequence[Observation]) -> tuple[str, ...]:
    """The stages in their order. A run that failed knows none behind its last one; longer runs do."""
    listed = [[name for name, _ in each.stages] for each in mine] + [[s.name for s in run.stages] for run in runs]
    listed += [[*(name for name, _ in each.stages if name != each.stage), each.stage] for each in mine if each.stage]
    return tuple(dict.fromkeys(name for names in sorted(listed, key=len, reverse=True) for name in names))


def _cells(evidence: Evidence, columns: Sequence[str]) -> tuple[Cell, ...]:
    took = dict(evidence.stages)
    found = []
    for name in columns:
        if name == evidence.stage:
            length = f", {ms(took[name])}" if name in took else ""
            found.append(Cell("bad", f"{evidence.reason or evidence.verdict}{length}"))
        elif name in took:
            found.append(Cell("well", ms(took[name])))
        else:
            found.append(Cell("skip-it", "not reached"))
    return tuple(found)


def _ended(check: str, runs: Sequence[Observation]) -> Why:
    bad = [each for each in runs if each.outcome in (Outcome.FAIL, Outcome.SLOW)]
    if not bad:
        return Why("ok", f"{check}: none of the last {len(runs)} runs failed")
    word = "failed" if any(each.outcome is Outcome.FAIL for each in bad) else "were slow"
    where = sorted({each.agent for each in bad})
    slug = "major" if word == "failed" else "degraded"
    return Why(slug, f"{check}: {len(bad)} of the last {len(runs)} runs {word}, seen from {', '.join(where)}")


def _why(run: Observation) -> str:
    return " in ".join(filter(None, (run.reason.value if run.reason else "", run.stage or "")))
