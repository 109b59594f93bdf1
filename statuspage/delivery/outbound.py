"""The one way out: `send` takes a request and gives an answer, and never raises.

Who may be asked is a policy (core.addresses): SUBSCRIBER for addresses that anybody may hand in, `operator(allow)`
for those of the configuration. It is asked again at every try, whatever was checked when the address was saved.
"""

import ssl
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import h11

from statuspage.core.addresses import SUBSCRIBER, Policy, Refused, check_url, operator, parse
from statuspage.core.clock import Clock
from statuspage.core.outgoing import Outgoing
from statuspage.core.retrying import Answer, Trouble
from statuspage.delivery.connecting import Deadline, LookUp, Unresolved, connect, look_up
from statuspage.delivery.exchange import BODY_BYTES, Reply, request
from statuspage.fields import redact

__all__ = ["SUBSCRIBER", "Policy", "check_url", "fetch", "operator", "send"]

DETAIL_LIMIT = 300


def send(
    outgoing: Outgoing,
    policy: Policy,
    deadline_s: float,
    clock: Clock,
    *,
    secrets: tuple[str, ...] = (),
    look: LookUp = look_up,
    trust: ssl.SSLContext | None = None,
) -> Answer:
    """Make the request, within `deadline_s` seconds for the whole. Blocks: call it in a thread.

    `secrets` are taken out of every text of the answer. `trust` replaces the machine's own authorities.
    """
    begun = clock.monotonic()

    def answer(trouble: Trouble | None, detail: str, status: int | None = None, after: float | None = None) -> Answer:
        took_ms = round((clock.monotonic() - begun) * 1000, 1)
        return Answer(status, trouble, after, _clean(detail, secrets), took_ms)

    try:
        reply = _exchange(outgoing, policy, Deadline(clock, deadline_s), clock, look, trust)
    except Refused as refused:
        return answer(Trouble.GUARD, f"our guard refuses the address: {refused}")
    except Unresolved as unresolved:
        return answer(Trouble.DNS, str(unresolved))
    except TimeoutError:
        return answer(Trouble.TIMEOUT, f"no answer within {deadline_s:g} s")
    except ssl.SSLError as error:
        return answer(Trouble.TLS, getattr(error, "verify_message", "") or error.reason or "the handshake failed")
    except OSError as error:
        return answer(Trouble.CONNECTION, error.strerror or str(error) or type(error).__name__)
    except h11.RemoteProtocolError as error:
        return answer(Trouble.PROTOCOL, f"not a proper HTTP answer: {error}")
    except Exception as error:
        return answer(Trouble.INTERNAL, f"{type(error).__name__}: {error}")
    text = reply.body.decode("utf-8", "replace")
    return answer(None, text, reply.status, _retry_after(reply.headers.get("retry-after"), clock.now()))


def fetch(url: str, policy: Policy, deadline_s: float, clock: Clock, most: int, *, look: LookUp = look_up) -> bytes:
    """The body of a GET, of at most `most` bytes, within `deadline_s` seconds. Blocks.

    Raises OSError with what went wrong: refused by the guard, no answer, not 200, too large.
    """
    outgoing = Outgoing(url=url, body=b"", method="GET")
    try:
        reply = _exchange(outgoing, policy, Deadline(clock, deadline_s), clock, look, None, most + 1)
    except (Refused, Unresolved, h11.RemoteProtocolError) as error:
        raise OSError(str(error)) from None
    if reply.status != 200:
        raise OSError(f"it answered {reply.status}")
    if len(reply.body) > most:
        raise OSError(f"what it answered is larger than {most // 1024} KB")
    return reply.body


def _exchange(
    outgoing: Outgoing,
    policy: Policy,
    deadline: Deadline,
    clock: Clock,
    look: LookUp,
    trust: ssl.SSLContext | None,
    most: int = BODY_BYTES,
) -> Reply:
    target = parse(outgoing.url, policy)
    with closing(connect(target, policy, deadline, look, trust)) as sock:
        return request(sock, target, outgoing, deadline, clock, most)


def _clean(text: str, secrets: tuple[str, ...]) -> str:
    printable = "".join(char if char.isprintable() else " " for char in redact(text, secrets))
    return " ".join(printable.split())[:DETAIL_LIMIT]


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number or an HTTP date (RFC 9110 §10.2.3). None for anything else."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
