"""The configuration that the demo writes for itself: every stand-in watched, modules that need them, quick times."""

import json
from collections.abc import Mapping
from pathlib import Path

from statuspage.drill import native, on_call

SITE = "Acme Events"

# provider, id, name, group, description, publish policy
_COMPONENTS = (
    ("firebase", "firebase-web-sockets", "Firebase Web Sockets", "realtime", "Chat, polls and presence.", "auto"),
    ("native", "native-web-sockets", "Native Web Sockets", "realtime", "Our own realtime service.", "after 1m"),
    ("redis", "redis-cache", "Redis cache", "platform", "Sessions and counters.", "draft"),
    ("platform", "landing-page", "Landing page", "platform", "What visitors see first.", "auto"),
    ("platform", "login", "Login", "platform", "Signing in.", "auto"),
)
_MODULES = (
    ("session-chat", "Session chat", "Messages during a session."),
    ("session-qa", "Session Q&A", "Questions to the speakers."),
    ("networking", "Networking", "Meeting other people."),
)
"""They have no check of their own: each is on the provider that its route has chosen."""
STILL_WORKS = "You can watch, listen and browse as always; what others write appears when you reload."
_BACKEND = ("backend", "Platform backend", "Everything behind the pages: it reads through the cache.")
"""Its cache route goes from Redis to a small cache in its own memory."""
_PROVIDERS = (
    ("firebase", "firebase-web-sockets", "Firebase Web Sockets", 10_000, 500),
    ("native", "native-web-sockets", "Native Web Sockets", 10_000, 100),
)
USERS = 200
"""Connections a module: with three modules and 0.8 × 100 a second a move takes eight seconds."""


_TEMPLATES = (
    (
        "provider-slow",
        "A provider is slow",
        "Slow realtime connections",
        "investigating",
        "New connections take longer than usual. What is connected stays connected; video and streaming work.",
    ),
    (
        "moved",
        "Moved to the other provider",
        "",
        "monitoring",
        "We moved to our other realtime provider. People reconnect by themselves within a few minutes.",
    ),
    (
        "fan-out",
        "Messages arrive late",
        "Messages arrive late",
        "identified",
        "Messages arrive, but late. None is lost.",
    ),
)

# Whoever presses buttons changes a provider more often than providers do: "unstable" begins later and ends sooner.
_TIMES: Mapping[str, object] = {
    "every": "5s",
    "timeout": "2s",
    "slow_over": "800ms",
    "confirm_every": "1s",
    "flap_changes": 8,
    "flap_window": "3m",
    "settle": "30s",
}


def demo_config(
    port: int,
    providers: Mapping[str, int],
    anchors: list[int],
    secret_key: Path,
    on_call_secret: Path,
    zone: str = "Etc/UTC",
) -> str:
    """The demo's config.toml. `providers` has the ports of firebase, native, platform and, if there is one, redis.

    `secret_key` and `on_call_secret` are files. The page is at `port`, fault console and on-call at the next one.
    """
    text = f"""\
# Written by `statuspage demo` at each start.

[site]
name = "{SITE}"
url = "http://127.0.0.1:{port}"
time_zone = "{zone}"
secret_key = {_toml({"file": str(secret_key)})}

[[site.link]]
name = "Fault console"
url = "http://127.0.0.1:{port + 1}/demo"

[store]
url = "sqlite:///statuspage.db"

[web]
bind = "127.0.0.1:{port}"
public_dir = "public"
beacon_share = 1.0

[incidents]
incident_after = "5s"
slow_after = "20s"
resolve_after = "30s"
reopen_within = "5m"
next_update = "15m"

[failover]
confirm = "1s"
target_min_up = "10s"
settle = "10s"
limited_min = "5s"
dwell = "10s"
stable = "20s"
verify = "20s"
soak = "3s"
rule_hold = "20s"
sunk_within = "5s"
max_wait = "3s"

[delivery]
allow = ["127.0.0.1/32"]

[[notify]]
id = "on-call"
type = "webhook"
events = ["incident.*", "draft.*", "maintenance.*", "monitor.*", "route.*", "capacity.*"]
url = "http://127.0.0.1:{port + 1}{on_call.PATH}"
secrets = [{_toml({"file": str(on_call_secret)})}]

[[group]]
id = "modules"
name = "What people use"

[[group]]
id = "realtime"
name = "Realtime providers"

[[group]]
id = "platform"
name = "Platform"
"""
    for anchor in anchors:
        text += _table("anchor", url=f"http://127.0.0.1:{anchor}/generate_204", timeout="1s")
    for id, name, description in _MODULES:
        text += _table("component", id=id, name=name, group="modules", description=description)
    for provider, component, name, group, description, publish in _COMPONENTS:
        if provider in providers:
            head = {"id": component, "name": name, "group": group, "description": description, "publish": publish}
            text += _table("component", **head)
            options = _check_options(component, f"127.0.0.1:{providers[provider]}")
            text += _table("check", id=component, component=component, **_TIMES, **options)
    for id, component, name, capacity, rate in _PROVIDERS:
        limits = {"capacity": capacity, "max_connects_per_s": rate}
        text += _table("provider", id=id, name=name, component=component, **limits)
    for id, _, _ in _MODULES:
        text += _table("route", id=f"realtime.{id}", component=id, **_route("auto"))
    if "redis" in providers:
        text += _cache_route()
    for id, name, title, state, body in _TEMPLATES:
        text += _table("template", id=id, name=name, title=title, state=state, body=body)
    return text


def _check_options(component: str, address: str) -> dict[str, object]:
    options: dict[str, dict[str, object]] = {
        "firebase-web-sockets": {"type": "firebase", "url": f"http://{address}?ns=demo"},
        "native-web-sockets": {
            "type": "websocket",
            "url": f"ws://{address}{native.PATH}",
            "send": ['{"type": "subscribe", "room": "__probe"}'],
            "first_frame": {"json": {"type": "welcome"}},
            "echo": '{"type": "publish", "room": "__probe", "data": "{nonce}"}',
            "echo_on": "second",
            "second_send": [],
        },
        "redis-cache": {"type": "redis", "url": f"redis://{address}/0"},
        "landing-page": {"type": "http", "url": f"http://{address}/"},
        "login": {"type": "http", "url": f"http://{address}/login"},
    }
    return options[component]


def _cache_route() -> str:
    id, name, description = _BACKEND
    text = _table("component", id=id, name=name, group="platform", description=description)
    text += _table("provider", id="redis", name="Redis", component="redis-cache")
    text += _table("provider", id="fallback", name="its own memory", built_in=True)
    words = {"prefer": ["redis", "fallback"], "mode": "auto", "failback": "auto", "still_works": "Pages load slowly."}
    return text + _table("route", id="cache.main", component=id, **words)


def _route(mode: str) -> dict[str, object]:
    return {
        "prefer": ["firebase", "native"],
        "mode": mode,
        "users": USERS,
        "failback": "auto",
        "still_works": STILL_WORKS,
    }


def _table(table: str, /, **values: object) -> str:
    return "\n".join((f"\n[[{table}]]", *(f"{key} = {_toml(value)}" for key, value in values.items()))) + "\n"


def _toml(value: object) -> str:
    """A string, a list or a table of strings as TOML; a JSON string is a basic string of TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)
