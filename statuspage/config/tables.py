"""The tables of config.toml, one model each. Their docstrings are what `config.example.toml` explains."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from statuspage.core.addresses import allow_problem, parse_network
from statuspage.core.message import PLACEHOLDERS, unknown_placeholders
from statuspage.core.telling import ON_CALL
from statuspage.fields import Duration, HttpUrl, Options, Secret, parse_duration

ID = r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$"
Id = Annotated[str, StringConstraints(pattern=ID, max_length=64)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):
        raise ValueError('no such time zone: use an IANA name such as "Europe/Berlin"') from None
    return value


def _store_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError('must start with "sqlite:///" or "postgresql+psycopg://"')
    path, _, query = value.partition("?")
    # Looked for before anything is parsed: what the parser says of a strange address quotes parts of it.
    user = path.partition("://")[2].rpartition("@")[0]
    if user.partition(":")[2] or any(
        name.lower().endswith("password") for name, _ in parse_qsl(query, keep_blank_values=True)
    ):
        raise ValueError("must not hold a password: use [store] password")
    try:
        _ = urlsplit(value).port
    except ValueError as error:
        raise ValueError(f"not an address of a database: {error}") from None
    return _printable(value)


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must not hold control characters")
    return value


def _printable_path(value: Path) -> Path:
    _printable(str(value))
    return value


def _at_most_a_minute(value: timedelta) -> timedelta:
    if value > timedelta(minutes=1):
        raise ValueError("must be at most one minute")
    return value


def _in_our_time(value: date) -> date:
    if not 2000 <= value.year <= 2100:
        raise ValueError("must be between 2000 and 2100")
    return value


class Link(Options):
    name: Name
    """What visitors read."""
    url: HttpUrl
    """Where it leads."""


class Site(Options):
    name: Name = "Status"
    """The name at the head of every page."""
    url: HttpUrl = "http://127.0.0.1:8000"
    """The public address of this site. Every link we send is built from it, never from a request."""
    time_zone: Annotated[str, AfterValidator(_zone)] = "Etc/UTC"
    """The zone of the page's days and times (an IANA name)."""
    logo: Annotated[Path, AfterValidator(_printable_path)] | None = None
    """A picture for the head of the page: an SVG, PNG or WebP file of at most 100 KB (relative to this file)."""
    support_url: HttpUrl | None = None
    """Where customers can write to you."""
    secret_key: Secret | None = None
    """Encrypts what is made at run time, such as the seeds of codes. At least 32 random characters. Needed to run."""
    old_secret_key: Secret | None = None
    """The key before, until all users have signed in since: it opens what it closed, and closes nothing."""
    link: tuple[Link, ...] = ()
    """Further links in the head of the page."""


class Store(Options):
    url: Annotated[str, AfterValidator(_store_url)] = "sqlite:///data/statuspage.db"
    """`sqlite:///path` (relative to this file) or `postgresql+psycopg://user@host/name`."""
    password: Secret | None = None
    """The database user's password (PostgreSQL)."""
    keep_observations: Duration = timedelta(days=7)
    """How long single observations are kept. States and daily figures are kept for ever."""

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        if self.password is not None and not urlsplit(self.url).username:
            raise ValueError("password needs a user in url: postgresql+psycopg://user@host/name")
        return self


BIND = r"^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$"
ATTRIBUTE = r"^[a-z][a-z0-9_]*$"


def _port(value: str) -> str:
    if not 0 < int(value.rpartition(":")[2]) < 65536:
        raise ValueError("the port must be between 1 and 65535")
    return value


Bind = Annotated[str, StringConstraints(pattern=BIND), AfterValidator(_port)]


class Web(Options):
    bind: Bind = "127.0.0.1:8000"
    """Address and port to listen on."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Worker processes of the web server."""
    trusted_hops: Annotated[int, Field(ge=0, le=5)] = 0
    """How many proxies in front of us append to X-Forwarded-For. With 0 the header is not believed at all."""
    public_dir: Annotated[Path, AfterValidator(_printable_path)] = Path("data/public")
    """The folder of the finished pages (relative to this file)."""
    beacon_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """The part of their tries to connect that clients tell us of, from 0 (none) to 1 (each)."""


class Group(Options):
    id: Id
    """Identity; never changes."""
    name: Name
    """What visitors read."""
    description: str | None = None
    """A line below the name."""


