"""The three client patches do what their specifications say."""

from __future__ import annotations

from typing import Any

import pytest

from acp_tui.sim.answers import ApiError
from acp_tui.sim.patch import json_patch, merge, strategic
from tests.sim.conftest import DEPLOYMENTS, Api, deployment


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        ({"a": 1, "b": {"c": 2}}, {"b": {"c": None, "d": 3}}, {"a": 1, "b": {"d": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({}, {"a": {"b": None}}, {"a": {}}),
    ],
)
def test_merge_patch(target: Any, change: Any, result: Any) -> None:
    assert merge(target, change) == result


def containers(*entries: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(entries)}}


@pytest.mark.parametrize(
    ("change", "result"),
    [
        (
            containers({"name": "a", "image": "2"}),
            containers({"name": "a", "image": "2", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "1"}),
        ),
        (
            containers({"name": "b", "$patch": "delete"}),
            containers({"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}),
        ),
        (
            containers({"name": "c", "image": "9"}),
            containers(
                {"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]},
                {"name": "b", "image": "1"},
                {"name": "c", "image": "9"},
            ),
        ),
        (
            containers({"name": "a", "env": [{"name": "X", "$patch": "delete"}, {"name": "Y", "value": "2"}]}),
            containers({"name": "a", "image": "1", "env": [{"name": "Y", "value": "2"}]}, {"name": "b", "image": "1"}),
        ),
        (containers({"$patch": "replace"}, {"name": "z", "image": "1"}), containers({"name": "z", "image": "1"})),
        (
            {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
            containers({"name": "b", "image": "1"}, {"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}),
        ),
    ],
    ids=["change", "delete", "add", "nested", "replace", "reorder"],
)
def test_strategic_merge_knows_list_keys(change: Any, result: Any) -> None:
    live = containers({"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "1"})
    assert strategic(live, change) == result


def test_strategic_merge_directives() -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic(live, change) == {"spec": {"strategy": {"type": "Recreate"}}}
    held = {"metadata": {"finalizers": ["a", "b"]}}
    assert strategic(held, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}) == {
        "metadata": {"finalizers": ["b"]}
    }


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3]}),
        ({"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"op": "replace", "path": "/a/1", "value": 9}, {"a": [1, 9]}),
        ({"op": "move", "from": "/a", "path": "/b~1c"}, {"b/c": [1, 2]}),
        ({"op": "copy", "from": "/a/0", "path": "/b"}, {"a": [1, 2], "b": 1}),
        ({"op": "test", "path": "/a/0", "value": 1}, {"a": [1, 2]}),
    ],
)
def test_json_patch(operation: Any, result: Any) -> None:
    assert json_patch({"a": [1, 2]}, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a/0", "value": 5},
        {"op": "remove", "path": "/x"},
        {"op": "replace", "path": "/a/7", "value": 1},
    ],
)
def test_json_patch_refuses_what_is_not_there(operation: Any) -> None:
    with pytest.raises(ApiError) as refused:
        json_patch({"a": [1, 2]}, [operation])
    assert refused.value.code == 422


async def test_each_patch_by_its_media_type(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment("web", replicas=0))
    by_name = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "web:2"}]}}}}
    kept = await api.ask("PATCH", f"{DEPLOYMENTS}/web", by_name, kind="application/strategic-merge-patch+json")
    assert kept.body["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "100m"
    operations = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:3"}]
    patched = await api.ask("PATCH", f"{DEPLOYMENTS}/web", operations, kind="application/json-patch+json")
    assert patched.body["spec"]["template"]["spec"]["containers"][0]["image"] == "web:3"
    assert (await api.ask("PATCH", f"{DEPLOYMENTS}/web", {}, kind="text/plain")).status == 415


async def test_scale_is_a_resource_of_its_own(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment("web", replicas=1))
    scale = await api.get(f"{DEPLOYMENTS}/web/scale")
    assert (scale["kind"], scale["apiVersion"], scale["spec"]["replicas"]) == ("Scale", "autoscaling/v1", 1)
    scale["spec"]["replicas"] = 3
    scale["metadata"].pop("resourceVersion")
    assert (await api.ask("PUT", f"{DEPLOYMENTS}/web/scale", scale)).body["spec"]["replicas"] == 3
    assert (await api.get(f"{DEPLOYMENTS}/web"))["spec"]["replicas"] == 3
