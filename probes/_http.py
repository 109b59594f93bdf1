"""Requests to the services a probe needs on its way (token endpoints), by httpx.

One client a request with the shared TLS context, no proxy environment, no redirects, no retries, a size cap, and
names looked up by our own resolver: httpx would use the loop's default threads, which a hung resolver fills.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from probes._net import resolve
from probes._run import LOCAL_ERRORS, Failed
from probes._tls import TlsOptions, shared_context
from statuspage.core.observation import Reason

MAX_ANSWER = 1 << 18

# httpx writes whole addresses at INFO, and token endpoints take their API key in the address.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the JSON object that came with it."""

    status: int
    body: dict[str, Any]


async def post(
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    content: Mapping[str, Any] | None = None,
) -> Answer:
    """POST a form or a JSON `content` inside a stage of the caller, whose deadline is the only one.

    Raises Failed, Blinded or an OSError that `probes._run.observe` sorts.
    """
    asked = httpx.URL(url, params=params) if params else httpx.URL(url)
    port = asked.port or (443 if asked.scheme == "https" else 80)
    addresses = await resolve(asked.host, port)
    # The address stands in the URL; the name stays where the server and its certificate need it.
    request = httpx.Request(
        "POST",
        asked.copy_with(host=addresses[0].sockaddr[0]),
        headers={"Host": asked.netloc.decode("ascii"), "User-Agent": "statuspage", "Accept-Encoding": "identity"},
        data=form,
        json=content,
        extensions={"sni_hostname": asked.host, "timeout": httpx.Timeout(None).as_dict()},
    )
    try:
        async with httpx.AsyncClient(trust_env=False, verify=shared_context(TlsOptions())) as client:
            answer = await client.send(request, stream=True, follow_redirects=False)
            try:
                return Answer(answer.status_code, _object(await _capped(answer)))
            finally:
                await answer.aclose()
    except httpx.TransportError as error:
        raise _transport_failure(error) from None


async def _capped(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise Failed(Reason.TOO_BIG, f"an answer over {MAX_ANSWER} bytes")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _transport_failure(error: httpx.TransportError) -> Exception:
    """Our own errors as they are, the target's as Failed. httpx hides the OSError behind two exceptions of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in LOCAL_ERRORS:
            return cause
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        reason = Reason.TLS if "SSL" in str(error) or "certificate" in str(error) else Reason.CONNECT
        return Failed(reason, str(error))
    if isinstance(error, httpx.ProtocolError):
        return Failed(Reason.PROTOCOL, str(error))
    return Failed(Reason.DISCONNECTED, str(error) or type(error).__name__)
