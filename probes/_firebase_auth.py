"""Who the Firebase probe is: the ways to a credential, and the credential's life between two runs.

A token is fetched in the stage `token`, kept for its lifetime less a margin, and then renewed by its refresh token
where it has one. Endpoints are Google's own or what the config file says; a service account's file cannot name
another, since it would be handed our signature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from probes._http import Answer, post
from probes._run import Failed, Run
from probes._service_account import GOOGLE_TOKEN_URL, read_service_account, signed
from statuspage.core.observation import Reason
from statuspage.fields import HttpUrl, Options, Secret

GOOGLE_IDENTITY_URL = "https://identitytoolkit.googleapis.com"
GOOGLE_REFRESH_URL = "https://securetoken.googleapis.com/v1/token"

MARGIN = 300.0
"""Seconds before a token's end at which a new one is fetched; until the end the old one still does."""

_CUSTOM_TOKEN_AUDIENCE = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit"
_SCOPES = "https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/firebase.database"


Left = Callable[[], float]
"""Tells the seconds until the deadline of the stage `token`."""


class Credential(NamedTuple):
    """What the database is sent: the action, the credential, and for admins the user to act as."""

    action: Literal["auth", "gauth"]
    cred: str
    uid: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"cred": self.cred}
        if self.action == "gauth" and self.uid is not None:
            body["authvar"] = {"uid": self.uid}
        return body


@dataclass(frozen=True, slots=True)
class Token:
    """A fetched token, its lifetime in seconds, and what renews it."""

    text: str
    lifetime: float
    refresh: str | None = None


class _WithServiceAccount(Options):
    service_account: Secret
    """The key file of a service account: { file = "/path/key.json" }."""

    @field_validator("service_account")
    @classmethod
    def _is_readable(cls, value: Secret) -> Secret:
        read_service_account(value)
        return value


class _WithIdentity(Options):
    api_key: Secret | None = None
    """The project's web API key."""

    identity_url: HttpUrl = GOOGLE_IDENTITY_URL
    """Where to sign in; another one than Google's is for tests."""

    refresh_url: HttpUrl = GOOGLE_REFRESH_URL
    """Where to renew an ID token; another one than Google's is for tests."""

    async def _refreshed(self, refresh: str, left: Left) -> Token:
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        answer = await post(self.refresh_url, left, params=self._key(), form=form)
        return _token(answer, "id_token", "expires_in", "refresh_token")

    def _key(self) -> dict[str, str]:
        return {} if self.api_key is None else {"key": self.api_key.reveal()}


class CustomToken(_WithServiceAccount, _WithIdentity):
    """Signs in as one fixed user by a custom token: rules apply to it as to a real user. The best choice."""

    mode: Literal["custom_token"]
    api_key: Secret
    """The project's web API key."""

    uid: str = Field(default="probe", min_length=1, max_length=128)
    """The user to be."""

    async def fetch(self, now: float, old: Token | None, left: Left) -> Token:
        """A new ID token. `now` is the wall clock in seconds since 1970."""
        if old is not None and old.refresh is not None:
            try:
                return await self._refreshed(old.refresh, left)
            except Failed as failed:
                if failed.reason is not Reason.AUTH:
                    raise
        account = read_service_account(self.service_account)
        claims = {"sub": account.email, "aud": _CUSTOM_TOKEN_AUDIENCE, "uid": self.uid}
        jwt = signed(account, {**claims, "iat": int(now), "exp": int(now) + 3600})
        answer = await post(
            f"{self.identity_url.rstrip('/')}/v1/accounts:signInWithCustomToken",
            left,
            params=self._key(),
            content={"token": jwt, "returnSecureToken": True},
        )
        return _token(answer, "idToken", "expiresIn", "refreshToken")

    def credential(self, token: str) -> Credential:
        """What the database is sent."""
        return Credential("auth", token, self.uid)


class ServiceAccountAuth(_WithServiceAccount):
    """Goes in by OAuth2 as an admin and acts as a limited user, so that rules are exercised all the same."""

    mode: Literal["service_account"]
    uid: str | None = Field(default="probe", min_length=1, max_length=128)
    """The user to act as."""

    token_url: HttpUrl = GOOGLE_TOKEN_URL
    """Where access tokens come from; another one than Google's is for tests."""

    async def fetch(self, now: float, old: Token | None, left: Left) -> Token:
        """A new access token. `now` is the wall clock in seconds since 1970."""
        account = read_service_account(self.service_account)
        claims = {"scope": _SCOPES, "aud": GOOGLE_TOKEN_URL, "iat": int(now), "exp": int(now) + 3600}
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed(account, claims)}
        return _token(await post(self.token_url, left, form=form), "access_token", "expires_in", None)

    def credential(self, token: str) -> Credential:
        """What the database is sent."""
        return Credential("gauth", token, self.uid)


