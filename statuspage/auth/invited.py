"""Using a one-time link: a name where one is wanted, a password, and the first code of a new seed."""

from dataclasses import dataclass
from datetime import timedelta

from statuspage.auth import codes, links, passwords
from statuspage.auth.door import Visitor, new_session
from statuspage.auth.keys import Keys
from statuspage.core.clock import Clock
from statuspage.core.people import Credentials, Invitation, user_name
from statuspage.core.refusals import NotThere, Refused
from statuspage.store.accounts import Accounts

OFFER_LASTS = timedelta(hours=1)
_OFFER = "new codes"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link's page shows: the invitation, a seed, and the pass that brings the seed back."""

    invitation: Invitation
    seed: str
    carried: str


class Desk:
    """Takes in whoever was invited. Every method may raise StoreError, and NotThere for a link that is no good."""

    def __init__(self, accounts: Accounts, keys: Keys, clock: Clock, site_name: str) -> None:
        self._accounts, self._keys, self._clock, self._site = accounts, keys, clock, site_name

    def offer(self, secret: str, *, first: bool, carried: str = "") -> Offer:
        """What to show; the same seed again where its pass is given. Changes nothing."""
        now, invitation = self._clock.now(), self._find(secret, first=first)
        kept = self._keys.read_pass(_OFFER, carried, OFFER_LASTS, now) if carried else None
        if kept is not None and kept["link"] == invitation.hash:
            return Offer(invitation, kept["seed"], carried)
        seed = codes.new_seed()
        return Offer(invitation, seed, self._keys.write_pass(_OFFER, now, link=invitation.hash, seed=seed))

    def accept(self, secret: str, offer: Offer, name: str, password: str, code: str, visitor: Visitor) -> str:
        """Use the link up: the secret of the new session. Raises Refused with the field to put right."""
        now = self._clock.now()
        name = offer.invitation.user or user_name(name)
        trouble = passwords.weakness(password, name, self._site)
        if trouble is not None:
            raise Refused("password", trouble)
        step = codes.step_of(offer.seed, code, now)
        if step is None:
            raise Refused("code", "is not what your code generator shows now")
        session_secret, session = new_session(name, visitor, now)
        given = Credentials(passwords.keep(password), self._keys.close_seed(offer.seed), step)
        self._accounts.accept(offer.invitation.hash, name, given, session)
        return session_secret

    def _find(self, secret: str, *, first: bool) -> Invitation:
        found = self._accounts.invitation(links.digest(secret), self._clock.now())
        if found is None or found.is_first is not first:
            raise NotThere("invitation", "")
        return found
