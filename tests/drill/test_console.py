"""The fault console as a browser without scripts uses it, and as a page elsewhere would like to."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from statuspage.drill.console import Console
from statuspage.drill.provider import REFUSE, SILENCE
from statuspage.drill.stand_ins import StandIns, running

BROWSER = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}


@pytest.fixture
async def stand_ins(tmp_path: Path) -> AsyncIterator[StandIns]:
    async with running(tmp_path) as stand_ins:
        yield stand_ins


@pytest.fixture
async def http(stand_ins: StandIns) -> AsyncIterator[httpx.AsyncClient]:
    together = [(stand_ins.provider("firebase"), SILENCE), (stand_ins.provider("native"), REFUSE)]
    console = Console(
        stand_ins.providers,
        stand_ins.anchors,
        together,
        site_url="http://127.0.0.1:8000/",
        site_name="<b>&amp;",
        notes=["Redis is left out."],
    )
    async with (
        console.serving(0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client,
    ):
        yield client


async def faults(http: httpx.AsyncClient) -> dict[str, Any]:
    state = (await http.get("/state.json")).json()
    return {"network": state["network"]} | {provider["id"]: provider["fault"] for provider in state["providers"]}


async def test_every_button_of_the_page_works_and_leads_back_to_it(http: httpx.AsyncClient) -> None:
    page = (await http.get("/demo")).text
    buttons = re.findall(r'<form method="post" action="([^"]+)"><button', page)
    assert {"/faults/all/together", "/faults/all/cut", "/faults/all/mend"} < set(buttons)
    assert len(buttons) > 20
    for button in buttons:
        origin = {"origin": str(http.base_url).rstrip("/")}
        reply = await http.post(button, headers={**BROWSER, **origin}, content="")
        assert reply.status_code == 303
        assert reply.headers["location"].startswith("/demo")
        assert (await http.get("/demo")).status_code == 200
    await http.post("/faults/all/mend", headers=BROWSER)
    assert "Every provider is healthy" in (await http.get("/demo")).text


async def test_a_fault_is_shown_in_words_and_mended(http: httpx.AsyncClient) -> None:
    await http.post("/faults/firebase/silence", headers=BROWSER)
    page = (await http.get("/demo")).text
    assert "1 of 3 providers broken" in page
    assert "The WebSocket upgrade is answered, then not another byte comes." in page
    assert 'action="/faults/firebase/mend"' in page
    await http.post("/faults/firebase/mend", headers=BROWSER)
    assert "Every provider is healthy" in (await http.get("/demo")).text


async def test_programs_set_faults_and_read_the_state(http: httpx.AsyncClient) -> None:
    reply = await http.post("/faults/native/freeze")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert await faults(http) == {"network": "up", "firebase": None, "native": "freeze", "platform": None}


async def test_together_breaks_what_belongs_together(http: httpx.AsyncClient) -> None:
    await http.post("/faults/all/together")
    assert await faults(http) == {"network": "up", "firebase": "silence", "native": "refuse", "platform": None}


async def test_a_cut_network_takes_anchors_and_providers_and_mending_brings_all_back(
    http: httpx.AsyncClient, stand_ins: StandIns
) -> None:
    proxies = [*stand_ins.anchors, *(provider.proxy for provider in stand_ins.providers)]
    await http.post("/faults/all/cut")
    assert await faults(http) == {"network": "cut", "firebase": "cut", "native": "cut", "platform": "cut"}
    for proxy in proxies:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
    await http.post("/faults/all/mend")
    assert set((await faults(http)).values()) == {"up", None}
    for proxy in proxies:
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_page_elsewhere_cannot_set_a_fault(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await http.post("/faults/native/drop", headers=headers)).status_code == 403
    assert (await faults(http))["native"] is None


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8001", "127.0.0.1.evil.example:80", "[::1]:8001", ""])
async def test_another_name_for_this_address_is_not_answered(http: httpx.AsyncClient, host: str) -> None:
    for request in (
        http.get("/state.json", headers={"host": host}),
        http.post("/faults/native/drop", headers={"host": host}),
    ):
        assert (await request).status_code == 421
    assert (await faults(http))["native"] is None


async def test_a_fault_is_never_set_by_reading(http: httpx.AsyncClient) -> None:
    reply = await http.get("/faults/native/drop")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert (await faults(http))["native"] is None


@pytest.mark.parametrize(
    "path", ["/faults/native/nonsense", "/faults/nobody/drop", "/faults/all/drop", "/faults/x", "/nowhere"]
)
async def test_what_does_not_exist_is_404(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.post(path)).status_code == 404


async def test_every_answer_has_the_security_headers_and_the_page_no_inline_code(http: httpx.AsyncClient) -> None:
    for path in ("/demo", "/demo/console.css", "/state.json", "/nowhere", "/"):
        headers = (await http.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
    page = (await http.get("/demo")).text
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1:8000)', page)


async def test_names_are_escaped(http: httpx.AsyncClient) -> None:
    page = (await http.get("/demo")).text
    assert "&lt;b&gt;&amp;amp;" in page
    assert "<b>" not in page


async def test_a_provider_whose_process_has_ended_says_so(http: httpx.AsyncClient, stand_ins: StandIns) -> None:
    await stand_ins.provider("native").child.stop()
    assert "Its process has ended." in (await http.get("/demo")).text
