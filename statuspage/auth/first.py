"""The way in while there is nobody: a one-time link, made anew at each start; only its newest form works."""

from datetime import datetime

from statuspage.auth.links import first, invitation_path
from statuspage.store.accounts import Accounts


def first_admin_link(accounts: Accounts, site_url: str, now: datetime) -> str | None:
    """The address at which the first admin is made; None where there is a user. Raises StoreError."""
    if accounts.has_users():
        return None
    secret, invitation = first(now)
    if not accounts.invite_first(invitation):
        return None
    return f"{site_url.rstrip('/')}{invitation_path(invitation, secret)}"
