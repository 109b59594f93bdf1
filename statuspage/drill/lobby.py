"""The demo's lobby: a small application that goes where the directives say, for people to see what their users would.

    GET /demo/lobby         the page: a chat and questions, on the stand-ins, by realtime.js
    GET /demo/lobby.js …    its script and style, and the product's realtime.js

It may talk to the site, and to the providers; nothing else, and nothing inline.
"""

from jinja2 import Environment

from statuspage.drill import http, native
from statuspage.drill.provider import Provider
from statuspage.templates_dir import templates_dir
from statuspage.web.assets import FOLDER, TYPES

MODULES = (
    {"route": "realtime.session-chat", "name": "Session chat", "ask": "Write a message"},
    {"route": "realtime.session-qa", "name": "Session Q&A", "ask": "Ask a question"},
)
NAMESPACE = "demo"


class Lobby:
    """The lobby of the site at `site_url`, which ends in a slash, on these two providers."""

    def __init__(self, site_url: str, site_name: str, firebase: Provider, own: Provider) -> None:
        self._words = {"site_url": site_url, "site_name": site_name, "site": site_url.rstrip("/")}
        self._firebase, self._own = firebase, own
        drill = templates_dir() / "drill"
        files = {path.name: path for path in (drill / "lobby.js", drill / "lobby.css", FOLDER / "realtime.js")}
        self._files = {name: (path.read_text(encoding="utf-8"), TYPES[path.suffix]) for name, path in files.items()}

    def answer(self, name: str, templates: Environment) -> http.Reply | None:
        """What is at /demo/<name>; None where that is not the lobby's."""
        if name == "lobby":
            return self._page(templates)
        found = self._files.get(name)
        return http.Reply(*found) if found is not None else None

    def _page(self, templates: Environment) -> http.Reply:
        sockets = {
            "firebase": f"ws://127.0.0.1:{self._firebase.proxy.port}/.ws?v=5&ns={NAMESPACE}",
            "native": f"ws://127.0.0.1:{self._own.proxy.port}{native.PATH}",
        }
        text = templates.get_template("lobby.html").render(**self._words, **sockets, modules=MODULES)
        hosts = " ".join(f"ws://127.0.0.1:{each.proxy.port}" for each in (self._firebase, self._own))
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; "
            f"connect-src {self._words['site']} {hosts}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'"
        )
        return http.Reply(text, "text/html; charset=utf-8", headers={"content-security-policy": policy})
