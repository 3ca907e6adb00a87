"""What a cluster says is never obeyed: escapes, links and markup reach every screen as letters that can be read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from acp_tui.config.settings import Settings
from acp_tui.controllers.controller import open_controller
from acp_tui.controllers.rollouts.rollouts import open_rollouts
from acp_tui.fleet.fleet import Fleet
from acp_tui.fleet.inspect import Inspector
from acp_tui.model.errors import ClusterError
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import ReleaseRef, Store
from acp_tui.sim.serve import serve
from acp_tui.ui.app import AcpApp
from acp_tui.ui.backend import Backend
from acp_tui.ui.screens.history import HistoryScreen
from acp_tui.ui.screens.logs import LogsScreen
from acp_tui.ui.screens.matrix import MatrixScreen
from acp_tui.ui.screens.revision import RevisionScreen
from acp_tui.ui.screens.text import TextScreen
from tests.fleet.scenery import context, deployment, namespace, pod, quota, record, release, spec

ESCAPE = "\x1b[2J\x1b]0;owned\x07"
CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8=\x07"
LINK = "[@click=app.quit]press me[/]"
BROKEN_MARKUP = "[/red] [bold"
BIDI = "\u202egnp.exe\u2066\u200b\x9b31m"
EVIL = f"{ESCAPE}{CLIPBOARD}{LINK}{BROKEN_MARKUP}{BIDI}"
OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069]")

PAY = ReleaseRef("one", "shop", "pay", Store.SECRET)
POD = ObjectRef("one", "", "Pod", "shop", "pay-0")
SAID_BY_POD = {
    "phase": "Pending",
    "message": EVIL,
    "containerStatuses": [
        {
            "name": "api",
            "image": EVIL,
            "ready": False,
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": EVIL}},
        }
    ],
}
EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "pay-0.1", "namespace": "shop"},
    "involvedObject": {"kind": "Pod", "name": "pay-0", "namespace": "shop", "apiVersion": "v1"},
    "reason": LINK,
    "message": EVIL,
    "type": "Warning",
    "count": 3,
}
OBJECTS = [
    namespace("shop", team=LINK),
    deployment("pay", EVIL, labels={"app.kubernetes.io/instance": BROKEN_MARKUP, "app.kubernetes.io/version": EVIL}),
    pod("pay-0", status=SAID_BY_POD, annotations={"note": EVIL}, labels={"app.kubernetes.io/instance": "pay"}),
    EVENT,
    quota("shop", {EVIL: "1", "pods": "3"}, {"pods": "2"}),
    record(release("pay", 41, "superseded", description=EVIL, manifest=f"# {LINK}\n")),
    record(
        {
            **release("pay", 42, "failed", description=EVIL),
            "config": {"motd": EVIL, "list": [LINK]},
            "manifest": f"kind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: '{LINK}{BROKEN_MARKUP}'\n# {ESCAPE}\n",
            "info": {"status": "failed", "description": EVIL, "notes": f"{EVIL}\n{LINK}"},
            "chart": {"metadata": {"name": EVIL, "version": LINK, "appVersion": EVIL}, "values": {}},
        }
    ),
]
Step = Callable[[AcpApp, Pilot[None]], Awaitable[None]]


@asynccontextmanager
async def console() -> AsyncIterator[tuple[AcpApp, Pilot[None]]]:
    async with serve([spec("one", OBJECTS)]) as box:
        fleet = Fleet([context(box["one"])])

        async def backend() -> Backend:
            fleet.start()
            controller = open_controller(fleet)
            return Backend(
                fleet=fleet,
                inspector=Inspector(fleet),
                controller=controller,
                rollouts=open_rollouts(controller, fleet),
            )

        app = AcpApp(backend, settings=Settings(theme="dark", glyphs="full"), env={}, close_backend=fleet.close)
        async with app.run_test(size=(160, 50)) as pilot:
            await until(app, pilot, "1 cluster · 1 live")
            yield app, pilot


def shown(app: AcpApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def until(app: AcpApp, pilot: Pilot[None], words: str) -> None:
    """Until the screen says so; what is read over the network has no other end to wait for."""
    async with asyncio.timeout(20):
        while not any(words in line for line in shown(app)):
            await pilot.pause(0.02)


def view(key: str, words: str) -> Step:
    async def step(app: AcpApp, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        await until(app, pilot, words)

    return step


def kind(word: str, words: str) -> Step:
    async def step(app: AcpApp, pilot: Pilot[None]) -> None:
        await pilot.press("colon", *word, "enter")
        await until(app, pilot, words)

    return step


def screen(make: Callable[[], object], words: str, *keys: str) -> Step:
    async def step(app: AcpApp, pilot: Pilot[None]) -> None:
        app.push_screen(make())  # type: ignore[call-overload]
        await pilot.pause()
        await until(app, pilot, words)
        await pilot.press(*keys)
        await pilot.pause()

    return step


async def opened_tree(app: AcpApp, pilot: Pilot[None]) -> None:
    await view("2", "ImagePullBackOff")(app, pilot)
    await pilot.press("enter")
    await until(app, pilot, "pay-0")


async def told_an_error(app: AcpApp, pilot: Pilot[None]) -> None:
    app.show_error(ClusterError(LINK, tried=BROKEN_MARKUP, advice=LINK), doing="Test")
    await until(app, pilot, "@click")


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(view("1", "ImagePull"), id="fleet"),
        pytest.param(view("2", "ImagePull"), id="applications"),
        pytest.param(view("3", "42"), id="releases"),
        pytest.param(view("4", "shop"), id="quotas"),
        pytest.param(kind("pods", "pay-0"), id="pods"),
        pytest.param(kind("events", "Warning"), id="events"),
        pytest.param(opened_tree, id="tree"),
        pytest.param(screen(lambda: HistoryScreen(PAY), "failed"), id="history"),
        pytest.param(screen(lambda: RevisionScreen(PAY, 42), "motd"), id="values"),
        pytest.param(screen(lambda: RevisionScreen(PAY, 42), "motd", "3"), id="manifest"),
        pytest.param(screen(lambda: RevisionScreen(PAY, 42), "motd", "4"), id="notes"),
        pytest.param(screen(lambda: TextScreen(POD, what="yaml"), "annotations"), id="yaml"),
        pytest.param(screen(lambda: TextScreen(POD, what="describe"), "pay-0"), id="description"),
        pytest.param(screen(lambda: LogsScreen(POD), "pay-0"), id="logs"),
        pytest.param(screen(lambda: MatrixScreen(PAY), "values "), id="matrix"),
        pytest.param(screen(lambda: MatrixScreen(PAY), "values ", "O"), id="rollout"),
        pytest.param(told_an_error, id="error"),
    ],
)
async def test_nothing_from_outside_is_obeyed(look: Step) -> None:
    async with console() as (app, pilot):
        await look(app, pilot)
        lines = shown(app)

        assert not [line for line in lines if OBEYED.search(line)]
        painted = [segment for strip in app.screen._compositor.render_strips() for segment in strip]
        assert not [segment for segment in painted if segment.style and "@click" in segment.style.meta]
        assert app.is_running
