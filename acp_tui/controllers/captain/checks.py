"""The questions asked before a HelmRequest is changed; what the release itself needs is Captain's to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from acp_tui.clients.acp.charts import Catalog
from acp_tui.clients.acp.helmrequests import HelmRequest
from acp_tui.controllers.checks import passed, refused, unknown, warned
from acp_tui.model.errors import ChartError, ClusterError
from acp_tui.model.plan import Check, Intent, Verb
from acp_tui.model.release import PENDING, ReleaseBody, Revision

if TYPE_CHECKING:
    from acp_tui.clients.kube.discovery import Kinds
    from acp_tui.controllers.captain.seat import Seat

_SPEC_VERBS = (Verb.ROLLBACK, Verb.UPGRADE)


def check_seat(seat: Seat) -> Check:
    place = f"in namespace {seat.request.namespace} of {seat.cluster.context.name}"
    return passed("owner", "Its HelmRequest is found", f"{seat.request.name} {place}: Captain will act")


def check_state(seat: Seat, intent: Intent) -> Iterable[Check]:
    """Phase and reason decide; conditions can look fine while the phase is Failed."""
    request, title = seat.request, "Captain works on it"
    if request.deleting:
        yield (
            warned("deleting", title, "it is being deleted already", "Captain tries again until its hooks let it go.")
            if intent.verb is Verb.UNINSTALL
            else refused("deleting", title, "it is being deleted", "Create it again once it is gone.")
        )
    if request.paused and intent.verb not in (Verb.RESUME, Verb.UNINSTALL):
        paused = "annotation captain-no-sync is set: Captain does nothing"
        yield (
            warned("paused", title, paused)
            if intent.verb is Verb.PAUSE
            else refused("paused", title, paused, "Resume it first.")
        )
    elif intent.verb is Verb.RESUME and not request.paused:
        yield warned("paused", title, "it is not paused")
    if request.phase == "Synced":
        yield passed("phase", "It is in step with its release", f"phase Synced, version {_installed(request)}")
    else:
        fine = all(each.get("status") == "True" for each in request.status.get("conditions") or ())
        beside = " (its conditions look fine)" if fine and request.phase == "Failed" else ""
        said = f"phase {request.phase or 'not set'}{beside}{f': {request.reason}' if request.reason else ''}"
        yield warned("phase", "It is in step with its release", said)


def check_words(intent: Intent, request: HelmRequest) -> Iterable[Check]:
    """What Helm's options ask for and a HelmRequest has no words for."""
    if intent.no_hooks:
        yield refused("options", "It can be asked of Captain", "Captain always runs the hooks", "Leave --no-hooks out.")
    if intent.keep_history:
        yield refused(
            "options", "It can be asked of Captain", "Captain deletes the records with the release",
            "Leave --keep-history out; captain-keep-resources keeps the objects.",
        )  # fmt: skip
    if intent.repository:
        yield refused(
            "options", "It can be asked of Captain", "a HelmRequest takes its chart from its own repository",
            "Leave --repo out.",
        )  # fmt: skip
    if intent.chart and intent.chart not in (request.chart, request.chart.rpartition("/")[2]):
        yield refused(
            "chart", "The chart stays", f"it is {request.chart or 'named by spec.source'}, and Captain lets nobody "
            "change that", "Choose a version of this chart, or create another HelmRequest.",
        )  # fmt: skip


async def check_version(seat: Seat, kinds: Kinds, version: str, running: str) -> Check:
    """Whether Captain will find this version; a missing one makes it fail and leaves the release as it is."""
    title = "Captain finds the chart version"
    request = seat.request
    if request.spec.get("source"):
        same = not version or version.removeprefix("v") == running.removeprefix("v")
        said = "the chart comes from spec.source, which names one version"
        if same:
            return passed("chart", title, said)
        return refused("chart", title, f"{said}, not {version}", "Change spec.source of the HelmRequest by hand.")
    try:
        known = await Catalog(seat.main.transport, kinds).versions(request.chart)
    except ChartError as error:
        return warned("chart", title, error.title, "Captain fails where it does not find it: nothing changes then.")
    except ClusterError as error:
        return unknown("chart", title, error.title)
    if not version:
        newest = known[0] if known else "none"
        return warned("chart", title, f"no version is named: the newest is taken, now {newest}", "Name a version.")
    if version.removeprefix("v") in {each.removeprefix("v") for each in known}:
        return passed("chart", title, f"{request.chart} {version}")
    listed = ", ".join(known[:5]) or "none"
    return warned(
        "chart", title, f"{request.chart} {version} is not in the catalog (it has {listed})",
        "Captain will say Failed and change nothing: push this version again first, or choose another.",
    )  # fmt: skip


def check_sources(request: HelmRequest, body: ReleaseBody | None) -> Check | None:
    """A record holds what valuesFrom said then, merged; what it says now is merged below that again."""
    names = request.source_names
    if not names:
        return None
    listed = ", ".join(names)
    if body is None:
        return warned("values-from", "Values come from the request alone", f"also from {listed}, as they are now")
    return warned(
        "values-from", "The values of that revision are all there is",
        f"they hold what {listed} said then; keys that are in there now and were not then come on top",
        "Compare the values of both revisions with these sources first.",
    )  # fmt: skip


def check_reach(request: HelmRequest, here: str) -> Check | None:
    if not request.spec.get("installToAllClusters") and not request.spec.get("targetClusters"):
        return None
    where = "every cluster" if request.spec.get("installToAllClusters") else "all its target clusters"
    return warned("reach", f"It touches {here} alone", f"this HelmRequest is for {where}: the change goes to each")


def check_busy(newest: Revision | None) -> Check | None:
    if newest is None or newest.status not in PENDING:
        return None
    return warned(
        "lock", "Nobody else works on it", f"revision {newest.revision} is {newest.status}",
        "Captain is at it, or died in it; at its next sync it deletes this revision and starts again.",
    )  # fmt: skip


def check_resync(seat: Seat, intent: Intent) -> Check | None:
    if intent.verb not in (Verb.RESYNC, Verb.ADOPT) or seat.in_global:
        return None
    said = "it is kept in a workload cluster, where Captain looks at changes of the spec alone"
    if intent.verb is Verb.ADOPT:
        return warned("reach", "Captain notices it", said, "It counts from the next change of version or values on.")
    return refused("reach", "Captain notices it", said, "Change its version or values instead.")


async def check_rights(seat: Seat, verb: Verb) -> Check:
    from acp_tui.clients.kube.access import can

    title = "Rights"
    needed = ("get", "delete") if verb is Verb.UNINSTALL else ("get", "update")
    namespace, name = seat.request.namespace, seat.request.name
    answers = await asyncio.gather(
        *(can(seat.cluster.transport, each, seat.kind, namespace, name=name) for each in needed)
    )
    place = f"{seat.kind.plural}.{seat.kind.group} in {namespace} of {seat.cluster.context.name}"
    missing = [each for each, answer in zip(needed, answers, strict=True) if answer.allowed is False]
    if missing:
        return refused(
            "rights", title, f"missing: {', '.join(missing)} {place}", "Ask an administrator of the cluster."
        )
    silent = [answer.reason for answer in answers if answer.allowed is None]
    if silent:
        return unknown("rights", title, f"the server did not say: {silent[0]}")
    return passed("rights", title, f"{' and '.join(needed)} {place}")


def _installed(request: HelmRequest) -> str:
    return str(request.status.get("version") or "not told")
