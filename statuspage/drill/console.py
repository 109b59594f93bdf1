"""The fault console: one page of buttons, and the same for programs.

    GET  /demo                       the page; works without scripts
    GET  /demo/lobby                 an application that follows the directives: lobby.py
    GET  /state.json                 {"network": "up" | "cut", "providers": [{id, name, address, fault, state, faults}]}
    POST /faults/<provider>/<fault>  set a fault; `mend` mends. `all` takes together, cut and mend
    POST /on-call                    what the demo's on-call is told; /on-call/out and /back switch it off and on

It is bound to 127.0.0.1 and answers only to that name (a page elsewhere could point its own name here), and it
obeys only forms of its own (a page elsewhere could post to it).
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from statuspage.auth.codes import seconds_left
from statuspage.clock import SystemClock
from statuspage.drill import http
from statuspage.drill.lobby import Lobby
from statuspage.drill.on_call import OnCall
from statuspage.drill.provider import CUT, Fault, FaultFailed, Provider
from statuspage.drill.proxy import Fault as Wire
from statuspage.drill.proxy import Proxy
from statuspage.drill.staff_login import StaffLogin
from statuspage.templates_dir import templates_dir

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_HTML = "text/html; charset=utf-8"
_JSON = "application/json"


class Console:
    """Knows every provider and anchor of a demo. `together` names what the first button breaks at once, and how.

    `login` is shown with the code of the moment; `on_call` receives what the demo's [[notify]] sends.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        anchors: Sequence[Proxy],
        together: Sequence[tuple[Provider, Fault]],
        *,
        site_url: str,
        site_name: str,
        login: StaffLogin | None = None,
        on_call: OnCall | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.port = 0
        self.cut = False
        self._providers = {provider.id: provider for provider in providers}
        self._anchors = anchors
        self._together = together
        self._site = {"site_url": site_url, "site_name": site_name, "notes": notes}
        self._login, self._clock = login, SystemClock()
        self._on_call = on_call
        self._trouble = ""
        self._templates = Environment(
            loader=FileSystemLoader(templates_dir() / "drill"), autoescape=True, undefined=StrictUndefined
        )
        self._lobby = Lobby(site_url, site_name, self._providers["firebase"], self._providers["native"])
        self._css = (templates_dir() / "drill" / "console.css").read_text(encoding="utf-8")

    def serving(self, port: int) -> AbstractAsyncContextManager[int]:
        """Serve while entered; gives the port. Raises OSError where it is taken."""
        return http.serving(self.answer, port)

    async def answer(self, request: http.Request) -> http.Reply:
        reply = self._refusal(request) or await self._route(request)
        return http.Reply(reply.body, reply.kind, reply.status, {**_HEADERS, **reply.headers})

    def _refusal(self, request: http.Request) -> http.Reply | None:
        host = request.headers.get("host", "")
        if host.rpartition(":")[0] not in ("127.0.0.1", "localhost"):
            return http.Reply("This console answers to 127.0.0.1 and localhost only.\n", status=HTTPStatus(421))
        if request.method != "POST":
            return None
        site = request.headers.get("sec-fetch-site", "none")
        origin = request.headers.get("origin", f"http://{host}")
        if site not in ("same-origin", "none") or origin != f"http://{host}":
            return http.Reply("Faults are set from the console's own page.\n", status=HTTPStatus.FORBIDDEN)
        return None

    async def _route(self, request: http.Request) -> http.Reply:
        match request.method, request.path.strip("/").split("/"):
            case "GET" | "HEAD", [""]:
                return http.Reply(status=HTTPStatus.SEE_OTHER, headers={"location": "/demo"})
            case "GET" | "HEAD", ["demo"]:
                return http.Reply(self.page(), _HTML)
            case "GET" | "HEAD", ["demo", "console.css"]:
                return http.Reply(self._css, "text/css; charset=utf-8")
            case "GET" | "HEAD", ["demo", name] if lobby := self._lobby.answer(name, self._templates):
                return lobby
            case "GET" | "HEAD", ["state.json"]:
                return _json(self.state())
            case "POST", ["on-call"] if self._on_call is not None:
                return self._on_call.receive(request)
            case "POST", ["on-call", "out" | "back" as where] if self._on_call is not None:
                self._on_call.out = where == "out"
                return http.Reply(status=HTTPStatus.SEE_OTHER, headers={"location": "/demo#on-call"})
            case "POST", ["faults", provider, fault]:
                return await self._post(request, provider, fault)
            case _, ["" | "demo" | "state.json"] | ["demo", "console.css"]:
                return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "This can only be read.", {"allow": "GET, HEAD"})
            case _, ["faults", _, _]:
                return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "Faults are set by POST.", {"allow": "POST"})
        return _problem(HTTPStatus.NOT_FOUND, "There is no such page.")

    async def _post(self, request: http.Request, provider: str, fault: str) -> http.Reply:
        trouble = ""
        try:
            if not await self.act(provider, fault):
                return _problem(HTTPStatus.NOT_FOUND, f"no provider {provider!r} with a fault {fault!r}")
        except FaultFailed as error:
            trouble = str(error)
        if "text/html" in request.headers.get("accept", ""):
            self._trouble = trouble
            anchor = "" if provider == "all" else f"#{provider}"
            return http.Reply(status=HTTPStatus.SEE_OTHER, headers={"location": f"/demo{anchor}"})
        return _problem(HTTPStatus.BAD_GATEWAY, trouble) if trouble else _json(self.state())

    async def act(self, provider: str, fault: str) -> bool:
        """Do what a button says; False where there is no such button. Raises FaultFailed."""
        if provider == "all":
            return await self._all(fault)
        one = self._providers.get(provider)
        if one is not None and fault == "mend":
            await one.mend()
        elif one is not None and fault in one.offered:
            await one.break_with(one.offered[fault])
        else:
            return False
        return True

    async def _all(self, what: str) -> bool:
        if what == "mend":
            await self._network(Wire.NONE)
            await _every([provider.mend() for provider in self._providers.values()])
        elif what == "together":
            await _every([provider.break_with(fault) for provider, fault in self._together])
        elif what == "cut":
            await self._network(Wire.CUT)
            await _every([provider.break_with(CUT) for provider in self._providers.values()])
        else:
            return False
        return True

    async def _network(self, wire: Wire) -> None:
        self.cut = wire is Wire.CUT
        for anchor in self._anchors:
            await anchor.set(wire)

    def state(self) -> dict[str, Any]:
        """What /state.json says."""
        return {
            "network": "cut" if self.cut else "up",
            "providers": [
                {
                    "id": provider.id,
                    "name": provider.name,
                    "address": f"127.0.0.1:{provider.proxy.port}",
                    "fault": provider.fault.id if provider.fault else None,
                    "state": provider.state,
                    "faults": [{"id": fault.id, "name": fault.name} for fault in provider.offered.values()],
                }
                for provider in self._providers.values()
            ],
        }

    def page(self) -> str:
        """The page. Trouble of the last button is shown once."""
        providers = [
            {
                "id": provider.id,
                "name": provider.name,
                "address": f"127.0.0.1:{provider.proxy.port}",
                "healthy": provider.fault is None and provider.child.alive,
                "state": provider.state,
                "faults": [
                    {"id": fault.id, "name": fault.name, "state": fault.state, "on": provider.fault is fault}
                    for fault in provider.offered.values()
                ],
            }
            for provider in self._providers.values()
        ]
        names = " and".join(", ".join(provider.name for provider, _ in self._together).rsplit(",", 1))
        acts = (("together", f"Break {names} together"), ("cut", "Cut the network"), ("mend", "Mend everything"))
        trouble, self._trouble = self._trouble, ""
        return self._templates.get_template("console.html").render(
            **self._site,
            providers=providers,
            broken=sum(not provider["healthy"] for provider in providers),
            cut=self.cut,
            trouble=trouble,
            together=[{"id": id, "name": name} for id, name in acts],
            login=self._sign_in(),
            on_call=self._on_call,
        )

    def _sign_in(self) -> dict[str, str | int] | None:
        """The demo's staff login at this moment."""
        if self._login is None:
            return None
        now, login = self._clock.now(), self._login
        return {"name": login.name, "password": login.password, "code": login.code(now), "left": seconds_left(now)}


async def _every(acts: Sequence[Any]) -> None:
    """Do all of them, whichever fail; then raise what the first failure said."""
    for result in await asyncio.gather(*acts, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> http.Reply:
    return http.Reply(json.dumps(value, indent=1, ensure_ascii=False) + "\n", _JSON, status)


def _problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> http.Reply:
    body = {"title": status.phrase, "status": status.value, "detail": detail}
    return http.Reply(json.dumps(body) + "\n", "application/problem+json", status, headers or {})
