"""The operator's logo as a file of the site, under a name that carries the hash of its bytes."""

import hashlib
from base64 import b64decode
from functools import lru_cache

from statuspage.core.site import Image, Site
from statuspage.web.files import File, Kind

ENDINGS = {"image/svg+xml": ".svg", "image/png": ".png", "image/webp": ".webp"}


def logo_file(site: Site) -> tuple[str, File] | None:
    """Where the logo is and what is there; None for a site without one."""
    return _file(site.image) if site.image is not None else None


def logo_path(site: Site) -> str | None:
    """What an `img` of the site's pages points at."""
    found = logo_file(site)
    return found[0] if found is not None else None


@lru_cache(maxsize=2)
def _file(image: Image) -> tuple[str, File]:
    body = b64decode(image.base64)
    path = f"/static/logo.{hashlib.sha256(body).hexdigest()[:12]}{ENDINGS[image.content_type]}"
    return path, File(body, image.content_type, Kind.ASSET)