def _publish(value: str) -> str:
    if value in ("auto", "draft"):
        return value
    head, _, length = value.partition(" ")
    if head != "after" or not length:
        raise ValueError('must be "auto", "draft" or "after" and a duration, such as "after 5m"')
    return f"after {parse_duration(length).total_seconds():g}s"


def _filled(value: str) -> str:
    strange = unknown_placeholders(value)
    if strange:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"there is no placeholder {{{strange[0]}}}; there are {known}")
    return value


Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_filled)]


class Words(Options):
    title: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_filled)] | None = None
    """The incident's title."""
    investigating: Text | None = None
    """The first update."""
    monitoring: Text | None = None
    """When it works again and is being watched."""
    resolved: Text | None = None
    """When it is over."""
    still_works: Text | None = None
    """What people can still do meanwhile; goes into the default texts."""


class Component(Options):
    id: Id
    """Identity; never changes and is not given twice."""
    name: Name
    """What visitors read. May change."""
    group: Id | None = None
    """The group it stands under."""
    description: Annotated[str, StringConstraints(max_length=300)] | None = None
    """A line below the name."""
    needs: tuple[Id, ...] = ()
    """The components it cannot live without. They name the root cause; they never hide its own state."""
    showcase: bool = True
    """Whether to show 90 days of history."""
    start_date: Annotated[date, AfterValidator(_in_our_time)] | None = None
    """History counts from this day."""
    publish: Annotated[str, AfterValidator(_publish)] = "auto"
    """How incidents become public that nobody typed: "auto", "draft" (a person presses one key), or "after 5m"
    (unless somebody vetoes it before)."""
    words: Words | None = None
    """Your own words for such incidents, instead of the default ones."""


class Incidents(Options):
    incident_after: Duration = timedelta(seconds=10)
    """How long a component fails before an incident opens."""
    slow_after: Duration = timedelta(minutes=1)
    """How long a component is slow or unsteady before an incident opens."""
    merge_within: Duration = timedelta(minutes=2)
    """Further causes join an incident that is younger than this."""
    reopen_within: Duration = timedelta(minutes=15)
    """The same cause, this soon after the end, opens the same incident again."""
    resolve_after: Duration = timedelta(minutes=5)
    """How long everything is well before an incident is called resolved."""
    next_update: Duration = timedelta(minutes=30)
    """When the next update is promised. Staff are reminded of a promise that was not kept."""
    undo: Duration = timedelta(seconds=20)
    """How long what a person posted can be taken back before anybody is notified. The page shows it at once."""


class Template(Options):
    id: Id
    """Identity."""
    name: Name
    """What staff pick."""
    title: Annotated[str, StringConstraints(max_length=255)] = ""
    """The title it suggests."""
    state: Literal["", "investigating", "identified", "monitoring", "resolved"] = ""
    """The state it suggests."""
    body: Annotated[str, StringConstraints(max_length=4000)] = ""
    """The text it suggests, Markdown."""


class Anchor(Options):
    url: HttpUrl
    """Something that is up whenever the internet is. Two or more of them tell our outage from yours."""
    timeout: Duration = timedelta(seconds=2)
    """How long to wait for an answer."""


EIGHT_S = timedelta(seconds=8)


class CheckHead(Options):
    """The options that every check has, whatever its type."""

    id: Id
    """Identity; never changes."""
    component: Id
    """The component it speaks for."""
    type: str
    """The kind of probe: see `statuspage kinds probe`."""
    every: Duration = timedelta(seconds=10)
    """From the start of one run to the start of the next."""
    timeout: Duration = EIGHT_S
    """The longest a whole run may take: what the probe calls failed is what a user calls "Connecting"."""
    slow_over: Duration = Field(default_factory=lambda known: min(timedelta(seconds=2), known.get("timeout", EIGHT_S)))
    """A good run that takes longer is slow. Two seconds, or the timeout where that is shorter."""
    confirm_every: Duration = timedelta(seconds=1)
    """The cadence while a first bad run is being confirmed."""
    fall: Annotated[int, Field(ge=1, le=20)] = 3
    """How many runs of the window must be bad."""
    window: Annotated[int, Field(ge=1, le=20)] = 5
    """How many of the newest runs are looked at."""
    rise: Annotated[int, Field(ge=1, le=20)] = 3
    """How many good runs in a row end an outage."""
    flap_changes: Annotated[int, Field(ge=2, le=100)] = 4
    """So many changes of verdict within `flap_window` are one state, unstable."""
    flap_window: Duration = timedelta(minutes=10)
    """The time in which changes are counted."""
    settle: Duration = timedelta(minutes=5)
    """How long an unstable check must be quiet to be up again."""
    limits: dict[str, Duration] = Field(default_factory=dict)
    """Time limits of single stages, such as `{ connect = "2s" }`."""


