"""A release on which there is something to do, and the act that is to be done: the same for every victim."""

from __future__ import annotations

import asyncio
import json

from msgspec import structs

from acp_tui.model.plan import Intent, Verb
from tests.system.survival.cells import Cell, Step, Victim
from tests.system.survival.desk import Desk

_EVENT = {
    Verb.DEPLOY: "pre-install",
    Verb.UPGRADE: "pre-upgrade",
    Verb.ROLLBACK: "pre-rollback",
    Verb.UNINSTALL: "pre-delete",
}


async def to_do(desk: Desk, cell: Cell) -> Intent:
    """Each verb has a hook of its own event where the step is in a hook."""
    hook = _hook(cell) if cell.step is Step.HOOK else {}
    # Fields that helm 4 applies on the server's side are its own: another Helm would be refused them.
    helm = "helm4" if cell.engine == "helm4" else "helm3"
    if cell.verb is not Verb.DEPLOY:
        stored = {f"hook__{key}": value for key, value in hook.items()} if cell.verb is not Verb.UPGRADE else {}
        await asyncio.to_thread(desk.released, "1.0.0", helm=helm, **stored)
    if cell.verb is Verb.ROLLBACK:
        await asyncio.to_thread(desk.released, "1.1.0", helm=helm, message="two")
    intent = desk.intent(cell.verb, cell.engine)
    if cell.verb is Verb.ROLLBACK:
        return structs.replace(intent, revision=1)
    if cell.verb is Verb.UNINSTALL:
        return intent
    version = "1.0.0" if cell.verb is Verb.DEPLOY else "1.1.0"
    values = "message: new" if not hook else f"hook: {json.dumps(hook)}"
    return structs.replace(intent, chart=desk.chart(version), values=values)


def _hook(cell: Cell) -> dict[str, str]:
    """It never ends, so that Helm and whoever recognises what is left find it running.

    That of an uninstall stands before every further uninstall too, and that of an act which nobody ends has to end:
    those are quick, and Helm is held before it sees it.
    """
    quick = cell.verb is Verb.UNINSTALL or cell.victim is Victim.VIEWER
    return {"enabled": "true", "events": _EVENT[cell.verb], "behaviour": "" if quick else "never-ready"}
