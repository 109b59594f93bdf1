"""Codes of six digits that change every 30 s (TOTP, RFC 6238): seeds, checking, and the picture for the phone."""

import hmac
import io
import re
from datetime import datetime

import pyotp
import segno

PERIOD = 30
_CODE = re.compile(r"[0-9]{6}")


def new_seed() -> str:
    """A seed of 160 bits in base 32."""
    return pyotp.random_base32(32)


def step_at(now: datetime) -> int:
    """The number of the 30 s step that the moment is in."""
    return int(now.timestamp()) // PERIOD


def code_at(seed: str, now: datetime) -> str:
    """The code that a phone shows now."""
    return pyotp.TOTP(seed).at(step_at(now) * PERIOD)


def seconds_left(now: datetime) -> int:
    """How long it goes on showing it."""
    return PERIOD - int(now.timestamp()) % PERIOD


def step_of(seed: str, typed: str, now: datetime) -> int | None:
    """The step whose code was typed: the present one or one beside it, for clocks differ. None for a wrong code."""
    code = "".join(typed.split())
    if not _CODE.fullmatch(code):
        return None
    present, found = step_at(now), None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(pyotp.TOTP(seed).at(step * PERIOD), code):
            found = step
    return found


def uri(seed: str, user: str, site: str) -> str:
    """The `otpauth://` address that code generators take."""
    return pyotp.TOTP(seed).provisioning_uri(name=user, issuer_name=site.replace(":", " ").strip() or "Status")


def grouped(seed: str) -> str:
    """The seed in groups of four, for typing."""
    return " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))


def picture(address: str) -> str:
    """The address as an SVG element without any style: dark on white in every theme, for phones need that."""
    return str(segno.make(address, error="m").svg_inline(omitsize=True, light="#fff", svgclass="qr", lineclass=None))


def for_terminal(address: str) -> str:
    """The address as a picture of block characters."""
    out = io.StringIO()
    segno.make(address, error="l").terminal(out, border=2, compact=True)
    return out.getvalue()
