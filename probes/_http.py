"""Requests to the services a probe needs on its way (token endpoints), by httpx.

One client a request with the shared TLS context, no proxy environment, no redirects, no retries, a size cap, and
names looked up by our own resolver: httpx would use the loop's default threads, which a hung resolver fills.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from probes._net import resolve, telling
from probes._resolver import Address
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
    left: Callable[[], float],
    *,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    content: Mapping[str, Any] | None = None,
) -> Answer:
    """POST a form or a JSON `content` inside a stage of the caller, whose deadline is the only one.

    `left` tells the seconds until that deadline. Raises Failed, Blinded or an OSError that `probes._run.observe` sorts.
    """
    asked = httpx.URL(url, params=params) if params else httpx.URL(url)
    port = asked.port or (443 if asked.scheme == "https" else 80)
    request = httpx.Request(
        "POST",
        asked,
        headers={"Host": asked.netloc.decode("ascii"), "User-Agent": "statuspage", "Accept-Encoding": "identity"},
        data=form,
        json=content,
    )
    return await ask_any(request, await resolve(asked.host, port), left)


async def ask_any(request: httpx.Request, addresses: Sequence[Address], left: Callable[[], float]) -> Answer:
    """The answer of the first address that can be connected to. Each one but the last gets its share of the time."""
    errors: list[Exception] = []
    for index, address in enumerate(addresses):
        others = len(addresses) - index - 1
        try:
            return await _ask(request, address, left() / (others + 1) if others else None)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            errors.append(_transport_failure(error))
        except httpx.TransportError as error:
            raise _transport_failure(error) from None
    raise telling(errors)


async def _ask(request: httpx.Request, address: Address, connect_within: float | None) -> Answer:
    # The address stands in the URL; the name stays where the server and its certificate need it.
    there = httpx.Request(
        request.method,
        request.url.copy_with(host=address.sockaddr[0]),
        headers=request.headers,
        content=request.content,
        extensions={
            "sni_hostname": request.url.host,
            "timeout": httpx.Timeout(None, connect=connect_within).as_dict(),
        },
    )
    async with httpx.AsyncClient(trust_env=False, verify=shared_context(TlsOptions())) as client:
        answer = await client.send(there, stream=True, follow_redirects=False)
        try:
            return Answer(answer.status_code, _object(await _capped(answer)))
        finally:
            await answer.aclose()


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
    if isinstance(error, httpx.ConnectTimeout):
        return Failed(Reason.TIMEOUT, "no answer to the connection request")
    if isinstance(error, httpx.ConnectError):
        reason = Reason.TLS if "SSL" in str(error) or "certificate" in str(error) else Reason.CONNECT
        return Failed(reason, str(error))
    if isinstance(error, httpx.ProtocolError):
        return Failed(Reason.PROTOCOL, str(error))
    return Failed(Reason.DISCONNECTED, str(error) or type(error).__name__)
