"""What the staff pages are given, once a process, and how a view gets at it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import current_app

from statuspage.auth.door import Door
from statuspage.auth.invited import Desk
from statuspage.auth.keys import Keys
from statuspage.core.clock import Clock
from statuspage.store import Store
from statuspage.web.shown import Shown

EXTENSION = "statuspage-staff"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Staff:
    """`site_url` is the site's own address, from which cookies and links are made; never the Host header.

    `trusted_hops` is how many proxies in front of us add to X-Forwarded-For.
    """

    open_store: Callable[[], Store]
    clock: Clock
    shown: Shown
    secret_key: str = field(repr=False)
    trusted_hops: int = 0
    site_url: str = ""
    time_zone: str = "Etc/UTC"
    old_secret_key: str = field(default="", repr=False)

    @cached_property
    def store(self) -> Store:
        """The store of this process; nothing is opened before it is first asked."""
        return self.open_store()

    @cached_property
    def keys(self) -> Keys:
        """The keys. Raises ValueError for a secret key that is none."""
        return Keys(self.secret_key, *filter(None, [self.old_secret_key]))

    @cached_property
    def door(self) -> Door:
        return Door(self.store.accounts, self.keys, self.clock)

    @property
    def desk(self) -> Desk:
        return Desk(self.store.accounts, self.keys, self.clock, self.site_name)

    @property
    def site_name(self) -> str:
        """As it was published; before that, a word that stands for it."""
        return self.shown.name or "Status"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's zone: times of staff pages are in it."""
        return ZoneInfo(self.time_zone)

    @property
    def https(self) -> bool:
        return self.site_url.startswith("https://")

    @property
    def is_exposed(self) -> bool:
        """Whether what is typed here crosses a network unencrypted, as far as the site's address tells."""
        return not self.https and urlsplit(self.site_url).hostname not in _LOOPBACK

    @property
    def origin(self) -> str:
        """The site's own origin, as browsers write it."""
        parts = urlsplit(self.site_url)
        return f"{parts.scheme}://{parts.netloc}"

    def link(self, path: str) -> str:
        """A path of this site as a whole address."""
        return f"{self.site_url.rstrip('/')}{path}"


def staff() -> Staff:
    """What the present application was given."""
    return cast(Staff, current_app.extensions[EXTENSION])
