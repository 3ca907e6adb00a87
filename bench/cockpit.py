"""Planning a rollback of 200 objects on real API servers, beside kubectl asking about the same objects."""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from bench.measure import Measure, Skipped

if TYPE_CHECKING:
    from testbed.bed import Bed

CONFIGS, WORKLOADS = 190, 10
RUNS = 3
NAMESPACE, RELEASE = "cockpit", "shop"


class Cost(NamedTuple):
    """Seconds of wall and of CPU, and requests where they were counted."""

    wall: float
    cpu: float
    requests: int = 0


def measure() -> Iterable[Measure]:
    """Medians of alternating runs on one bed; the plan also diffs, judges, and asks for rights, quota and owners."""
    from testbed.bed import Bed
    from testbed.process import BedError

    try:
        with Bed(("bench",), nodes=1) as bed, tempfile.TemporaryDirectory() as folder:
            target = furnish(bed, Path(folder))
            ours = asyncio.run(plan(bed, Path(folder)))
            peers = {
                "kubectl diff --server-side": [kubectl(bed, target, "diff", "--server-side") for _ in range(RUNS)],
                "kubectl apply --dry-run=server": [
                    kubectl(bed, target, "apply", "--server-side", "--dry-run=server") for _ in range(RUNS)
                ],
            }
    except BedError as error:
        raise Skipped(str(error)) from error
    count = CONFIGS + WORKLOADS
    what = f"rollback of {count} objects planned"
    for name, costs in peers.items():
        yield Measure(what, "s", _median(ours, "wall"), name, _median(costs, "wall"))
        yield Measure(f"{what}: CPU", "s", _median(ours, "cpu"), name, _median(costs, "cpu"))
    yield Measure(f"{what}: requests", "", _median(ours, "requests"), "one an object", count, budget=1.25)


async def plan(bed: Bed, folder: Path) -> list[Cost]:
    """The plans as the console makes them, the first one left out."""
    from acp_tui.clients.helm.engines import find_engines
    from acp_tui.clients.kube.kubeconfig import load
    from acp_tui.controllers.controller import Controller
    from acp_tui.controllers.journal import Journal
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.model.plan import Intent, Verb
    from acp_tui.model.release import ReleaseRef

    fleet = Fleet(load([bed.kubeconfig]).contexts)
    fleet.start()
    try:
        await fleet.settled(30)
        controller = Controller(fleet, engines=lambda: find_engines(bed.env()), journal=Journal(folder / "journal"))
        intent = Intent(Verb.ROLLBACK, ReleaseRef("bed-bench", NAMESPACE, RELEASE), revision=1, engine="helm4")
        stats = fleet.session("bed-bench").transport.stats
        costs = []
        for _ in range(RUNS + 1):
            asked, cpu, wall = stats.requests, time.process_time(), time.perf_counter()
            made = await controller.plan(intent)
            spent = time.perf_counter() - wall, time.process_time() - cpu, stats.requests - asked
            costs.append(Cost(*spent))
            assert len(made.effects) == CONFIGS + WORKLOADS
        return costs[1:]
    finally:
        await fleet.close()


def furnish(bed: Bed, folder: Path) -> Path:
    """Two revisions of a release; returns the manifest of the first, which the rollback goes to."""
    bed["bench"].request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    first = folder / "first.yaml"
    for word, tag in (("one", "1.0.0"), ("two", "2.0.0")):
        chart = folder / "chart"
        (chart / "templates").mkdir(parents=True, exist_ok=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: many\nversion: 1.0.0\n")
        bodies = [_config(f"c{number}", word) for number in range(CONFIGS)]
        bodies += [_workload(f"w{number}", tag) for number in range(WORKLOADS)]
        text = yaml.safe_dump_all(bodies)
        (chart / "templates" / "all.yaml").write_text(text)
        if not first.exists():
            first.write_text(text)
        _run(bed, "helm4", "--kube-context=bed-bench", "-n", NAMESPACE, "upgrade", "--install", RELEASE, str(chart))
    return first


def kubectl(bed: Bed, manifest: Path, *verb: str) -> Cost:
    """One run; `diff` says by its exit code that there are differences. `helm` is the name the fields belong to."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    _run(bed, "kubectl", "--context=bed-bench", "-n", NAMESPACE, *verb, "--field-manager=helm", "-f", str(manifest),
         good=(0, 1) if verb[0] == "diff" else (0,))  # fmt: skip
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _run(bed: Bed, *argv: str, good: Sequence[int] = (0,)) -> None:
    done = subprocess.run(argv, env=bed.env(), capture_output=True, text=True, check=False)
    if done.returncode not in good:
        raise Skipped(f"{argv[0]} ended with {done.returncode}: {done.stderr[-300:]}")


def _median(costs: Sequence[Cost], part: str) -> float:
    return float(statistics.median(getattr(cost, part) for cost in costs))


def _config(name: str, word: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"word": word}}


def _workload(name: str, tag: str) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "web", "image": f"registry.example.org/web:{tag}"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
