"""The staff templates as bytes, by the same rules as the public ones: everything is escaped, no unknown name."""

from typing import Any

from statuspage.web.assets import load_assets
from statuspage.web.render import environment


def rendered(template: str, **values: Any) -> bytes:
    """One template of templates/staff."""
    text = environment().get_template(f"staff/{template}").render(assets=load_assets(), **values)
    return text.encode("utf-8", errors="replace")
