"""Release records are listed by metadata and opened one at a time, wherever they are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from acp_tui.clients.helm.records import Records
from acp_tui.model.errors import RecordError
from acp_tui.model.release import ReleaseRef, Store
from tests.fakes.answers import FakeAnswers

FIXTURES = Path(__file__).parents[2] / "fixtures"
SECRETS = "/api/v1/secrets"
CAPTAIN = "/apis/app.alauda.io/v1alpha1/namespaces/default/releases"


def line(name: str, version: int, status: str, namespace: str = "shop", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"sh.helm.release.v1.{name}.v{version}",
            "namespace": namespace,
            "labels": {"owner": "helm", "name": name, "version": str(version), "status": status, **labels},
        }
    }


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": list(items)}


async def test_a_list_asks_for_metadata_of_the_newest_alone() -> None:
    transport = FakeAnswers({SECRETS: listed(line("web", 3, "deployed"))})
    (found,) = await Records(transport).newest(Store.SECRET)
    assert (found.ref, found.revision) == (ReleaseRef("east", "shop", "web"), 3)
    ((path, params, accept),) = transport.asked
    assert path == SECRETS
    assert params["labelSelector"] == "owner=helm,status!=superseded"
    assert params["fieldSelector"] == "type=helm.sh/release.v1"
    assert "PartialObjectMetadataList" in accept


async def test_of_several_revisions_the_highest_stands_for_the_release() -> None:
    transport = FakeAnswers(
        {
            SECRETS: listed(
                line("web", 9, "deployed"), line("web", 10, "pending-upgrade"), line("web", 1, "deployed", "other")
            )
        }
    )
    found = await Records(transport).newest(Store.SECRET)
    assert [(one.ref.namespace, one.revision, one.status) for one in found] == [
        ("other", 1, "deployed"),
        ("shop", 10, "pending-upgrade"),
    ]


async def test_a_record_with_broken_labels_is_a_row_of_its_own_and_hides_none() -> None:
    broken = line("web", 4, "deployed")
    broken["metadata"]["labels"] = {"owner": "helm", "name": "web", "status": "deployed"}
    broken["metadata"]["name"] = "sh.helm.release.v1.web.v4"
    found = await Records(FakeAnswers({SECRETS: listed(line("web", 3, "deployed"), broken)})).newest(Store.SECRET)
    assert [(one.revision, bool(one.unreadable)) for one in found] == [(3, False), (4, True)]


async def test_a_namespace_and_config_maps_have_their_own_paths() -> None:
    transport = FakeAnswers({"/api/v1/namespaces/shop/configmaps": listed(line("web", 1, "deployed"))})
    (found,) = await Records(transport).newest(Store.CONFIGMAP, namespace="shop")
    assert found.ref.store is Store.CONFIGMAP
    assert "fieldSelector" not in transport.asked[0][1]


async def test_a_history_is_one_request_newest_first() -> None:
    items = [line("web", number, "superseded") for number in range(1, 11)]
    transport = FakeAnswers({"/api/v1/namespaces/shop/secrets": listed(*items)})
    found = await Records(transport).history(ReleaseRef("east", "shop", "web"))
    assert [one.revision for one in found] == list(range(10, 0, -1))
    assert [params["labelSelector"] for _, params, _ in transport.asked] == ["owner=helm,name=web"]


@pytest.mark.parametrize("major", [3, 4])
async def test_a_payload_is_one_get(major: int) -> None:
    secret = json.loads((FIXTURES / "helm" / f"helm{major}-secret.json").read_text())
    name = secret["metadata"]["name"]
    transport = FakeAnswers({f"/api/v1/namespaces/default/secrets/{name}": secret})
    ref = ReleaseRef("east", "default", f"rec-helm{major}")
    body = await Records(transport).body(ref, 1)
    assert (body.chart, body.status, body.size) == ("web", "deployed", len(secret["data"]["release"]))
    assert len(transport.asked) == 1
    stored = await Records(transport).record(ref, 1)
    assert (stored.uid, stored.object_name) == (secret["metadata"]["uid"], name)
    assert "replicas" not in repr(stored)


async def test_captain_s_records_open_alike() -> None:
    items = yaml.safe_load((FIXTURES / "captain" / "2-upgraded-workload-releases.yaml").read_text())["items"]
    transport = FakeAnswers(
        {CAPTAIN: listed(*items), **{f"{CAPTAIN}/{item['metadata']['name']}": item for item in items}}
    )
    records = Records(transport)
    newest, oldest = await records.history(ReleaseRef("east", "default", "web", Store.CAPTAIN))
    assert (newest.status, oldest.status) == ("deployed", "superseded")
    body = await records.body(newest.ref, newest)
    assert (body.chart_version, body.values, body.description) == ("1.1.0", {"replicas": 3}, "Upgrade complete")


async def test_captain_s_old_names_are_tried_too() -> None:
    item = yaml.safe_load((FIXTURES / "captain" / "1-installed-workload-releases.yaml").read_text())["items"][0]
    records = Records(FakeAnswers({f"{CAPTAIN}/web.v1": item}))
    assert (await records.record(ReleaseRef("east", "default", "web", Store.CAPTAIN), 1)).object_name == "web.v1"


async def test_a_revision_pruned_meanwhile_says_so() -> None:
    with pytest.raises(RecordError) as caught:
        await Records(FakeAnswers({})).body(ReleaseRef("east", "shop", "web"), 3)
    assert caught.value.title == "Revision 3 of web is no longer there"
    assert "sh.helm.release.v1.web.v3" in caught.value.tried
    assert "reload" in caught.value.advice


@pytest.mark.parametrize("data", [{}, {"release": None}, {"release": "%%%"}, None])
async def test_a_corrupt_record_says_what_is_corrupt(data: dict[str, Any] | None) -> None:
    path = "/api/v1/namespaces/shop/secrets/sh.helm.release.v1.web.v3"
    with pytest.raises(RecordError, match="The record's"):
        await Records(FakeAnswers({path: {"metadata": {}, "data": data}})).body(ReleaseRef("east", "shop", "web"), 3)
