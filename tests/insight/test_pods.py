"""What is said of a pod, and whether it is well."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from acp_tui.insight.explain import explain_pod
from acp_tui.insight.health.pods import health_of_pod
from acp_tui.model.health import Health
from acp_tui.model.objects import Event, Pod

NOW = 1_795_267_200.0  # 2026-11-21T13:20:00Z
AGO_10S, AGO_1M, AGO_1H = "2026-11-21T13:19:50Z", "2026-11-21T13:19:00Z", "2026-11-21T12:20:00Z"


def pod(status: dict[str, Any] | None, *, spec: dict[str, Any] | None = None, **meta: Any) -> Pod:
    return msgspec.convert({"metadata": {"name": "api-1", **meta}, "spec": spec, "status": status}, Pod)


def container(state: dict[str, Any], *, last: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "api", "image": "registry/pay:1.9.2", "ready": False, "state": state, "lastState": last, **more}


def running(*, ready: bool = True, since: str = AGO_1H, **more: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": since}]
    states = [container({"running": {"startedAt": AGO_1H}}) | {"ready": ready}]
    return {"phase": "Running", "conditions": conditions, "containerStatuses": states, **more}


def waiting(reason: str, message: str = "", *, last: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    states = [container({"waiting": {"reason": reason, "message": message}}, last=last, **more)]
    return {"phase": "Pending", "containerStatuses": states}


BACK_OFF = (
    'Back-off pulling image "registry/pay:1.9.2": ErrImagePull: rpc error: code = NotFound desc = failed to pull and '
    'unpack image "registry/pay:1.9.2": failed to resolve reference "registry/pay:1.9.2": registry/pay:1.9.2: not found'
)
KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": AGO_1M}}
CRASHED = {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": AGO_1M, "message": "no database"}}
FULL = (
    "0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {x: y}. preemption: 0/3 nodes are ..."
)


def unscheduled(since: str, reason: str = "Unschedulable") -> dict[str, Any]:
    found = {"type": "PodScheduled", "status": "False", "reason": reason, "message": FULL, "lastTransitionTime": since}
    return {"phase": "Pending", "conditions": [found]}


CASES: list[tuple[str, Pod, Health, str]] = [
    ("runs and is ready", pod(running()), Health.HEALTHY, ""),
    ("has done its work", pod({"phase": "Succeeded"}), Health.HEALTHY, ""),
    ("nobody reports", pod(None), Health.UNKNOWN, "no status yet"),
    ("node is lost", pod({"phase": "Unknown"}), Health.UNKNOWN, "its node reports nothing"),
    (
        "image does not exist",
        pod(waiting("ImagePullBackOff", BACK_OFF)),
        Health.DEGRADED,
        "ImagePullBackOff: registry/pay:1.9.2 not found",
    ),
    (
        "image is private",
        pod(waiting("ErrImagePull", "failed to authorize: unexpected status: 401 Unauthorized")),
        Health.DEGRADED,
        "ErrImagePull: registry/pay:1.9.2 cannot be pulled: not authorized",
    ),
    (
        "runtime does not say why",
        pod(waiting("ImagePullBackOff", 'Back-off pulling image "registry/not-found-here:1"')),
        Health.DEGRADED,
        "ImagePullBackOff: registry/pay:1.9.2 cannot be pulled",
    ),
    (
        "configuration is missing",
        pod(waiting("CreateContainerConfigError", 'secret "pay-db" not found')),
        Health.DEGRADED,
        'CreateContainerConfigError: secret "pay-db" not found',
    ),
    (
        "crashes again and again",
        pod(waiting("CrashLoopBackOff", "back-off 5m0s", last=CRASHED, restartCount=7)),
        Health.DEGRADED,
        "CrashLoopBackOff: container api exits with 1 (application error), 7 restarts",
    ),
    (
        "memory limit too low",
        pod(waiting("CrashLoopBackOff", "back-off 5m0s", last=KILLED, restartCount=1)),
        Health.DEGRADED,
        "OOMKilled: container api reached its memory limit, 1 restart",
    ),
    (
        "no node has room",
        pod(unscheduled(AGO_1M)),
        Health.DEGRADED,
        "Unschedulable: 0/3 nodes: 2 Insufficient cpu, 1 node(s) had untolerated taint {x: y}",
    ),
    (
        "evicted",
        pod({"phase": "Failed", "reason": "Evicted", "message": "low on disk"}),
        Health.DEGRADED,
        "Evicted: low on disk",
    ),
    ("starts", pod(waiting("ContainerCreating") | {"startTime": AGO_10S}), Health.PROGRESSING, "ContainerCreating"),
    (
        "starts for ever",
        pod(waiting("ContainerCreating") | {"startTime": AGO_1H}),
        Health.DEGRADED,
        "ContainerCreating for 1 h",
    ),
    ("not ready yet", pod(running(ready=False, since=AGO_1M)), Health.PROGRESSING, "not ready: container api"),
    ("never ready", pod(running(ready=False)), Health.DEGRADED, "not ready: container api, for 1 h"),
    ("is going", pod(running(), deletionTimestamp=AGO_10S), Health.PROGRESSING, "Terminating"),
    (
        "does not go",
        pod(running(), deletionTimestamp=AGO_1H, finalizers=["example.org/hold"]),
        Health.DEGRADED,
        "Terminating for 1 h: held by example.org/hold",
    ),
]


@pytest.mark.parametrize(("name", "given", "health", "reason"), CASES, ids=[case[0] for case in CASES])
def test_a_pod_is_judged_with_a_reason(name: str, given: Pod, health: Health, reason: str) -> None:
    verdict = health_of_pod(given, now=NOW)

    assert (verdict.health, verdict.reason) == (health, reason)


def test_a_scheduler_is_given_fifteen_seconds() -> None:
    assert health_of_pod(pod(unscheduled(AGO_10S)), now=NOW).health is Health.PROGRESSING


def test_a_gate_is_not_a_failure() -> None:
    assert health_of_pod(pod(unscheduled(AGO_1H, "SchedulingGated")), now=NOW).health is Health.SUSPENDED


def test_a_crashing_init_container_is_seen_behind_its_waiting_pod() -> None:
    state = container({"waiting": {"reason": "CrashLoopBackOff"}}, last=CRASHED, restartCount=2) | {"name": "migrate"}
    found = {
        "phase": "Pending",
        "initContainerStatuses": [state],
        "containerStatuses": [container({"waiting": {"reason": "PodInitializing"}})],
    }

    verdict = health_of_pod(pod(found), now=NOW)

    assert verdict.health is Health.DEGRADED
    assert verdict.reason.startswith("init container migrate: CrashLoopBackOff: container migrate exits with 1")


def test_a_finished_init_container_hides_nothing() -> None:
    done = container({"terminated": {"reason": "Completed", "exitCode": 0}}) | {"name": "migrate"}

    verdict = health_of_pod(pod(waiting("ImagePullBackOff", BACK_OFF) | {"initContainerStatuses": [done]}), now=NOW)

    assert verdict.reason == "ImagePullBackOff: registry/pay:1.9.2 not found"


def test_a_failing_sidecar_counts_although_it_is_an_init_container() -> None:
    spec = {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}]}
    proxy = container({"waiting": {"reason": "CrashLoopBackOff"}}, last=CRASHED) | {"name": "proxy", "started": True}

    verdict = health_of_pod(pod(running() | {"initContainerStatuses": [proxy]}, spec=spec), now=NOW)

    assert verdict.reason.startswith("sidecar proxy: CrashLoopBackOff")


def test_a_pod_that_just_came_back_is_watched_for_a_while() -> None:
    status = running()
    status["containerStatuses"][0] |= {"lastState": KILLED, "restartCount": 3}

    assert health_of_pod(pod(status), now=NOW).health is Health.PROGRESSING
    assert health_of_pod(pod(status), now=NOW + 3600).health is Health.HEALTHY


def test_events_add_the_words_of_the_probe() -> None:
    event = msgspec.convert({"reason": "Unhealthy", "message": "Readiness probe failed: HTTP 503"}, Event)

    found = explain_pod(pod(running(ready=False)), [event], now=NOW)

    assert found is not None
    assert found.what == "Readiness probe failed: HTTP 503, for 1 h"


def test_a_volume_that_does_not_mount_is_named_by_its_event() -> None:
    event = msgspec.convert({"reason": "FailedMount", "message": 'secret "tls" not found'}, Event)

    found = explain_pod(pod(waiting("ContainerCreating")), [event], now=NOW)

    assert found is not None
    assert found.what == 'FailedMount: secret "tls" not found'


def test_nothing_is_said_of_a_pod_that_is_well() -> None:
    assert explain_pod(pod(running()), now=NOW) is None