class Provider(Options):
    id: Id
    """Identity; never changes."""
    name: Name
    """What visitors read."""
    component: Id | None = None
    """The component whose checks are this provider's health."""
    built_in: bool = False
    """A part of the application itself, such as a cache in its own memory: it has no component, and is there whenever
    the application is."""
    capacity: Annotated[int, Field(ge=1)] | None = None
    """How many users it can hold."""
    max_connects_per_s: Annotated[float, Field(gt=0)] | None = None
    """How many new connections a second it can take."""


class When(Options):
    attribute: Annotated[str, StringConstraints(pattern=ATTRIBUTE)]
    """The attribute that the rule looks at, such as `event_users`."""
    over: float
    """The rule begins above this value."""
    under: float
    """And ends below this one."""
    prefer: tuple[Id, ...]
    """The order of preference while it holds."""


def _move_on(value: tuple[str, ...]) -> tuple[str, ...]:
    if "down" not in value:
        raise ValueError('must name "down": what is down is left in any case')
    for each in value:
        if each != "down":
            if not each.startswith("slow for "):
                raise ValueError('must be "down" or "slow for" and a duration, such as "slow for 2m"')
            parse_duration(each.removeprefix("slow for "))
    return value


class Route(Options):
    id: Id
    """Identity, such as `realtime.session-chat`."""
    component: Id
    """The module that this route serves."""
    prefer: Annotated[tuple[Id, ...], Field(min_length=1)]
    """Providers in the order of preference."""
    mode: Literal["observe", "approve", "auto"] = "observe"
    """Say what we would do, ask first, or do it."""
    failback: Literal["manual", "auto"] = "manual"
    """Whether to return to the preferred provider by ourselves."""
    users: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    """The peak number of connections that it brings, for when nobody tells us the present one."""
    move_on: Annotated[tuple[str, ...], AfterValidator(_move_on)] = ("down",)
    """What makes it move: "down", and perhaps "slow for 2m"."""
    still_works: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None
    """What people can still do in limited mode, a sentence."""
    when: tuple[When, ...] = ()
    """Rules that change the order of preference."""


Patterns = Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=80)], ...], Field(min_length=1)]


class Event(Options):
    id: Id
    """Identity."""
    starts: AwareDatetime
    """When the doors open, with its zone: 2026-12-01T09:00:00-05:00."""
    ends: AwareDatetime
    """When it is over."""
    users: Annotated[int, Field(ge=1, le=100_000_000)]
    """How many people come: the value of `event_users` from half an hour before until half an hour after."""
    routes: Patterns = ("*",)
    """The routes that they use; `*` stands for anything."""


class Signal(Options):
    id: Id
    """Identity."""
    type: Literal["json", "prometheus"]
    """What the address answers with: a JSON document, or the metrics of Prometheus."""
    url: HttpUrl
    """Where to ask. Addresses that are not public must be listed in `[delivery] allow`."""
    every: Duration = timedelta(seconds=15)
    """How often."""
    provider: Id | None = None
    """The provider that it is about,"""
    route: Id | None = None
    """or the route."""
    users: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None
    """Where the number of connected users is: a path such as `sockets.users`, or a metric such as `users{app="a"}`."""
    connects_per_s: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None
    """Where the number of new connections a second is."""


class Assertion(Options):
    id: Id
    """Its name: a refusal is called `assertion:<id>`."""
    provider: Id
    """The provider that is counted."""
    routes: Patterns = ("*",)
    """The routes that count."""
    at_most: Annotated[int, Field(ge=0)] | None = None
    """No move may put more of them on it."""
    at_least: Annotated[int, Field(ge=0)] | None = None
    """No move may leave fewer of them on it."""


Percent = Annotated[int, Field(ge=1, le=100)]


