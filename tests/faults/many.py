"""A monitor with many checks: every tenth asks a closed port, so that there is an outage to believe in."""

from pathlib import Path

from statuspage.core.observation import Observation
from statuspage.store import Store, StoreError
from tests.secret_key import secret_key


def many_checks(folder: Path, port: int, checks: int, timeout: str = "900ms") -> Path:
    """The configuration: a check a second each of `port`, an open one, and of one that is closed."""
    tables = ['[store]\nurl = "sqlite:///status.db"\n[web]\npublic_dir = "data/public"\n']
    tables.append(f"[site]\n{secret_key(folder)}\n")
    for n in range(checks):
        where = port if n % 10 else 1
        tables.append(
            f'[[component]]\nid = "c{n}"\nname = "C{n}"\n[[check]]\nid = "c{n}"\ncomponent = "c{n}"\ntype = "tcp"\n'
            f'host = "127.0.0.1"\nport = {where}\nevery = "1s"\ntimeout = "{timeout}"\nslow_over = "{timeout}"\n'
        )
    path = folder / "config.toml"
    path.write_text("\n".join(tables))
    return path


def observations(store: Store, checks: int) -> list[Observation]:
    """Everything that was stored, in the order of its arrival."""
    found = store.observations_after("local", {f"c{n}": 0 for n in range(checks)})
    return sorted(found, key=lambda each: each.seq)


def has_reached(store: Store, seq: int) -> bool:
    """Whether that many observations are stored; not before there is a database."""
    try:
        return store.last_seq("local") >= seq
    except StoreError:
        return False


def blamed(store: Store) -> set[str]:
    """Every component that was ever said to be less than well."""
    return {
        entry.event.subject
        for entry in store.journal(limit=100_000)
        if entry.event.kind == "component.updated" and entry.event.data["to"] not in ("operational", "unknown")
    }
