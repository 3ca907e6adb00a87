"""Server-side apply keeps book of who owns which field."""

from __future__ import annotations

from typing import Any

from tests.sim.conftest import CONFIG_MAPS, DEPLOYMENTS, Api, config_map, deployment

MERGE = "application/merge-patch+json"


def owners(obj: Any) -> dict[str, str]:
    return {entry["manager"]: entry["operation"] for entry in obj["metadata"]["managedFields"]}


async def test_apply_creates_and_notes_its_owner(api: Api) -> None:
    answer = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="one")
    assert answer.status == 201
    assert owners(answer.body) == {"one": "Apply"}
    assert "f:x" in answer.body["metadata"]["managedFields"][0]["fieldsV1"]["f:data"]


async def test_a_field_of_another_manager_is_a_conflict(api: Api) -> None:
    await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="one")
    refused = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="2"), manager="two")
    assert refused.status == 409
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    assert refused.body["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    forced = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="2"), manager="two", force=True)
    assert forced.body["data"] == {"x": "2"}
    assert owners(forced.body) == {"two": "Apply"}


async def test_equal_values_are_owned_together(api: Api) -> None:
    await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="one")
    shared = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="two")
    assert owners(shared.body) == {"one": "Apply", "two": "Apply"}
    dropped = await api.apply(f"{CONFIG_MAPS}/a", config_map("a"), manager="one")
    assert dropped.body["data"] == {"x": "1"}


async def test_what_is_no_longer_applied_goes(api: Api) -> None:
    await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1", y="2"), manager="one")
    await api.ask("PATCH", f"{CONFIG_MAPS}/a", {"data": {"z": "3"}}, kind=MERGE)
    left = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="one")
    assert left.body["data"] == {"x": "1", "z": "3"}


async def test_list_maps_merge_by_key_and_lose_dropped_items(api: Api) -> None:
    body = deployment("web", replicas=0)
    pod = body["spec"]["template"]["spec"]
    pod["containers"][0]["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    await api.apply(f"{DEPLOYMENTS}/web", body, manager="one")
    sidecar = deployment("web", replicas=0)
    sidecar["spec"] = {"template": {"spec": {"containers": [{"name": "log", "image": "log:1"}]}}}
    both = await api.apply(f"{DEPLOYMENTS}/web", sidecar, manager="two")
    assert {c["name"] for c in both.body["spec"]["template"]["spec"]["containers"]} == {"main", "log"}
    pod["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    kept = await api.apply(f"{DEPLOYMENTS}/web", body, manager="one")
    by_name = {c["name"]: c for c in kept.body["spec"]["template"]["spec"]["containers"]}
    assert by_name["main"]["env"] == [{"name": "A", "value": "1"}]
    assert by_name["log"]["image"] == "log:1"


async def test_a_repeated_apply_makes_no_version(api: Api) -> None:
    first = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="one")
    again = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="one")
    assert again.status == 200
    assert again.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]


async def test_an_update_takes_the_fields_it_changes(api: Api) -> None:
    await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1", y="1"), manager="one")
    edited = await api.ask("PATCH", f"{CONFIG_MAPS}/a?fieldManager=hand", {"data": {"x": "9"}}, kind=MERGE)
    assert owners(edited.body) == {"one": "Apply", "hand": "Update"}
    refused = await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1", y="1"), manager="one")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "hand" using v1: .data.x'


async def test_a_dry_run_of_apply_says_what_would_be(api: Api) -> None:
    await api.apply(f"{CONFIG_MAPS}/a", config_map("a", x="1"), manager="one")
    path = f"{CONFIG_MAPS}/a?fieldManager=one&dryRun=All"
    said = await api.ask("PATCH", path, config_map("a", x="2"), kind="application/apply-patch+yaml")
    assert said.body["data"] == {"x": "2"}
    assert (await api.get(f"{CONFIG_MAPS}/a"))["data"] == {"x": "1"}


async def test_apply_without_a_manager_is_refused(api: Api) -> None:
    answer = await api.ask("PATCH", f"{CONFIG_MAPS}/a", config_map("a"), kind="application/apply-patch+yaml")
    assert answer.status == 400
