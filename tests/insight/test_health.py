"""Verdicts on workloads, jobs, nodes and everything that has conditions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from acp_tui.insight.health.builtin import health_of, health_of_service
from acp_tui.insight.health.custom import NO_RULE
from acp_tui.insight.health.rollup import judge_workload, roll_up
from acp_tui.model.health import Health, Verdict
from acp_tui.model.network import Ingress, Service
from acp_tui.model.objects import Generic, Job, Node, Workload

NOW = 1_795_267_200.0  # 2026-11-21T13:20:00Z
AGO_1M, AGO_1H = "2026-11-21T13:19:00Z", "2026-11-21T12:20:00Z"
OK, BAD = Verdict(Health.HEALTHY), Verdict(Health.DEGRADED, "CrashLoopBackOff: container api exits with 1")


def workload(spec: dict[str, Any] | None, status: dict[str, Any] | None, **meta: Any) -> Workload:
    counts = None if status is None else {"observedGeneration": 2, **status}
    return msgspec.convert({"metadata": {"generation": 2, **meta}, "spec": spec, "status": counts}, Workload)


def conditions(*found: tuple[str, str, str, str]) -> list[dict[str, str]]:
    keys = ("type", "status", "reason", "message")
    return [dict(zip(keys, each, strict=True)) | {"lastTransitionTime": AGO_1H} for each in found]


FULL = {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
LATE = conditions(("Progressing", "False", "ProgressDeadlineExceeded", "timed out"))
STARVED = conditions(("Available", "False", "MinimumReplicasUnavailable", ""))
QUOTA = (
    'pods "pay-1" is forbidden: exceeded quota: default, '
    "requested: requests.cpu=2, used: requests.cpu=9, limited: requests.cpu=10"
)
OVER_QUOTA = "quota default exceeded: requested requests.cpu=2; used requests.cpu=9 of requests.cpu=10"
PSA = 'pods "pay-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod must set it)'
ALL = {"desiredNumberScheduled": 4, "updatedNumberScheduled": 4, "numberAvailable": 4, "numberReady": 4}

WORKLOADS: list[tuple[str, str, Workload, Health, str]] = [
    ("all there", "Deployment", workload({"replicas": 3}, FULL), Health.HEALTHY, ""),
    ("no status", "Deployment", workload({"replicas": 3}, None), Health.PROGRESSING, "no status yet"),
    (
        "unseen",
        "Deployment",
        workload({"replicas": 3}, FULL | {"observedGeneration": 1}),
        Health.PROGRESSING,
        "its controller has not seen the last change yet",
    ),
    (
        "never observed",
        "StatefulSet",
        workload({"replicas": 3}, FULL | {"observedGeneration": None}),
        Health.PROGRESSING,
        "its controller has not seen the last change yet",
    ),
    ("nothing wanted", "Deployment", workload({"replicas": 0}, {"replicas": 0}), Health.SUSPENDED, "scaled to 0"),
    ("paused", "Deployment", workload({"replicas": 3, "paused": True}, FULL), Health.SUSPENDED, "rollout paused"),
    (
        "late",
        "Deployment",
        workload({"replicas": 3}, FULL | {"conditions": LATE}),
        Health.DEGRADED,
        "no progress within 600 s",
    ),
    (
        "starved for long",
        "Deployment",
        workload({"replicas": 3}, FULL | {"availableReplicas": 0, "conditions": STARVED}),
        Health.DEGRADED,
        "0/3 available for 1 h",
    ),
    (
        "half updated",
        "Deployment",
        workload({"replicas": 3}, FULL | {"updatedReplicas": 1}),
        Health.PROGRESSING,
        "1/3 updated",
    ),
    (
        "old pods left",
        "Deployment",
        workload({"replicas": 3}, FULL | {"replicas": 5}),
        Health.PROGRESSING,
        "2 old pods left",
    ),
    (
        "not available",
        "Deployment",
        workload({"replicas": 3}, FULL | {"availableReplicas": 2}),
        Health.PROGRESSING,
        "2/3 available",
    ),
    (
        "available but not ready",
        "Deployment",
        workload({"replicas": 3}, FULL | {"readyReplicas": 2}),
        Health.PROGRESSING,
        "2/3 ready",
    ),
    (
        "over quota",
        "ReplicaSet",
        workload({"replicas": 3}, {"conditions": conditions(("ReplicaFailure", "True", "FailedCreate", QUOTA))}),
        Health.DEGRADED,
        OVER_QUOTA,
    ),
    (
        "not secure enough",
        "Deployment",
        workload({"replicas": 3}, FULL | {"conditions": conditions(("ReplicaFailure", "True", "FailedCreate", PSA))}),
        Health.DEGRADED,
        "PodSecurity restricted violated: runAsNonRoot != true (pod must set it)",
    ),
    (
        "stateful rollout",
        "StatefulSet",
        workload({"replicas": 3}, FULL | {"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 1}),
        Health.PROGRESSING,
        "1/3 updated",
    ),
    (
        "partitioned",
        "StatefulSet",
        workload(
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            FULL | {"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 1},
        ),
        Health.HEALTHY,
        "",
    ),
    ("on every node", "DaemonSet", workload({}, ALL), Health.HEALTHY, ""),
    ("one node short", "DaemonSet", workload({}, ALL | {"numberAvailable": 3}), Health.PROGRESSING, "3/4 available"),
    (
        "no node wants it",
        "DaemonSet",
        workload({}, {"desiredNumberScheduled": 0}),
        Health.SUSPENDED,
        "no node wants it",
    ),
    (
        "going",
        "Deployment",
        workload({"replicas": 3}, FULL, deletionTimestamp=AGO_1M),
        Health.PROGRESSING,
        "Terminating",
    ),
]


@pytest.mark.parametrize(("name", "kind", "given", "health", "reason"), WORKLOADS, ids=[case[0] for case in WORKLOADS])
def test_a_workload_is_judged_by_its_status(name: str, kind: str, given: Workload, health: Health, reason: str) -> None:
    verdict = health_of(kind, given, now=NOW)

    assert (verdict.health, verdict.reason) == (health, reason)


JOBS: list[tuple[str, str, dict[str, Any], Health]] = [
    ("complete", "Job", {"status": {"conditions": conditions(("Complete", "True", "", ""))}}, Health.HEALTHY),
    (
        "failed",
        "Job",
        {"status": {"conditions": conditions(("Failed", "True", "BackoffLimitExceeded", ""))}},
        Health.DEGRADED,
    ),
    ("suspended", "Job", {"spec": {"suspend": True}}, Health.SUSPENDED),
    ("running", "Job", {"status": {"active": 1}}, Health.PROGRESSING),
    ("not due yet", "CronJob", {"spec": {"schedule": "@daily"}}, Health.HEALTHY),
    (
        "last run failed",
        "CronJob",
        {"status": {"lastScheduleTime": AGO_1M, "lastSuccessfulTime": AGO_1H}},
        Health.DEGRADED,
    ),
    (
        "last run succeeded",
        "CronJob",
        {"status": {"lastScheduleTime": AGO_1H, "lastSuccessfulTime": AGO_1M}},
        Health.HEALTHY,
    ),
    ("runs now", "CronJob", {"status": {"lastScheduleTime": AGO_1M, "active": [{"name": "x"}]}}, Health.HEALTHY),
]


@pytest.mark.parametrize(("name", "kind", "given", "health"), JOBS, ids=[case[0] for case in JOBS])
def test_a_job_is_judged_by_how_it_ended(name: str, kind: str, given: dict[str, Any], health: Health) -> None:
    assert health_of(kind, msgspec.convert(given, Job)).health is health


def test_a_silent_kubelet_is_degraded_and_a_cordon_is_not() -> None:
    silent = {
        "status": {"conditions": conditions(("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting"))}
    }
    cordoned = {"spec": {"unschedulable": True}, "status": {"conditions": conditions(("Ready", "True", "", ""))}}

    assert health_of("Node", msgspec.convert(silent, Node)).reason == "kubelet silent: Kubelet stopped posting"
    assert health_of("Node", msgspec.convert(cordoned, Node)).health is Health.SUSPENDED


CUSTOM: list[tuple[str, str, dict[str, Any], Health]] = [
    ("a claim that is bound", "PersistentVolumeClaim", {"status": {"phase": "Bound"}}, Health.HEALTHY),
    ("a claim that lost its volume", "PersistentVolumeClaim", {"status": {"phase": "Lost"}}, Health.DEGRADED),
    ("ready", "Certificate", {"status": {"conditions": conditions(("Ready", "True", "", ""))}}, Health.HEALTHY),
    (
        "not ready yet",
        "Certificate",
        {"status": {"conditions": conditions(("Ready", "False", "Issuing", "waits"))}},
        Health.PROGRESSING,
    ),
    (
        "failed to be ready",
        "Certificate",
        {"status": {"conditions": conditions(("Ready", "False", "RequestFailed", ""))}},
        Health.DEGRADED,
    ),
    (
        "stalled beats ready",
        "Kustomization",
        {"status": {"conditions": conditions(("Ready", "True", "", ""), ("Stalled", "True", "", ""))}},
        Health.DEGRADED,
    ),
    (
        "failed beside conditions that look fine",
        "HelmRequest",
        {
            "status": {
                "phase": "Failed",
                "conditions": conditions(("Initialized", "True", "", ""), ("Synced", "True", "", "")),
            }
        },
        Health.DEGRADED,
    ),
    (
        "a change not seen yet",
        "Kafka",
        {"metadata": {"generation": 3}, "status": {"observedGeneration": 2, "phase": "Running"}},
        Health.PROGRESSING,
    ),
    ("no known words", "Widget", {"status": {"phase": "Wobbling"}}, Health.UNKNOWN),
    ("no status at all", "Widget", {}, Health.UNKNOWN),
    ("nothing to reconcile", "ConfigMap", {}, Health.HEALTHY),
    (
        "a scaler without metrics",
        "HorizontalPodAutoscaler",
        {
            "status": {
                "conditions": conditions(
                    ("AbleToScale", "True", "", ""), ("ScalingActive", "False", "FailedGetResourceMetric", "no metrics")
                )
            }
        },
        Health.DEGRADED,
    ),
]


@pytest.mark.parametrize(("name", "kind", "given", "health"), CUSTOM, ids=[case[0] for case in CUSTOM])
def test_everything_else_is_judged_by_conditions_and_phase(
    name: str, kind: str, given: dict[str, Any], health: Health
) -> None:
    assert health_of(kind, msgspec.convert(given, Generic)).health is health


def test_a_service_whose_pods_are_all_unready_fails() -> None:
    service = msgspec.convert({"spec": {"selector": {"app": "pay"}}}, Service)

    assert health_of_service(service, [BAD, BAD]).health is Health.DEGRADED
    assert health_of_service(service, [BAD, OK]).reason == "1 ready endpoints"
    assert health_of_service(service, None).health is Health.UNKNOWN


def test_a_service_that_waits_for_its_outside_address_is_not_there_yet() -> None:
    given: dict[str, Any] = {"spec": {"type": "LoadBalancer", "selector": {"app": "pay"}}}
    waiting = msgspec.convert(given, Service)
    reached = msgspec.convert(given | {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}, Service)

    assert health_of_service(waiting, [OK]) == Verdict(Health.PROGRESSING, "no address yet")
    assert health_of_service(waiting, [BAD]).health is Health.DEGRADED
    assert health_of_service(reached, [OK]).health is Health.HEALTHY


def test_one_failing_new_pod_of_many_is_progress_with_a_warning() -> None:
    own = Verdict(Health.PROGRESSING, "2/10 updated")

    verdict = judge_workload(own, rolling=True, pods=[("old", OK), ("new", OK), ("new", BAD)])

    assert verdict.health is Health.PROGRESSING
    assert BAD.reason in verdict.reason


def test_a_template_whose_every_pod_fails_is_broken_although_the_old_pods_serve() -> None:
    own = Verdict(Health.PROGRESSING, "2/3 updated")

    verdict = judge_workload(own, rolling=True, pods=[("old", OK), ("old", OK), ("new", BAD), ("new", BAD)])

    assert (verdict.health, verdict.reason) == (Health.DEGRADED, BAD.reason)


def test_outside_a_rollout_one_failing_pod_is_a_failing_workload() -> None:
    verdict = judge_workload(Verdict(Health.PROGRESSING, "2/3 ready"), rolling=False, pods=[("a", OK), ("a", BAD)])

    assert verdict.health is Health.DEGRADED


def test_a_roll_up_says_the_worst_and_leaves_out_what_has_no_rule() -> None:
    busy, no_rule = Verdict(Health.PROGRESSING, "1/3 ready"), Verdict(Health.UNKNOWN, NO_RULE)

    assert roll_up([OK, busy, BAD, no_rule]) is BAD
    assert roll_up([OK, no_rule]) is OK


def test_a_roll_up_of_nothing_is_unknown() -> None:
    assert roll_up([]).health is Health.UNKNOWN
    assert roll_up([Verdict(Health.UNKNOWN, NO_RULE)]).health is Health.UNKNOWN


def test_of_equally_bad_parts_the_oldest_is_named() -> None:
    first, second = Verdict(Health.DEGRADED, "first", 10.0), Verdict(Health.DEGRADED, "second", 20.0)

    assert roll_up([second, first]) is first


def test_an_ingress_is_well_when_it_has_an_address() -> None:
    served = msgspec.convert({"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}}, Ingress)

    assert health_of("Ingress", served) == Verdict(Health.HEALTHY, "203.0.113.7")
    assert health_of("Ingress", Ingress()).health is Health.PROGRESSING


def test_a_node_under_pressure_warns() -> None:
    found = conditions(("Ready", "True", "", ""), ("MemoryPressure", "True", "", "low on memory"))

    verdict = health_of("Node", msgspec.convert({"status": {"conditions": found}}, Node))

    assert verdict == Verdict(Health.PROGRESSING, "MemoryPressure: low on memory", verdict.since)
