"""Lists select, page, and come in the form that was asked for."""

from __future__ import annotations

import gzip

import pytest

from tests.sim.conftest import CONFIG_MAPS, PODS, Api, config_map

PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
async def shelf(api: Api) -> Api:
    for number in range(7):
        body = config_map(f"c{number}", n=str(number))
        body["metadata"]["labels"] = {"parity": "odd" if number % 2 else "even", "n": str(number)}
        if number == 6:
            body["metadata"]["labels"] = {}
        await api.post(CONFIG_MAPS, body)
    return api


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("parity=odd", ["c1", "c3", "c5"]),
        ("parity==even,n!=0", ["c2", "c4"]),
        ("parity!=odd", ["c0", "c2", "c4", "c6"]),
        ("n in (1,2)", ["c1", "c2"]),
        ("n notin (0,1,2,3)", ["c4", "c5", "c6"]),
        ("parity", ["c0", "c1", "c2", "c3", "c4", "c5"]),
        ("!parity", ["c6"]),
        ("n>3", ["c4", "c5"]),
    ],
)
async def test_label_selectors(shelf: Api, selector: str, names: list[str]) -> None:
    found = await shelf.get(CONFIG_MAPS, params={"labelSelector": selector})
    assert [item["metadata"]["name"] for item in found["items"]] == names


async def test_field_selectors_by_kind(api: Api) -> None:
    for name, kind in (("a", "Opaque"), ("b", "helm.sh/release.v1")):
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind}
        await api.post("/api/v1/namespaces/default/secrets", body)
    found = await api.get("/api/v1/secrets", params={"fieldSelector": "type=helm.sh/release.v1"})
    assert [item["metadata"]["name"] for item in found["items"]] == ["b"]
    assert (await api.ask("GET", PODS, params={"fieldSelector": "spec.colour=red"})).status == 400


async def test_pages_go_through_everything_once(shelf: Api) -> None:
    seen: list[str] = []
    token, versions = "", set()
    while True:
        page = await shelf.get(CONFIG_MAPS, params={"limit": "3", "continue": token})
        seen += [item["metadata"]["name"] for item in page["items"]]
        versions.add(page["metadata"]["resourceVersion"])
        token = page["metadata"].get("continue", "")
        if not token:
            break
        assert page["metadata"]["remainingItemCount"] == 7 - len(seen)
    assert seen == [f"c{n}" for n in range(7)]
    assert len(versions) == 1


async def test_a_page_after_compaction_is_gone_but_can_go_on(shelf: Api) -> None:
    page = await shelf.get(CONFIG_MAPS, params={"limit": "3"})
    await shelf.post(CONFIG_MAPS, config_map("later"))
    shelf.cluster.store.compact()
    gone = await shelf.ask("GET", CONFIG_MAPS, params={"limit": "3", "continue": page["metadata"]["continue"]})
    assert (gone.status, gone.body["reason"]) == (410, "Expired")
    rest = await shelf.get(CONFIG_MAPS, params={"continue": gone.body["details"]["continue"]})
    assert rest["items"][0]["metadata"]["name"] == "c3"


async def test_metadata_only_carries_no_data(shelf: Api) -> None:
    found = await shelf.get(CONFIG_MAPS, headers={"Accept": PARTIAL})
    assert found["kind"] == "PartialObjectMetadataList"
    assert set(found["items"][0]) == {"kind", "apiVersion", "metadata"}


async def test_a_table_has_the_columns_of_kubectl(shelf: Api) -> None:
    found = await shelf.get(
        CONFIG_MAPS, headers={"Accept": f"{TABLE},application/json"}, params={"includeObject": "None"}
    )
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert found["rows"][0]["cells"][:2] == ["c0", 1]
    assert "object" not in found["rows"][0]
    named = await shelf.get(CONFIG_MAPS, headers={"Accept": TABLE})
    assert named["rows"][0]["object"]["metadata"]["name"] == "c0"


async def test_large_answers_are_compressed_when_asked(shelf: Api) -> None:
    async with shelf.session.get(
        shelf.cluster.url + CONFIG_MAPS, headers={**shelf.headers, "Accept-Encoding": "gzip"}, auto_decompress=False
    ) as got:
        raw = await got.read()
    assert got.headers["Content-Encoding"] == "gzip"
    assert b'"ConfigMapList"' in gzip.decompress(raw)


async def test_items_of_built_in_lists_carry_no_type(shelf: Api) -> None:
    found = await shelf.get(CONFIG_MAPS)
    assert found["kind"] == "ConfigMapList"
    assert "kind" not in found["items"][0]


async def test_a_form_nobody_speaks_is_not_acceptable(api: Api) -> None:
    answer = await api.ask("GET", CONFIG_MAPS, headers={"Accept": "application/vnd.kubernetes.protobuf"})
    assert answer.status == 406
