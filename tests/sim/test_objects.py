"""Objects are created, changed and deleted as a Kubernetes API server does it."""

from __future__ import annotations

from tests.sim.conftest import CONFIG_MAPS, DEPLOYMENTS, PODS, Api, config_map, deployment


async def test_a_new_object_gets_identity_and_version(api: Api) -> None:
    made = await api.post(CONFIG_MAPS, config_map("a", x="1"))
    meta = made["metadata"]
    assert meta["namespace"] == "default"
    assert meta["uid"]
    assert meta["creationTimestamp"].endswith("Z")
    assert await api.get(f"{CONFIG_MAPS}/a") == made


async def test_a_second_object_of_that_name_is_refused(api: Api) -> None:
    await api.post(CONFIG_MAPS, config_map("a"))
    answer = await api.ask("POST", CONFIG_MAPS, config_map("a"))
    assert answer.status == 409
    assert answer.body["reason"] == "AlreadyExists"
    assert answer.body["message"] == 'configmaps "a" already exists'


async def test_generate_name_makes_different_names(api: Api) -> None:
    names = set()
    for _ in range(3):
        made = await api.post(
            CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "run-"}}
        )
        names.add(made["metadata"]["name"])
    assert len(names) == 3
    assert all(name.startswith("run-") and len(name) == 9 for name in names)


async def test_a_put_of_an_old_version_is_a_conflict(api: Api) -> None:
    old = await api.post(CONFIG_MAPS, config_map("a", x="1"))
    fresh = await api.ask("PUT", f"{CONFIG_MAPS}/a", {**old, "data": {"x": "2"}})
    assert fresh.status == 200
    answer = await api.ask("PUT", f"{CONFIG_MAPS}/a", {**old, "data": {"x": "3"}})
    assert (answer.status, answer.body["reason"]) == (409, "Conflict")
    assert "the object has been modified" in answer.body["message"]


async def test_a_put_that_changes_nothing_makes_no_version(api: Api) -> None:
    made = await api.post(CONFIG_MAPS, config_map("a", x="1"))
    again = await api.ask("PUT", f"{CONFIG_MAPS}/a", made)
    assert again.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_generation_follows_the_spec_alone(api: Api) -> None:
    made = await api.post(DEPLOYMENTS, deployment("web", replicas=0))
    labelled = await api.ask(
        "PATCH", f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"x": "y"}}}, kind="application/merge-patch+json"
    )
    scaled = await api.ask(
        "PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, kind="application/merge-patch+json"
    )
    assert made["metadata"]["generation"] == 1
    assert labelled.body["metadata"]["generation"] == 1
    assert scaled.body["metadata"]["generation"] == 2


async def test_a_dry_run_leaves_nothing_behind(api: Api) -> None:
    version = api.cluster.store.rv
    made = await api.post(f"{CONFIG_MAPS}?dryRun=All", config_map("a"))
    assert made["metadata"]["uid"]
    assert (await api.ask("GET", f"{CONFIG_MAPS}/a")).status == 404
    await api.post(CONFIG_MAPS, config_map("b"))
    gone = await api.ask("DELETE", f"{CONFIG_MAPS}/b?dryRun=All")
    assert gone.status == 200
    assert (await api.ask("GET", f"{CONFIG_MAPS}/b")).status == 200
    assert api.cluster.store.rv == version + 1


async def test_a_finalizer_holds_a_deleted_object(api: Api) -> None:
    body = config_map("a")
    body["metadata"]["finalizers"] = ["example.org/hold"]
    await api.post(CONFIG_MAPS, body)
    held = (await api.ask("DELETE", f"{CONFIG_MAPS}/a")).body
    assert held["metadata"]["deletionTimestamp"]
    await api.ask("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"finalizers": None}}, kind="application/merge-patch+json")
    assert (await api.ask("GET", f"{CONFIG_MAPS}/a")).status == 404


async def test_a_delete_with_a_foreign_uid_is_refused(api: Api) -> None:
    await api.post(CONFIG_MAPS, config_map("a"))
    answer = await api.ask("DELETE", f"{CONFIG_MAPS}/a", {"preconditions": {"uid": "not-this-one"}})
    assert answer.status == 409
    assert (await api.ask("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_the_selector_of_a_deployment_cannot_change(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment("web", replicas=0))
    change = {"spec": {"selector": {"matchLabels": {"app": "other"}}}}
    answer = await api.ask("PATCH", f"{DEPLOYMENTS}/web", change, kind="application/merge-patch+json")
    assert answer.status == 422
    assert "field is immutable" in answer.body["message"]


async def test_bad_names_and_missing_parts_are_named(api: Api) -> None:
    answer = await api.ask("POST", CONFIG_MAPS, config_map("Not_A_Name"))
    assert (answer.status, answer.body["reason"]) == (422, "Invalid")
    assert answer.body["details"]["causes"][0]["field"] == "metadata.name"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}}
    assert "spec.containers: Required value" in (await api.ask("POST", PODS, pod)).body["message"]


async def test_an_unknown_namespace_takes_nothing(api: Api) -> None:
    answer = await api.ask("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a"))
    assert answer.status == 404
    assert answer.body["message"] == 'namespaces "nowhere" not found'


async def test_status_and_spec_are_two_halves(api: Api) -> None:
    made = await api.post(DEPLOYMENTS, deployment("web", replicas=0))
    both = {**made, "spec": {**made["spec"], "replicas": 3}, "status": {"observedGeneration": 77}}
    both["metadata"].pop("resourceVersion")
    half = await api.ask("PUT", f"{DEPLOYMENTS}/web/status", both)
    assert half.body["spec"]["replicas"] == 0
    assert half.body["status"]["observedGeneration"] == 77


async def test_a_custom_kind_is_served_as_soon_as_it_is_defined(api: Api) -> None:
    names = {"kind": "Kite", "plural": "kites", "singular": "kite"}
    version = {"name": "v1", "served": True, "storage": True}
    spec = {"group": "sky.example.org", "scope": "Namespaced", "names": names, "versions": [version]}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "kites.sky.example.org"},
        "spec": spec,
    }
    kites = "/apis/sky.example.org/v1/namespaces/default/kites"
    assert (await api.ask("GET", kites)).status == 404
    await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    await api.until(
        ("apiextensions.k8s.io", "customresourcedefinitions"), lambda found: "conditions" in found[0].get("status", {})
    )
    await api.post(kites, {"apiVersion": "sky.example.org/v1", "kind": "Kite", "metadata": {"name": "red"}})
    listed = await api.get("/apis/sky.example.org/v1/kites")
    assert [kite["metadata"]["name"] for kite in listed["items"]] == ["red"]
    await api.ask("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/kites.sky.example.org")
    assert (await api.ask("GET", kites)).status == 404
