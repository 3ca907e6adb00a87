"""Why a pod is broken: the first rule that matches wins, the most specific come first.

Container states and conditions come before events, because events expire after an hour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from acp_tui.insight.images import WAITING as IMAGE_WAITING
from acp_tui.insight.images import image_problem
from acp_tui.insight.phrases import cause, line
from acp_tui.insight.times import epoch, span
from acp_tui.model.finding import Finding
from acp_tui.model.health import Health
from acp_tui.model.objects import Condition, ContainerStatus, Event, Pod, StateTerminated

STALLED_AFTER = 300.0
"""Seconds after which starting or not being ready stops being normal (ACP's inspection draws the same line)."""
UNSCHEDULABLE_AFTER = 15.0
"""kstatus' patience with a scheduler that may only be slow."""
RESTART_FRESH = 300.0

_CONFIG = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "StartError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
    }
)
_EXIT_WORDS = {
    1: "application error",
    2: "wrong use or application error",
    126: "command is not executable",
    127: "command not found",
    137: "killed (SIGKILL): often a liveness probe or the end of the grace period",
    139: "segmentation fault",
    143: "stopped (SIGTERM)",
}
_NODES = re.compile(r"^(\d+/\d+) nodes are available: ")


def explain_pod(pod: Pod, events: Sequence[Event] = (), *, now: float | None = None) -> Finding | None:
    """The one thing to say of a pod that is not well, None for one that is.

    `events` are those of this pod. Rules that need patience are silent while `now` is None.
    """
    for rule in _RULES:
        if found := rule(pod, events, now):
            return found
    return None


def init_containers(pod: Pod) -> Iterator[tuple[ContainerStatus, bool]]:
    """Init container states in order, each with whether it is a sidecar (restartable, runs for good)."""
    specs = {each.name: each.restart_policy == "Always" for each in (pod.spec and pod.spec.init_containers) or ()}
    for status in (pod.status and pod.status.init_container_statuses) or ():
        yield status, specs.get(status.name, False)


def condition(conditions: Sequence[Condition] | None, type: str) -> Condition | None:
    for each in conditions or ():
        if each.type == type:
            return each
    return None


def restarts(pod: Pod) -> int:
    status = pod.status
    return sum(each.restart_count or 0 for each in (status and status.container_statuses) or ())


