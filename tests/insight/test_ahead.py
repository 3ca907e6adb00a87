"""What a plan concludes: which revision was good, what a patch leaves, who set a field, what a server's no means."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from acp_tui.insight.answers import server_says
from acp_tui.insight.drift import drifts
from acp_tui.insight.fields import setter_of
from acp_tui.insight.lastgood import best_target, standing_of
from acp_tui.insight.merge import merge_patch, three_way
from acp_tui.insight.rollout import Rollout, need_of, pace_of, pod_use
from acp_tui.model.operation import OutcomeKind
from acp_tui.model.plan import Answer
from acp_tui.model.release import ReleaseRef, Revision

REF = ReleaseRef("east", "shop", "web")
HOUR = 3600.0


def history(*lines: tuple[str, float]) -> tuple[Revision, ...]:
    """Newest first: status and the hour it was written at."""
    return tuple(
        Revision(REF, len(lines) - index, status, "x", updated_at=hour * HOUR)
        for index, (status, hour) in enumerate(lines)
    )


class TestLastGood:
    def test_a_revision_replaced_at_once_is_only_taken_where_no_other_is_known(self) -> None:
        lines = history(("failed", 10), ("deployed", 9), ("superseded", 8.999), ("superseded", 1))
        assert best_target(lines, {}, now=11 * HOUR) == 3
        assert best_target(lines, {3: OutcomeKind.REGRESSED}, now=11 * HOUR) == 1
        assert standing_of(lines, 2, {}, now=11 * HOUR).words == "replaced after 3 s: nobody knows that it ever worked"

    def test_what_was_proven_here_counts_more_than_what_helm_says(self) -> None:
        lines = history(("failed", 10), ("superseded", 9), ("superseded", 1))
        proofs = {2: OutcomeKind.REGRESSED, 1: OutcomeKind.HEALTHY}
        assert best_target(lines, proofs, now=11 * HOUR) == 1
        assert standing_of(lines, 1, proofs, now=11 * HOUR).words == "proven healthy, the deployed one for 8 h"
        assert standing_of(lines, 2, proofs, now=11 * HOUR).good is False

    def test_nothing_proven_bad_is_ever_the_default(self) -> None:
        lines = history(("failed", 10), ("superseded", 9))
        assert best_target(lines, {1: OutcomeKind.REGRESSED}, now=11 * HOUR) is None


class TestThreeWay:
    def test_containers_and_env_are_merged_by_name_and_foreign_entries_stay(self) -> None:
        old = {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "1"}]}]}
        new = {"containers": [{"name": "a", "env": [{"name": "X", "value": "2"}]}]}
        live = {
            "containers": [
                {"name": "a", "image": "i", "env": [{"name": "X", "value": "9"}, {"name": "Y", "value": "1"}]},
                {"name": "injected"},
            ]
        }
        merged = three_way(old, new, live)
        assert merged["containers"][0] == {"name": "a", "image": "i", "env": [{"name": "X", "value": "2"}]}
        assert merged["containers"][1] == {"name": "injected"}

    def test_another_strategy_drops_the_defaults_of_the_one_before(self) -> None:
        live = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}, "replicas": 3}
        merged = three_way({}, {"strategy": {"type": "Recreate"}}, live)
        assert merged == {"strategy": {"type": "Recreate"}, "replicas": 3}
        assert merge_patch(live, merged) == {"strategy": {"type": "Recreate", "rollingUpdate": None}}

    def test_a_field_that_only_the_last_form_had_goes_and_equal_forms_need_no_patch(self) -> None:
        merged = three_way({"a": 1, "b": 1}, {"a": 1}, {"a": 1, "b": 1, "c": 1})
        assert merged == {"a": 1, "c": 1}
        assert merge_patch({"a": {"b": [1]}}, {"a": {"b": [1]}}) == {}


def live_body() -> dict[str, Any]:
    containers: dict[str, Any] = {'k:{"name":"web"}': {".": {}, "f:image": {}}}
    scaled: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    fields = {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": containers}}}}
    managed = [
        {"manager": "helm", "operation": "Apply", "time": "2026-11-20T10:00:00Z", "fieldsV1": fields},
        {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-21T10:00:00Z", "fieldsV1": scaled},
        {"manager": "kcm", "operation": "Update", "subresource": "status", "fieldsV1": scaled},
    ]
    return {
        "kind": "Deployment",
        "metadata": {"managedFields": managed},
        "spec": {"replicas": 5, "template": {"spec": {"containers": [{"name": "web", "image": "x:2"}]}}},
    }


def test_the_setter_of_a_field_is_the_manager_that_wrote_it_last() -> None:
    body = live_body()
    assert setter_of(body, ("spec", "replicas")).manager == "kubectl-edit"
    image = ("spec", "template", "spec", "containers", "[web]", "image")
    assert setter_of(body, image).manager == "helm"
    assert setter_of(body, ("spec", "paused")).manager == ""


def test_drift_names_three_values_its_author_and_whether_it_stays() -> None:
    body = live_body()
    stored = {**body, "spec": {**body["spec"], "replicas": 3}}
    (found,) = drifts(stored, body, {**stored, "spec": {**stored["spec"], "replicas": 2}}, body)
    assert (found.field, found.stored, found.live, found.target) == ("spec.replicas", "3", "5", "2")
    assert (found.manager, found.stays) == ("kubectl-edit", True)
    secret = {"kind": "Secret", "data": {"password": "czNjcmV0"}}
    (hidden,) = drifts(secret, {"kind": "Secret", "data": {"password": "b3RoZXI="}}, secret, None)
    assert "czNjcmV0" not in str(hidden)
    assert "b3RoZXI=" not in str(hidden)


@pytest.mark.parametrize(
    ("status", "message", "causes", "answer", "text"),
    [
        (422, 'Deployment "w" is invalid: …', ('spec.selector: Invalid value: {"a":"s3cret"}: field is immutable',),
         Answer.IMMUTABLE, "spec.selector: field is immutable"),
        (409, 'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas', (),
         Answer.CONFLICT, "spec.replicas set by kubectl-edit"),
        (409, 'Apply failed with 2 conflicts: conflicts with "hpa" using apps/v1: - .spec.replicas - .spec.paused', (),
         Answer.CONFLICT, "spec.replicas, spec.paused set by hpa"),
        (403, 'pods "w-x" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=2, limited: pods=2', (),
         Answer.QUOTA, "quota tight exceeded: requested pods=1; used pods=2 of pods=2"),
        (403, 'pods "w-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot', (),
         Answer.POD_SECURITY, "PodSecurity restricted violated: runAsNonRoot"),
        (400, 'admission webhook "policy.example.org" denied the request: no latest tag', (),
         Answer.WEBHOOK, "webhook policy.example.org denied it: no latest tag"),
        (500, 'Internal error occurred: failed calling webhook "p.example.org": failed to call webhook: '
              'Post "https://guard.ops.svc:443/check?timeout=5s": dial tcp 10.0.0.1:443: connect: connection refused',
         (), Answer.WEBHOOK,
         "webhook p.example.org (guard.ops.svc:443) does not answer: dial tcp 10.0.0.1:443: connect: "
         "connection refused"),
        (500, 'failed calling webhook "p.example.org": context deadline exceeded', (), Answer.WEBHOOK,
         "webhook p.example.org does not answer: context deadline exceeded"),
        (400, 'admission webhook "old.example.org" does not support dry run', (),
         Answer.NOT_ASKED, "webhook old.example.org allows no dry run"),
        (403, 'deployments.apps "w" is forbidden: User "eve" cannot patch resource "deployments"', (),
         Answer.FORBIDDEN, 'User "eve" cannot patch resource "deployments"'),
        (None, "east: the server gave no answer", (), Answer.NOT_ASKED, "east: the server gave no answer"),
    ],
)  # fmt: skip
def test_a_no_is_classed_and_named_without_the_refused_value(
    status: int | None, message: str, causes: tuple[str, ...], answer: Answer, text: str
) -> None:
    says = server_says(status, message, causes)
    assert (says.answer, says.text) == (answer, text)


def test_the_peak_of_a_rollout_is_its_surge_and_the_end_is_the_difference() -> None:
    spec = {"containers": [{"resources": {"requests": {"cpu": "500m"}}}], "initContainers": [{"resources": {}}]}
    use = pod_use(spec)
    assert use == {"pods": 1, "requests.cpu": Fraction(1, 2)}
    body = {"kind": "Deployment", "spec": {"replicas": 4}}
    pace = pace_of(body, 4)
    assert (pace.surge, pace.unavailable, pace.words) == (1, 1, "2 at a time")
    need = need_of([Rollout(old_pods=4, old=use, new_pods=4, new=use, pace=pace)])
    assert [need.end["pods"], need.peak["pods"], need.peak["requests.cpu"]] == [0, 1, Fraction(1, 2)]
    assert pace_of({**body, "spec": {"strategy": {"type": "Recreate"}}}, 4).words == "all at once, the old ones first"
    assert pace_of({"kind": "StatefulSet", "spec": {}}, 3).words == "1 at a time"