class LegacySecret(Options):
    """The database's old 40-character secret: full rights, outdated, and for databases that have nothing else."""

    mode: Literal["secret"]
    secret: Secret
    """The secret itself."""

    async def fetch(self, now: float, old: Token | None, left: Left) -> Token:
        """The secret, which never ends."""
        return Token(self.secret.reveal(), float("inf"))

    def credential(self, token: str) -> Credential:
        """What the database is sent."""
        return Credential("gauth", token)


class IdToken(_WithIdentity):
    """A user's own ID token, given as it is or renewed from a refresh token."""

    mode: Literal["id_token"]
    token: Secret | None = None
    """A token with a lifetime of its own; nothing renews it."""

    refresh_token: Secret | None = None
    """What new tokens are fetched with; needs `api_key`."""

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if (self.token is None) == (self.refresh_token is None):
            raise ValueError("give either token or refresh_token")
        if self.refresh_token is not None and self.api_key is None:
            raise ValueError("refresh_token needs api_key")
        return self

    async def fetch(self, now: float, old: Token | None, left: Left) -> Token:
        """A new ID token, or the given one."""
        if self.token is not None:
            return Token(self.token.reveal(), float("inf"))
        assert self.refresh_token is not None
        refresh = self.refresh_token.reveal() if old is None or old.refresh is None else old.refresh
        return await self._refreshed(refresh, left)

    def credential(self, token: str) -> Credential:
        """What the database is sent."""
        return Credential("auth", token)


class NoAuth(Options):
    """Goes in as anybody."""

    mode: Literal["none"] = "none"


Login = CustomToken | ServiceAccountAuth | LegacySecret | IdToken
Auth = Annotated[NoAuth | Login, Field(discriminator="mode")]


def _token(answer: Answer, text: str, lifetime: str, refresh: str | None) -> Token:
    if answer.status != 200:
        raise Failed(
            _refusal(answer.status), f"the token service answered {answer.status} {_said(answer.body)}".strip()
        )
    try:
        again = None if refresh is None else str(answer.body[refresh])
        return Token(str(answer.body[text]), float(answer.body[lifetime]), again)
    except (KeyError, TypeError, ValueError):
        raise Failed(Reason.PROTOCOL, "the token service's answer holds no token") from None


def _refusal(status: int) -> Reason:
    if status in (400, 401):
        return Reason.AUTH
    if status == 403:
        return Reason.DENIED
    if status == 429:
        return Reason.QUOTA
    return Reason.UNAVAILABLE if status >= 500 else Reason.STATUS


def _said(body: dict[str, Any]) -> str:
    """The error's name in Google's two shapes: {"error": {"message": …}} and {"error": "…"}."""
    error = body.get("error")
    said = error.get("message") if isinstance(error, dict) else error
    return said if isinstance(said, str) else ""


class Kept(NamedTuple):
    """A token with its times on the monotonic clock, seconds."""

    token: Token
    renew_at: float
    ends_at: float


_kept: dict[Login, Kept] = {}


async def credential(run: Run, login: Login) -> Credential:
    """The credential of this run, from the last one or fetched in the stage `token`."""
    now = run.context.clock.monotonic()
    kept = _kept.get(login)
    if kept is None or now >= kept.renew_at:
        async with run.stage("token"):
            kept = await _renewed(run, login, kept, now)
        _kept[login] = kept
    run.hide(kept.token.text)
    return login.credential(kept.token.text)


async def _renewed(run: Run, login: Login, kept: Kept | None, now: float) -> Kept:
    try:
        old = None if kept is None else kept.token
        token = await login.fetch(run.context.clock.now().timestamp(), old, lambda: run.stage_left)
    except Failed as failed:
        if kept is not None and now < kept.ends_at:
            run.degrade(failed.reason, failed.detail, "token")
            return kept
        forget(login)
        raise
    return Kept(token, now + max(token.lifetime - MARGIN, token.lifetime / 2), now + token.lifetime)


def forget(login: Login) -> None:
    """Drop the kept token: it is not taken any more."""
    _kept.pop(login, None)
