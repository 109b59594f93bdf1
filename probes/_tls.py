"""TLS for every kind: its options, the shared contexts, and what a failed handshake means in words."""

import ssl
from pathlib import Path
from typing import Self

from pydantic import field_validator, model_validator

from probes._run import Blinded, Failed
from statuspage.core.observation import Reason
from statuspage.fields import FilePath, Options


class TlsOptions(Options):
    """How a kind proves whom it talks to, and who it is. Mixed into the `Config` of every kind that may speak TLS."""

    ca_file: FilePath | None = None
    """Certificate authorities to trust instead of the machine's own (PEM)."""

    verify: bool = True
    """Whether the certificate must be valid for this host. Switching this off is for tests only."""

    client_cert: FilePath | None = None
    """Our own certificate where the server asks for one (PEM, may hold the key too)."""

    client_key: FilePath | None = None
    """The key of `client_cert`, where it is in a file of its own (PEM, unencrypted)."""

    @field_validator("ca_file")
    @classmethod
    def _holds_certificates(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
            except OSError as error:  # ssl.SSLError is one
                raise ValueError(f"cannot read certificates from {value}: {error.strerror or error}") from None
        return value

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        if self.client_key is not None and self.client_cert is None:
            raise ValueError("client_key needs client_cert")
        if self.client_cert is not None:
            try:
                _load_client_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), self)
            except OSError as error:
                raise ValueError(f"client_cert cannot be used: {error.strerror or error}") from None
        return self


def _load_client_certificate(context: ssl.SSLContext, options: TlsOptions) -> None:
    # An encrypted key would make OpenSSL ask on the terminal; an empty password makes it an error instead.
    if options.client_cert is not None:
        context.load_cert_chain(options.client_cert, options.client_key, password=lambda: "")


_Key = tuple[Path | None, bool, Path | None, Path | None, tuple[str, ...]]
_contexts: dict[_Key, tuple[tuple[int, ...], ssl.SSLContext]] = {}


def _versions(*files: Path | None) -> tuple[int, ...]:
    return tuple(file.stat().st_mtime_ns for file in files if file is not None)


def shared_context(options: TlsOptions | None, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """The one context for these options: loading the machine's authorities costs 30 ms, a run should cost 1.

    Files are read again after they change. Raises Blinded where a file cannot be read any more.
    """
    options = options or TlsOptions()
    key = (options.ca_file, options.verify, options.client_cert, options.client_key, alpn)
    try:
        versions = _versions(options.ca_file, options.client_cert, options.client_key)
        known = _contexts.get(key)
        if known is not None and known[0] == versions:
            return known[1]
        context = _new_context(options, alpn)
    except OSError as error:
        raise Blinded(Reason.INTERNAL, f"the TLS files of this check cannot be read: {error}") from None
    _contexts[key] = (versions, context)
    return context


def _new_context(options: TlsOptions, alpn: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.ca_file)
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_client_certificate(context, options)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


_VERIFY_CODES = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "the certificate chain ends in a self-signed certificate that is not trusted",
    20: "the certificate's issuer is not known",
    21: "the certificate's issuer is not known",
    23: "the certificate was revoked",
    62: "the certificate is for another host",
    64: "the certificate is for another address",
}
"""X509_V_ERR_* of OpenSSL's x509_vfy.h, for the codes that people meet."""

_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"})


def tls_failure(error: OSError) -> Failed:
    """What an error of the handshake says about the target. Every SSLError is an OSError."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failed(Reason.TLS, _VERIFY_CODES.get(error.verify_code, error.verify_message), "tls")
    if isinstance(error, ssl.SSLError):
        if error.reason in _NOT_TLS:
            return Failed(Reason.TLS, "the answer is not TLS", "tls")
        return Failed(Reason.TLS, (error.reason or str(error)).replace("_", " ").lower(), "tls")
    return Failed(Reason.TLS, f"closed during the handshake ({error.strerror or error})", "tls")
