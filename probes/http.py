"""An HTTP or HTTPS address: its status, headers and body, on a fresh connection for every request.

Redirects are followed, each on a connection of its own, with the times of all added up. Secret headers, the
password, cookies and the client certificate go to the configured host only; a body that is a secret is never sent on.
Bodies count after gzip or deflate is undone.

Example:

```toml
[[check]]
id = "api"
component = "api"
type = "http"
every = "10s"
timeout = "8s"
url = "https://api.example.com/health"
headers = { accept = "application/json", x-api-key = { env = "API_KEY" } }
expect_status = [200, "3xx"]
expect_headers = [{ name = "content-type", contains = "json" }]
expect_json = [
    { path = "status", equals = "ok" },
    { path = "queues[0].waiting", under = 1000 },
]
body_not_contains = ["maintenance"]
max_redirects = 3
```
"""

import ssl
from base64 import b64encode
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from pydantic import Field, model_validator

from probes._h1 import ACCEPTED_ENCODINGS, HEAD_BYTES, Exchange, Head, Headers, Request, readable
from probes._http_fields import HeaderAssertion, NonEmpty, SentHeaders, StatusRange
from probes._json_path import JsonAssertion, parse
from probes._net import Stream, Target, TlsOptions, open_stream
from probes._run import Context, Failed, Run, observe
from statuspage.core.observation import Observation, Reason
from statuspage.fields import HttpUrl, Secret, TextOrSecret

STAGES = ("dns", "connect", "tls", "request", "first_byte", "body")

