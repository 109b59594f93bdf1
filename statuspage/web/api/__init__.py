"""The API of programs and of the command line's `--server`: JSON in, JSON out, by token.

A view names the least role that its token needs, reads by asking.py, acts in `statuspage.acting` and answers by
answers.py; what is refused is said by problems.py (RFC 9457). No answer is kept by a cache or readable by other sites.
"""

from flask import Flask

from statuspage.web.api import components, incidents, maintenances, me, people, routes, signals

__all__ = ["register"]


def register(app: Flask) -> None:
    """Add the API; the staff area, whose gate it uses, is there already."""
    for module in (incidents, maintenances, components, routes, me, people, signals):
        app.register_blueprint(module.blueprint)
