"""Captain in the box: called on duty by the first change of a HelmRequest, so that it costs nothing before."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from acp_tui.sim.serve import Fleet

_GLOBAL = "global"
_KIND = ("app.alauda.io", "helmrequests")
_log = logging.getLogger(__name__)


async def keep_captain(fleet: Fleet, kubeconfig: Path) -> None:
    """Until cancelled. Without Helm on this machine Captain works all the same: what it writes says what is missing."""
    main = fleet.clusters.get(_GLOBAL)
    if main is None:
        return
    called = asyncio.Event()

    def changed(_event: object) -> None:
        called.set()

    stops = [cluster.store.watch(_KIND, changed) for cluster in fleet.clusters.values()]
    await called.wait()
    for stop in stops:
        stop()
    _log.info("a HelmRequest changed: Captain goes on duty")
    crew = await asyncio.to_thread(importlib.import_module, "acp_tui.controlplane.crew")
    await crew.documented(kubeconfig, main=_GLOBAL).run()