def _stuck_deleting(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    since = epoch(pod.metadata.deletion_timestamp)
    if since is None or now is None or now < since + 60:
        return None
    holders = ", ".join(pod.metadata.finalizers or ())
    why = f"held by {holders}" if holders else "its node does not confirm the end"
    return Finding(f"Terminating for {span(now - since)}: {why}", since=since)


def _finished_badly(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    status = pod.status
    if status is None or status.phase != "Failed":
        return None
    if status.reason:
        return Finding(cause(status.reason, status.message))
    target = condition(status.conditions, "DisruptionTarget")
    if target is not None and target.status == "True":
        return Finding(cause(target.reason or "Disrupted", target.message), since=epoch(target.last_transition_time))
    for each in status.container_statuses or ():
        ended = each.state.terminated if each.state else None
        if ended is not None and ended.exit_code:
            return Finding(_exit(each, ended), since=epoch(ended.finished_at))
    return Finding(cause("Failed", status.message))


def _init_container(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    for each, sidecar in init_containers(pod):
        state = each.state
        ended = state.terminated if state else None
        if ended is not None and not ended.exit_code and not sidecar:
            continue
        found = _container(pod, each)
        if found is not None:
            kind = "sidecar" if sidecar else "init container"
            return Finding(line(f"{kind} {each.name}: {found.what}"), evidence=found.evidence, since=found.since)
        if not sidecar or not each.started:
            return None
    return None


def _app_containers(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    found = [_container(pod, each) for each in (pod.status and pod.status.container_statuses) or ()]
    return next((each for each in found if each is not None), None)


def _container(pod: Pod, status: ContainerStatus) -> Finding | None:
    state = status.state
    if state is None:
        return None
    if state.waiting is not None:
        return _waiting(pod, status, state.waiting.reason or "", state.waiting.message)
    if state.terminated is not None and state.terminated.exit_code:
        ended = state.terminated
        return Finding(_exit(status, ended), evidence=line(ended.message), since=epoch(ended.finished_at))
    return None


def _waiting(pod: Pod, status: ContainerStatus, reason: str, message: str | None) -> Finding | None:
    if reason in IMAGE_WAITING:
        image = status.image or _spec_image(pod, status.name)
        return Finding(f"{reason}: {image_problem(reason, message, image)}", evidence=line(message))
    if reason in _CONFIG:
        return Finding(cause(reason, message), evidence=line(message))
    last = status.last_state.terminated if status.last_state else None
    if reason == "CrashLoopBackOff" and last is not None:
        what = _exit(status, last)
        return Finding(
            what if last.reason == "OOMKilled" else line(f"CrashLoopBackOff: {what}"),
            evidence=line(last.message),
            since=epoch(last.finished_at),
        )
    if reason.startswith("Err") or reason.endswith(("Error", "BackOff")):
        return Finding(cause(reason, message), evidence=line(message))
    return None


def _exit(status: ContainerStatus, ended: StateTerminated) -> str:
    times = status.restart_count or 0
    again = f", {times} restart{'s' if times != 1 else ''}" if times else ""
    if ended.reason == "OOMKilled":
        return f"OOMKilled: container {status.name} reached its memory limit{again}"
    if ended.reason in _CONFIG:
        return cause(f"{ended.reason}: container {status.name}", ended.message)
    word = _EXIT_WORDS.get(ended.exit_code or 0, "")
    return f"container {status.name} exits with {ended.exit_code}{f' ({word})' if word else ''}{again}"


def _spec_image(pod: Pod, name: str | None) -> str | None:
    spec = pod.spec
    if spec is None:
        return None
    return next(
        (each.image for each in (*(spec.containers or ()), *(spec.init_containers or ())) if each.name == name), None
    )


def _unschedulable(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    scheduled = condition(pod.status.conditions if pod.status else None, "PodScheduled")
    if scheduled is None or scheduled.status != "False":
        return None
    since = epoch(scheduled.last_transition_time)
    if scheduled.reason == "SchedulingGated":
        return Finding("SchedulingGated: waits for its gates to be removed", since=since, health=Health.SUSPENDED)
    if scheduled.reason != "Unschedulable":
        return None
    patient = now is not None and since is not None and now - since < UNSCHEDULABLE_AFTER
    text = _NODES.sub(r"\1 nodes: ", (scheduled.message or "").split(" preemption:", 1)[0]).rstrip(". ")
    health = Health.PROGRESSING if patient else Health.DEGRADED
    return Finding(cause("Unschedulable", text), evidence=line(scheduled.message, 400), since=since, health=health)


_EVENT_CAUSES = frozenset(
    {"FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedMapVolume", "FailedScheduling"}
)


def _from_events(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    phase = pod.status.phase if pod.status else None
    if phase != "Pending":
        return None
    for event in events:
        if event.reason in _EVENT_CAUSES:
            return Finding(cause(event.reason or "", event.message), since=epoch(event.first_timestamp))
    return None


def _probe(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    """A running pod that is not ready, with the probe's own words where an event still has them."""
    status = pod.status
    if status is None or status.phase != "Running":
        return None
    ready = condition(status.conditions, "Ready")
    if ready is None or ready.status == "True":
        return None
    since = epoch(ready.last_transition_time)
    words = next((line(event.message) for event in events if event.reason == "Unhealthy"), "")
    late = now is not None and since is not None and now - since > STALLED_AFTER
    what = words or f"not ready: {_unready(status.container_statuses) or ready.reason or 'no container says why'}"
    if late and now is not None and since is not None:
        what = f"{what}, for {span(now - since)}"
    return Finding(what, since=since, health=Health.DEGRADED if late else Health.PROGRESSING)


def _unready(statuses: Sequence[ContainerStatus] | None) -> str:
    return ", ".join(f"container {each.name}" for each in statuses or () if not each.ready)


def _starting(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    status = pod.status
    if status is None or status.phase != "Pending":
        return None
    since = epoch(status.start_time) or epoch(pod.metadata.creation_timestamp)
    late = now is not None and since is not None and now - since > STALLED_AFTER
    reasons = [
        each.state.waiting.reason for each in status.container_statuses or () if each.state and each.state.waiting
    ]
    word = next((reason for reason in reasons if reason), "Pending")
    if late and now is not None and since is not None:
        return Finding(f"{word} for {span(now - since)}", since=since)
    return Finding(word, since=since, health=Health.PROGRESSING)


def _just_restarted(pod: Pod, events: Sequence[Event], now: float | None) -> Finding | None:
    """Ready again, but a container died a moment ago: worth a look, not an alarm."""
    if now is None:
        return None
    for each in (pod.status and pod.status.container_statuses) or ():
        last = each.last_state.terminated if each.last_state else None
        at = epoch(last.finished_at) if last else None
        if (
            last is not None
            and at is not None
            and now - at < RESTART_FRESH
            and (last.exit_code or last.reason == "OOMKilled")
        ):
            return Finding(f"just restarted: {_exit(each, last)}", since=at, health=Health.PROGRESSING)
    return None


Rule = Callable[[Pod, Sequence[Event], float | None], Finding | None]
_RULES: tuple[Rule, ...] = (
    _stuck_deleting,
    _finished_badly,
    _init_container,
    _app_containers,
    _unschedulable,
    _from_events,
    _probe,
    _starting,
    _just_restarted,
)
