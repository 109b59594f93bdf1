"""A configuration that passed: what the rest of the product is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from statuspage.config.accepted import NAME
from statuspage.config.problems import ConfigError, Problem, validated
from statuspage.config.switchboard import switchboard_of
from statuspage.config.tables import ActuatorHead, CheckHead, File, NotifyHead, Web
from statuspage.core import site as public
from statuspage.core.addresses import Policy, operator, parse_network
from statuspage.core.detection import Rules, stale_after
from statuspage.core.telling import Destination
from statuspage.fields import Options, secrets_in


class Kind(Protocol):
    """What a probe module offers the configuration.

    It may also have `problems(options, timeout)`: what its options say against the time limit in seconds, as
    (option, problem).
    """

    Config: type[Options]
    STAGES: tuple[str, ...]


class Kinds(Protocol):
    """The registry of kinds, as app.py makes it."""

    def names(self) -> Sequence[str]:
        """Every known type."""

    def load(self, name: str) -> Kind:
        """The kind of that name; KeyError when there is none."""


class NotifierKind(Protocol):
    """What a notifier module offers the configuration."""

    Config: type[Options]

    def urls(self, config: Any, /) -> Mapping[str, str]:
        """The addresses it sends to, by option."""


class NotifierKinds(Protocol):
    """The registry of notifiers, as app.py makes it."""

    def names(self) -> Sequence[str]:
        """Every known type."""

    def load(self, name: str) -> NotifierKind:
        """The kind of that name; KeyError when there is none."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """A destination: what all have in common, its kind's own options, the addresses these name, whether it pages."""

    head: NotifyHead
    options: Options
    urls: Mapping[str, str] = field(default_factory=dict)
    pages: bool = False

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def destination(self) -> Destination:
        """Its public part."""
        return Destination(self.head.id, self.head.type, self.head.events, self.head.components, self.pages)


@dataclass(frozen=True, slots=True)
class Actuator:
    """A way to act: what all have in common, its kind's own options, the addresses these name."""

    head: ActuatorHead
    options: Options
    urls: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def destination(self) -> Destination:
        """Its public part."""
        return Destination(self.head.id, self.head.type, self.head.events, routes=self.head.routes)


@dataclass(frozen=True, slots=True)
class Check:
    """A check: what all have in common, and its kind's own options."""

    head: CheckHead
    options: Options

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def rules(self) -> Rules:
        """The thresholds for core.detection."""
        head = self.head
        return Rules(
            fall=head.fall,
            window=head.window,
            rise=head.rise,
            flap_changes=head.flap_changes,
            flap_window=head.flap_window,
            settle=head.settle,
            stale_after=stale_after(head.every, head.timeout),
        )


@dataclass(frozen=True, slots=True)
class Config:
    """A valid configuration. `folder` is where its relative paths begin."""

    file: File
    checks: tuple[Check, ...]
    folder: Path
    warnings: tuple[Problem, ...] = ()
    notifiers: tuple[Notifier, ...] = ()
    actuators: tuple[Actuator, ...] = ()
    image: public.Image | None = None
    """The logo, as it was when the file was read."""
    text: str = field(default="", repr=False)
    """What it was read from."""

    @property
    def outbound(self) -> Policy:
        """Where messages may be sent."""
        return operator(parse_network(each) for each in self.file.delivery.allow)

    @property
    def site(self) -> public.Site:
        """The public part: names and structure, no address and no secret."""
        checks_of: dict[str, list[str]] = {}
        for check in self.checks:
            checks_of.setdefault(check.head.component, []).append(check.id)
        positions: dict[str | None, int] = {}
        components = []
        for each in self.file.component:
            positions[each.group] = positions.get(each.group, 0) + 1
            components.append(
                public.Component(
                    id=each.id,
                    name=each.name,
                    position=positions[each.group],
                    group=each.group,
                    description=each.description,
                    needs=each.needs,
                    checks=tuple(checks_of.get(each.id, ())),
                    showcase=each.showcase,
                    start_date=each.start_date,
                    publish=each.publish,
                    words=public.Words(**each.words.model_dump()) if each.words else None,
                )
            )
        head = self.file.site
        return public.Site(
            name=head.name,
            url=head.url.rstrip("/"),
            time_zone=head.time_zone,
            components=tuple(components),
            groups=tuple(public.Group(each.id, each.name, each.description) for each in self.file.group),
            links=tuple(public.Link(each.name, each.url) for each in head.link),
            support_url=head.support_url,
            image=self.image,
            times=public.Times(**self.file.incidents.model_dump()),
            templates=tuple(public.Template(**each.model_dump()) for each in self.file.template),
            destinations=(
                *(each.destination for each in self.notifiers),
                *(each.destination for each in self.actuators),
            ),
            switchboard=switchboard_of(self.file),
            anchors=len(self.file.anchor),
        )

    def bound_to(self, bind: str) -> "Config":
        """The same, listening elsewhere. Raises ConfigError for what is no address and port."""
        problems: list[Problem] = []
        web = validated(Web, {**self.file.web.model_dump(), "bind": bind}, "web", {}, problems)
        if problems:
            raise ConfigError(problems)
        return replace(self, file=self.file.model_copy(update={"web": web}))

    @property
    def store_url(self) -> str:
        """The database's address, with its path made absolute and its password put in."""
        url = self.file.store.url
        if url.startswith("sqlite:///"):
            return f"sqlite:///{(self.folder / url.removeprefix('sqlite:///')).resolve()}"
        password = self.file.store.password
        if password is None:
            return url
        scheme, rest = url.split("://", 1)
        user, _, host = rest.partition("@")
        return f"{scheme}://{user.removesuffix(':')}:{quote(password.reveal(), safe='')}@{host}"

    @property
    def public_dir(self) -> Path:
        """The folder of finished pages, absolute."""
        return (self.folder / self.file.web.public_dir).resolve()

    @property
    def accepted(self) -> Path:
        """Where the last accepted text of the file is kept."""
        return self.public_dir.parent / NAME

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret of the file, for redaction."""
        options = [*(each.options for each in self.checks), *(each.options for each in self.notifiers)]
        options += [each.options for each in self.actuators]
        found = [*secrets_in(self.file), *(text for each in options for text in secrets_in(each))]
        return tuple(dict.fromkeys(found))
