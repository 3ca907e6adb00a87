"""Ten thousand pods of a real API server: the console beside kubectl, sofka and k9s, in turn, from process start."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.crowd import fill
from bench.events import core_of
from bench.measure import Measure, Skipped
from bench.rivals import Shown, on_terminal, program, to_its_end
from tests.terminal.ptys import PYTHON, Terminal

if TYPE_CHECKING:
    from testbed.bed import Bed

PODS = 10_000
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
FIRST_SECONDS, ALL_SECONDS, OF_SOFKA, MIB, IDLE_CORE = 0.5, 0.7, 0.35, 120.0, 0.01
EVENTS, IDLE_SECONDS = 100, 20.0
_NAME = "payments-"

Contender = Callable[[], Shown]


def measure() -> Iterable[Measure]:
    """Medians of alternating runs; a rival that is not installed is left out."""
    from testbed.bed import Bed
    from testbed.cluster import ADMIN_TOKEN
    from testbed.process import BedError

    try:
        with Bed(("bench",), nodes=1) as bed, tempfile.TemporaryDirectory() as home:
            fill(bed["bench"], pods=PODS, token=ADMIN_TOKEN)
            runs: dict[str, list[Shown]] = {}
            for _ in range(RUNS):
                for name, contender in contenders(bed, home).items():
                    runs.setdefault(name, []).append(contender())
            idle = core_at_rest(bed, home)
    except BedError as error:
        raise Skipped(str(error)) from error
    return [*compared(runs), *idle]


def contenders(bed: Bed, home: str) -> Mapping[str, Contender]:
    """What can be run here, ours first."""
    config, env = f"--kubeconfig={bed.kubeconfig}", _home(home)
    ours = (PYTHON, "-m", "acp_tui", config, "--view", "pods")

    def first_start() -> Shown:
        """In a home of its own each time: no last screen, nothing last known."""
        with tempfile.TemporaryDirectory(dir=home) as own:
            return on_terminal(ours, _home(own), first=_NAME, every=f"pods {PODS}")

    found: dict[str, Contender] = {
        "acp-tui": first_start,
        "kubectl get pods -A": lambda: to_its_end((str(bed.binaries / "kubectl"), config, "get", "pods", "-A"), env),
    }
    if sofka := program("sofka"):
        found["sofka"] = lambda: on_terminal(
            (str(sofka), "-A", "--kubeconfig", str(bed.kubeconfig), "pods"), env, first=_NAME, every=f"{PODS}"
        )
    if k9s := program("k9s"):
        found["k9s"] = lambda: on_terminal(
            (str(k9s), "-A", "--kubeconfig", str(bed.kubeconfig), "-c", "pods"), env, first=_NAME, every=f"[{PODS}]"
        )
    return found


def compared(runs: Mapping[str, list[Shown]]) -> Iterator[Measure]:
    ours = runs["acp-tui"]
    what = f"{PODS:,} real pods"
    first, every = _of(ours, "first"), _of(ours, "every")
    yield Measure(f"{what}: first rows", "s", first, "budget", FIRST_SECONDS, 1.0)
    yield Measure(f"{what}: all counted", "s", every, "budget", ALL_SECONDS, 1.0)
    yield Measure(f"{what}: resident memory, identified and watched", "MiB", _of(ours, "resident"), "budget", MIB, 1.0)
    for name, theirs in runs.items():
        if name != "acp-tui":
            yield Measure(f"{what}: first rows", "s", first, name, _of(theirs, "first"))
            budget = OF_SOFKA if name == "sofka" else 0.0
            yield Measure(f"{what}: all counted", "s", every, name, _of(theirs, "every"), budget)
            yield Measure(f"{what}: all counted, CPU", "s", _of(ours, "cpu"), name, _of(theirs, "cpu"))
            yield Measure(f"{what}: memory", "MiB", _of(ours, "resident"), name, _of(theirs, "resident"))


def _of(shown: Iterable[Shown], field: str) -> float:
    return float(median(getattr(each, field) for each in shown))


def core_at_rest(bed: Bed, home: str) -> list[Measure]:
    """What the console takes while nobody touches it and the cluster is busy with what nobody looks at."""
    argv = (PYTHON, "-m", "acp_tui", f"--kubeconfig={bed.kubeconfig}")
    with Terminal(argv, size=(160, 50), env=_home(home)) as terminal:
        terminal.shows("bed-bench", "live")
        terminal.pump(10.0)
        with busy(bed) as made:
            core = core_of(terminal, IDLE_SECONDS)
        rate = made() / IDLE_SECONDS
    what = f"{PODS:,} real pods, {rate:.0f} writes/s elsewhere"
    return [Measure(f"{what}: share of a core at rest", "", core, "budget", IDLE_CORE, 1.0)]


@contextmanager
def busy(bed: Bed) -> Iterator[Callable[[], int]]:
    """A ConfigMap is written EVENTS times a second meanwhile; gives what counts the writes."""
    cluster, over, written = bed["bench"], threading.Event(), [0]
    path = "/api/v1/namespaces/default/configmaps"
    body = {"metadata": {"name": "busy"}, "data": {"at": "0"}}
    cluster.request("POST", path, body)

    def write() -> None:
        started = time.monotonic()
        while not over.is_set():
            body["data"] = {"at": str(written[0])}
            cluster.request("PUT", f"{path}/busy", body)
            written[0] += 1
            over.wait(max(0.0, started + written[0] / EVENTS - time.monotonic()))

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield lambda: written[0]
    finally:
        over.set()
        thread.join()


def _home(folder: str) -> dict[str, str]:
    """A home of its own, so that nothing of the user's is read or written, and no screen of the run before is shown."""
    config = Path(folder) / "acp-tui" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("last_screen = false\n")
    names = ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    return {**dict.fromkeys(names, folder), "KUBECACHEDIR": str(Path(folder) / "kube")}