_FOR_ONE_HOST = frozenset({"authorization", "cookie", "host", "proxy-authorization"})
_PATH = "%/:@!$&'()*+,;=~[]"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Config(TlsOptions):
    """The options of an http check."""

    url: HttpUrl
    """The address, `http://` or `https://`."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    """The method of the first request."""

    headers: SentHeaders = Field(default_factory=dict)
    """Headers to send; a value may be a secret."""

    username: str | None = None
    """The user for basic authentication. Needs a password."""

    password: Secret | None = None
    """The password for basic authentication."""

    body: TextOrSecret | None = None
    """What to send as the body, as UTF-8. Its content-type is one of `headers`."""

    expect_status: tuple[StatusRange, ...] = Field(default=((200, 299),), min_length=1)
    """The statuses that are good: numbers, ranges such as "200-204", or classes such as "2xx"."""

    expect_headers: tuple[HeaderAssertion, ...] = ()
    """What must be true of the response's headers."""

    body_contains: tuple[NonEmpty, ...] = ()
    """Texts that must be in the body, as UTF-8."""

    body_not_contains: tuple[NonEmpty, ...] = ()
    """Texts that must not be in the body, as UTF-8."""

    expect_json: tuple[JsonAssertion, ...] = ()
    """What must be true of the body, read as JSON."""

    max_redirects: int = Field(default=5, ge=0, le=20)
    """How many redirects are followed. With 0 a redirect is the response itself."""

    max_bytes: int = Field(default=1024 * 1024, ge=1, le=64 * 1024 * 1024)
    """The most bytes of a decoded body. A larger one fails, whatever it holds."""

    certificate_days_under: int | None = Field(default=None, ge=1)
    """Degraded when the server's certificate expires in fewer days than this. Needs `verify`."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.username is None) is not (self.password is None):
            raise ValueError("username and password need each other")
        if self.password is not None and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("username and password exclude a header authorization")
        if self.certificate_days_under is not None and not self.verify:
            raise ValueError("certificate_days_under needs verify")
        return self

    @property
    def basic(self) -> str | None:
        """The value of the header authorization that user and password make."""
        if self.password is None:
            return None
        return "Basic " + b64encode(f"{self.username}:{self.password.reveal()}".encode()).decode()

    @property
    def looks_into_body(self) -> bool:
        """Whether anything is asserted about the body."""
        return bool(self.body_contains or self.body_not_contains or self.expect_json)

    def objection(self, body: bytes) -> str | None:
        """Why a decoded body does not pass, or None."""
        for text in self.body_contains:
            if text.encode() not in body:
                return f"{text!r} is not in the body"
        for text in self.body_not_contains:
            if text.encode() in body:
                return f"{text!r} is in the body"
        if not self.expect_json:
            return None
        try:
            parsed = parse(body)
        except ValueError:
            return "the body is not JSON"
        return next((found for each in self.expect_json if (found := each.objection(parsed)) is not None), None)


async def probe(config: Config, context: Context) -> Observation:
    """One run against one address."""

    async def look(run: Run) -> None:
        await _Look(config, run).follow()

    if config.basic is not None:  # a server may echo what it was sent
        context = replace(context, secrets=(*context.secrets, config.basic.removeprefix("Basic ")))
    return await observe(context, look)


class _Look:
    """One run: the present address, and what may still be sent to it."""

    def __init__(self, config: Config, run: Run) -> None:
        self._config = config
        self._run = run
        self._url = config.url
        self._method: str = config.method
        self._has_body = config.body is not None
        self._at_home = True

    async def follow(self) -> None:
        """Request after request until the response is not a redirect."""
        followed = 0
        while await self._request():
            followed += 1
            if followed > self._config.max_redirects:
                raise Failed(Reason.REDIRECT_LOOP, f"redirected {followed} times, on to {self._url}", "first_byte")
        self._run.fact("redirects", followed)

    async def _request(self) -> bool:
        """One request. True where the response is a redirect to go on with, else it has been judged."""
        address = _address(self._url)
        target = Target.of(address)
        tls: TlsOptions = self._config if self._at_home else _as_a_stranger(self._config)
        limit = self._config.max_bytes + 2 * HEAD_BYTES
        stream = await open_stream(self._run, target, tls=tls, max_bytes=limit)
        try:
            exchange = Exchange(stream)
            async with self._run.stage("request"):
                await exchange.send(self._composed(address, target))
            async with self._run.stage("first_byte"):
                head = await exchange.head()
            if self._redirected(head, address):
                return True
            self._look_at_certificate(stream)
            await self._judge(exchange, head)
            return False
        finally:
            stream.close()

    def _composed(self, address: SplitResult, target: Target) -> Request:
        sent = {"host": target.authority, "user-agent": "statuspage-probe", "accept": "*/*"}
        for name, value in self._config.headers.items():
            is_private = isinstance(value, Secret) or name.lower() in _FOR_ONE_HOST
            if self._at_home or not is_private:
                sent[name.lower()] = value.reveal() if isinstance(value, Secret) else value
        if self._at_home and self._config.basic is not None:
            sent["authorization"] = self._config.basic
        if not self._has_body:
            sent.pop("content-type", None)
        headers: Headers = [(name.encode(), value.strip().encode()) for name, value in sent.items()]
        headers += [(b"accept-encoding", ACCEPTED_ENCODINGS), (b"connection", b"close")]
        body = self._config.body if self._has_body else None
        text = body.reveal() if isinstance(body, Secret) else body or ""
        path = address.path or "/"
        return Request(self._method, f"{path}?{address.query}" if address.query else path, headers, text.encode())

    def _redirected(self, head: Head, address: SplitResult) -> bool:
        """Whether to go on to another address; if so, method, body and what may be sent are set for it."""
        locations = head.values("location")
        if head.status not in _REDIRECTS or not locations or self._config.max_redirects == 0:
            return False
        url = _joined(self._url, locations[0])
        at_home = self._at_home and _same_host(address, _address(url))
        repeats = head.status in (307, 308) or self._method in ("GET", "HEAD")
        if repeats and self._has_body and isinstance(self._config.body, Secret) and not at_home:
            return False
        if not repeats:
            self._method, self._has_body = "GET", False
        self._url, self._at_home = url, at_home
        return True

    def _look_at_certificate(self, stream: Stream) -> None:
        """How many whole days the certificate is still good for. Without verification nothing is known of it."""
        certificate = stream.extra("peercert")
        if not certificate:
            return
        expires = ssl.cert_time_to_seconds(certificate["notAfter"])
        days = int((expires - self._run.context.clock.now().timestamp()) // 86400)
        self._run.fact("certificate_days", days)
        least = self._config.certificate_days_under
        if least is not None and days < least:
            self._run.degrade(Reason.THRESHOLD, f"the certificate expires in {days} days", "tls")

    async def _judge(self, exchange: Exchange, head: Head) -> None:
        self._run.fact("status", head.status)
        if not any(low <= head.status <= high for low, high in self._config.expect_status):
            raise Failed(Reason.STATUS, f"answered {head.status}", "first_byte")
        for assertion in self._config.expect_headers:
            objection = assertion.objection(head)
            if objection is not None:
                raise Failed(Reason.WRONG_DATA, objection, "first_byte")
        encoding = ", ".join(head.values("content-encoding")).strip().lower()
        async with self._run.stage("body"):
            body = await exchange.body(encoding, self._config.max_bytes)
        self._run.fact("body_bytes", len(body))
        if not readable(encoding) and self._config.looks_into_body:
            raise Failed(Reason.PROTOCOL, f"the body is encoded as {encoding}, which was not asked for", "body")
        objection = self._config.objection(body)
        if objection is not None:
            raise Failed(Reason.WRONG_DATA, objection, "body")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise Failed(Reason.PROTOCOL, f"redirected to {location[:100]!r}, which is no address", "first_byte") from None


@lru_cache(maxsize=1024)
def _address(url: str) -> SplitResult:
    """The parts of an address in the form that goes on the wire: the host by IDNA, the rest percent-encoded."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = "" if parts.port is None else f":{parts.port}"
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError:  # UnicodeError is one
        raise Failed(Reason.PROTOCOL, f"redirected to {url[:100]!r}, which is no address", "first_byte") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Failed(Reason.PROTOCOL, f"redirected to {url[:100]!r}, which is not http", "first_byte")
    host = f"[{host}]" if ":" in host else host
    path, query = quote(parts.path, safe=_PATH), quote(parts.query, safe=_PATH + "?")
    return parts._replace(netloc=host + port, path=path, query=query, fragment="")


def _same_host(old: SplitResult, new: SplitResult) -> bool:
    """Whether what is meant for one address may go to the other: same host and port, or its own step up to https."""
    before, after = Target.of(old), Target.of(new)
    if before.host != after.host:
        return False
    step_up = (old.scheme, before.port, new.scheme, after.port) == ("http", 80, "https", 443)
    return step_up or (old.scheme, before.port) == (new.scheme, after.port)


def _as_a_stranger(config: Config) -> TlsOptions:
    """The TLS options for a host that the check does not name: whom we trust, and not who we are."""
    return TlsOptions(ca_file=config.ca_file, verify=config.verify)
