"""The headers that every answer carries, whoever gives it: bundle, Flask, or an error.

Taken from the table for an A+ of the MDN HTTP Observatory. HSTS and `upgrade-insecure-requests` are sent only
when the site's own address is https: they would break an installation on plain http.
"""

Headers = list[tuple[str, str]]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)
PUBLIC = "public, max-age=2, stale-while-revalidate=3, stale-if-error=86400"
FOR_EVER = "public, max-age=31536000, immutable"
NOT_KEPT = "no-store"
STATUS_LINK = '</api/v2/status.json>; rel="status"'
"""RFC 8631: where a machine finds the state in its shortest form."""


def security(*, https: bool, cross_origin: bool = False) -> Headers:
    """The security headers; `cross_origin` is for data that other sites may read."""
    headers = [
        ("Content-Security-Policy", f"{_POLICY}; upgrade-insecure-requests" if https else _POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Cross-Origin-Resource-Policy", "cross-origin" if cross_origin else "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ]
    if https:
        headers.append(("Strict-Transport-Security", "max-age=63072000; includeSubDomains"))
    if cross_origin:
        headers.append(("Access-Control-Allow-Origin", "*"))
        # Clients of directives compare ETags, and take the time from Date: their own clock may be wrong.
        headers.append(("Access-Control-Expose-Headers", "ETag, Retry-After, Date, Age"))
    return headers
