"""Differences between two forms of an object read as a person would say them, and tell no secret."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from acp_tui.insight.diff import changes, drift, drift_summary, masked_pair, only_marks, same_template, summary, unified


def deployment(**container: Any) -> dict[str, Any]:
    web = {
        "name": "web",
        "image": "registry/pay:1.9.2",
        "env": [{"name": "POOL", "value": "40"}, {"name": "DB_PASSWORD", "value": "hunter2"}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "payments-api", "labels": {"app": "payments"}},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [{**web, **container}]}}},
    }


def test_a_change_of_image_and_environment_is_said_in_the_words_of_the_cockpit() -> None:
    after = deployment(image="registry/pay:1.9.1", env=[{"name": "POOL", "value": "20"}, {"name": "DB_PASSWORD"}])
    assert summary(deployment(), after) == "image 1.9.2 → 1.9.1, env POOL 40 → 20, env DB_PASSWORD removed"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a/pay:1", "b/pay:1", "image a/pay:1 → b/pay:1"),
        ("host:5000/pay", "host:5000/pay:2", "image host:5000/pay → host:5000/pay:2"),
        ("pay:1", "pay:1@sha256:0123456789abcdef", "image 1 → 1@sha256:0123456"),
    ],
)
def test_an_image_is_shortened_to_its_tag_only_where_that_tells_all(old: str, new: str, said: str) -> None:
    assert summary(deployment(image=old), deployment(image=new)) == said


def test_a_whole_environment_that_goes_is_called_so() -> None:
    after = deployment()
    del after["spec"]["template"]["spec"]["containers"][0]["env"]
    assert summary(deployment(), after) == "containers[web].env removed"


def test_several_images_are_told_apart_by_their_containers() -> None:
    before, after = deployment(), deployment(image="registry/pay:2")
    for body, tag in ((before, "1"), (after, "2")):
        body["spec"]["template"]["spec"]["initContainers"] = [{"name": "migrate", "image": f"registry/migrate:{tag}"}]
    assert summary(before, after) == "image web 1.9.2 → 2, image migrate 1 → 2"


def test_replicas_labels_and_limits_are_named_by_their_last_words() -> None:
    after = deployment(resources={"limits": {"cpu": "2", "memory": "1Gi"}})
    after["spec"]["replicas"] = 5
    after["metadata"]["labels"]["app"] = "pay"
    assert summary(deployment(), after) == "replicas 3 → 5, limits.cpu 1000m → 2, label app"


def test_more_changes_than_a_line_holds_are_counted() -> None:
    after = deployment(image="x:1", env=[], ports=[], resources={})
    assert summary(deployment(), after).endswith(", 2 more")


def test_an_added_container_is_one_change() -> None:
    after = deployment()
    after["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "x"})
    assert summary(deployment(), after) == "container sidecar added"


def test_the_order_of_named_entries_is_no_change() -> None:
    after = deployment()
    after["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
    assert changes(deployment(), after) == ()


def test_configmaps_count_keys_and_never_show_values() -> None:
    before: dict[str, Any] = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2", "c": "3"}}
    after = {**before, "data": {"a": "9", "c": "3", "d": "4"}}
    assert summary(before, after) == "3 keys changed"


def test_string_data_of_a_secret_equals_its_encoded_form() -> None:
    plain = {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "hunter2"}}
    live = {"kind": "Secret", "metadata": {"name": "s", "uid": "1"}, "data": {"password": "aHVudGVyMg=="}}
    assert drift(plain, live) == ()
    assert "hunter" not in drift_summary(plain, {**live, "data": {"password": "b3RoZXI="}})


def test_a_secret_looking_environment_value_is_never_shown() -> None:
    after = deployment(env=[{"name": "POOL", "value": "40"}, {"name": "DB_PASSWORD", "value": "letmein"}])
    assert summary(deployment(), after) == "env DB_PASSWORD changed"
    assert drift_summary(deployment(), after) == "env[DB_PASSWORD].value differs"


def test_defaults_status_and_server_fields_of_the_live_object_are_no_drift() -> None:
    live = copy.deepcopy(deployment())
    live["metadata"] |= {"uid": "1", "resourceVersion": "9", "annotations": {"deployment.kubernetes.io/revision": "4"}}
    live["spec"] |= {"strategy": {"type": "RollingUpdate"}, "progressDeadlineSeconds": 600}
    live["spec"]["template"]["spec"]["containers"][0] |= {
        "imagePullPolicy": "Always",
        "resources": {"limits": {"cpu": "1", "memory": "1024Mi"}},
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
    }
    live["status"] = {"readyReplicas": 3}
    assert drift(deployment(), live) == ()


def test_a_field_somebody_changed_is_drift_with_both_values() -> None:
    live = copy.deepcopy(deployment())
    live["spec"]["replicas"] = 5
    assert drift_summary(deployment(), live) == "replicas is 5 (stored 3)"


def test_absent_empty_and_false_are_the_same() -> None:
    wanted = {"kind": "X", "spec": {"a": None, "b": {}, "c": [], "d": False, "e": ""}}
    assert drift(wanted, {"kind": "X", "spec": {}}) == ()


def test_a_template_that_is_already_live_replaces_no_pod() -> None:
    template = deployment()["spec"]["template"]
    live = copy.deepcopy(template)
    live["spec"]["dnsPolicy"] = "ClusterFirst"
    assert same_template(template, live)
    live["spec"]["containers"][0]["image"] = "registry/pay:0"
    assert not same_template(template, live)


def test_a_template_that_drops_what_is_live_replaces_its_pods_and_a_default_in_its_place_does_not() -> None:
    wanted = deployment()["spec"]["template"]
    stored = copy.deepcopy(wanted)
    stored["spec"] |= {"terminationGracePeriodSeconds": 60, "priorityClassName": "high"}
    stored["spec"]["containers"][0]["securityContext"] = {"runAsNonRoot": True}
    for path in ("terminationGracePeriodSeconds", "priorityClassName"):
        live = copy.deepcopy(wanted)
        live["spec"][path] = stored["spec"][path]
        assert not same_template(wanted, live, stored), path
    live = copy.deepcopy(wanted)
    live["spec"]["containers"][0]["securityContext"] = {"runAsNonRoot": True}
    assert not same_template(wanted, live, stored)
    live = copy.deepcopy(wanted)
    live["spec"] |= {"terminationGracePeriodSeconds": 30, "securityContext": {}}
    assert same_template(wanted, live, stored), "pods of a revision that never had them"


def test_masking_hides_secret_values_but_tells_which_differ() -> None:
    before: dict[str, Any] = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "c2VjcmV0", "b": "c2FtZQ=="}}
    after = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "b3RoZXI=", "b": "c2FtZQ=="}}
    hidden_before, hidden_after = masked_pair(before, after)
    assert hidden_before is not None
    assert hidden_after is not None
    assert hidden_before["data"]["a"] != hidden_after["data"]["a"]
    assert hidden_before["data"]["b"] == hidden_after["data"]["b"]
    assert "c2" not in str(hidden_before["data"])
    assert "b3" not in str(hidden_after["data"])
    assert before["data"]["a"] == "c2VjcmV0"


def test_masking_marks_changed_environment_values_too() -> None:
    after = deployment(env=[{"name": "POOL", "value": "40"}, {"name": "DB_PASSWORD", "value": "letmein"}])
    hidden_before, hidden_after = masked_pair(deployment(), after)
    assert "hunter2" not in str(hidden_before)
    assert "letmein" not in str(hidden_after)
    assert hidden_before != hidden_after


def test_a_unified_diff_names_the_object_and_is_empty_for_equal_texts() -> None:
    assert unified("a\n", "a\n", name="ConfigMap shop") == ""
    assert unified("a\n", "b\n", name="ConfigMap shop").splitlines() == [
        "--- a/ConfigMap shop",
        "+++ b/ConfigMap shop",
        "@@ -1 +1 @@",
        "-a",
        "+b",
    ]


def test_labels_come_last_and_by_name_those_of_pods_only_where_they_are_their_own() -> None:
    before, after = deployment(), deployment(image="registry/pay:2")
    for body, version in ((before, "1"), (after, "2")):
        body["metadata"]["labels"] = {"helm.sh/chart": f"pay-{version}"}
        body["spec"]["template"]["metadata"] = {"labels": {"helm.sh/chart": f"pay-{version}", "canary": version}}
    assert summary(before, after) == "image 1.9.2 → 2, pod label canary"
    assert not only_marks(before, after)


def test_a_new_chart_version_that_only_relabels_is_told_apart() -> None:
    before: dict[str, Any] = {"kind": "Service", "metadata": {"name": "s", "labels": {"helm.sh/chart": "a-1"}}}
    after: dict[str, Any] = {"kind": "Service", "metadata": {"name": "s", "labels": {"helm.sh/chart": "a-2"}}}
    assert only_marks(before, after)
    assert summary(before, after) == "label helm.sh/chart"