class Failover(Options):
    confirm: Duration = timedelta(seconds=10)
    """How long a provider is down, from its first bad run, before it is left."""
    target_min_up: Duration = timedelta(seconds=60)
    """How long a provider is up before anything moves onto it."""
    limited_min: Duration = timedelta(seconds=30)
    """The shortest time in limited mode."""
    dwell: Duration = timedelta(minutes=5)
    """The shortest stay before a route returns by itself."""
    stable: Duration = timedelta(minutes=15)
    """How long the preferred provider is up before a route returns by itself."""
    moves: Annotated[int, Field(ge=1, le=100)] = 3
    """So many moves by itself within `moves_within`; the next one locks the route until somebody acknowledges."""
    moves_within: Duration = timedelta(minutes=30)
    """The time in which moves count."""
    verify: Duration = timedelta(minutes=2)
    """How long a move is watched before it is called good."""
    settle: Duration = timedelta(seconds=60)
    """Nothing is moved for so long after the monitor began to look."""
    sunk_within: Duration = timedelta(seconds=60)
    """A provider that fails this soon after a move onto it fails from the load: the route becomes limited."""
    herd: Annotated[float, Field(gt=1, le=100)] = 3.0
    """So many times the usual rate of new connections is a herd: nothing is moved in front of it."""
    headroom: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The part of a capacity and of a rate of new connections that is used."""
    parallel: Annotated[int, Field(ge=1)] = 20
    """The most routes that move at one moment."""
    hold_by_hand: Duration = timedelta(minutes=30)
    """How long what a person moved is left where it is."""
    rule_hold: Duration = timedelta(minutes=10)
    """How long a value is under its limit before a rule ends."""
    event_lead: Duration = timedelta(minutes=30)
    """Before and after a planned event its users count."""
    ramp: Duration = timedelta(seconds=30)
    """How long a move takes where `users` or `max_connects_per_s` is not known."""
    steps: Annotated[tuple[Percent, ...], Field(min_length=1)] = (5, 25, 50, 100)
    """The percentages of a return; they rise and end at 100."""
    soak: Duration = timedelta(minutes=2)
    """How long each of them is watched."""
    max_wait: Duration = timedelta(seconds=8)
    """How long a client may try to connect: what it calls "Connecting" ends then. Between 1s and 1m."""


class NotifyHead(Options):
    """The options that every destination has, whatever its type."""

    id: Id
    """Identity; never changes. Messages that wait belong to it."""
    type: str
    """The kind of notifier: see `statuspage kinds notifier`."""
    events: Annotated[tuple[str, ...], Field(min_length=1)] = ON_CALL
    """What it is told of: names of events, `*` stands for anything. Without it, all that asks for a person."""
    components: tuple[Id, ...] = ()
    """Only what touches one of these components, and what touches none; without it, everything."""


class ActuatorHead(Options):
    """The options that every actuator has, whatever its type."""

    id: Id
    """Identity; never changes, and is none of a `[[notify]]` either."""
    type: str
    """The kind of actuator: see `statuspage kinds actuator`."""
    routes: Patterns = ("*",)
    """The routes whose moves it acts on; `*` stands for anything."""
    events: Annotated[tuple[str, ...], Field(min_length=1)] = ("route.moved",)
    """What it hears of: "route.moved", "capacity.low", "capacity.enough"."""


def _network(value: str) -> str:
    problem = allow_problem(parse_network(value))
    if problem:
        raise ValueError(problem)
    return value


class Delivery(Options):
    allow: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    """Networks that are not public and may be sent to nevertheless, such as `10.0.0.0/8`."""
    deadline: Annotated[Duration, AfterValidator(_at_most_a_minute)] = timedelta(seconds=20)
    """The longest that one try may take, from the look-up of the name to the answer."""


class File(Options):
    """The whole file, with its checks and destinations still undecoded."""

    site: Site = Site()
    store: Store = Store()
    web: Web = Web()
    incidents: Incidents = Incidents()
    group: tuple[Group, ...] = ()
    component: tuple[Component, ...] = ()
    template: tuple[Template, ...] = ()
    anchor: tuple[Anchor, ...] = ()
    check: tuple[dict[str, Any], ...] = ()
    provider: tuple[Provider, ...] = ()
    route: tuple[Route, ...] = ()
    event: tuple[Event, ...] = ()
    signal: tuple[Signal, ...] = ()
    assertion: tuple[Assertion, ...] = ()
    failover: Failover = Failover()
    notify: tuple[dict[str, Any], ...] = ()
    actuator: tuple[dict[str, Any], ...] = ()
    delivery: Delivery = Delivery()
