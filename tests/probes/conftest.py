"""Certificates for the tests of probes: a CA of our own, and servers with good and bad certificates."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    """The CA that the tests' checks trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its certificate as a file, for the option `ca_file`."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return file


ServerTls = Callable[..., ssl.SSLContext]


@pytest.fixture(scope="session")
def server_tls(ca: trustme.CA) -> ServerTls:
    """A server's context: for a name or address, `expired`, or by a CA that nobody trusts."""

    def make(name: str = "127.0.0.1", *, expired: bool = False, issuer: trustme.CA | None = None) -> ssl.SSLContext:
        ends = datetime.now(UTC) - timedelta(days=1) if expired else None
        starts = datetime.now(UTC) - timedelta(days=30) if expired else None
        certificate = (issuer or ca).issue_cert(name, not_before=starts, not_after=ends)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context

    return make
