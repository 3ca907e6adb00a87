"""What release records say, as Helm 3, Helm 4 and Captain really wrote them, and as nobody should have."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from acp_tui.model.errors import RecordError
from acp_tui.model.objects import Meta
from acp_tui.model.release import ReleaseRef, Store
from acp_tui.wire import helm

FIXTURES = Path(__file__).parent.parent / "fixtures"
REF = ReleaseRef("east", "default", "web")


def secret(major: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / "helm" / f"helm{major}-secret.json").read_text())
    return found


def captain(step: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = yaml.safe_load((FIXTURES / "captain" / f"{step}-workload-releases.yaml").read_text())[
        "items"
    ]
    return items


def packed(raw: bytes) -> str:
    return base64.b64encode(gzip.compress(raw)).decode()


@pytest.mark.parametrize("major", [3, 4])
def test_a_secret_that_helm_wrote_is_read_whole(major: int) -> None:
    release = helm.decode_secret(secret(major)["data"]["release"])
    told = helm.body(release, REF)
    assert (told.revision, told.status) == (1, "deployed")
    assert (told.chart, told.chart_version, told.app_version) == ("web", "1.0.0", "1.0.0")
    assert told.values["replicas"] == 1
    assert told.chart_values["replicas"] == 2
    assert told.description == "Install complete"
    assert "answers at" in told.notes
    assert "kind: Deployment" in told.manifest
    assert told.last_deployed_at == pytest.approx(1795266543, abs=3)
    assert told.apply_method == ("ssa" if major == 4 else "")


@pytest.mark.parametrize("major", [3, 4])
def test_a_hook_tells_when_it_runs_and_how_it_went(major: int) -> None:
    (hook,) = helm.body(helm.decode_secret(secret(major)["data"]["release"]), REF).hooks
    assert (hook.kind, hook.events, hook.last_phase) == ("Job", ("pre-install",), "Succeeded")
    assert hook.delete_policies == ("before-hook-creation",)
    assert hook.last_started_at is not None
    assert hook.last_completed_at is not None
    assert hook.last_completed_at > hook.last_started_at


@pytest.mark.parametrize("major", [3, 4])
def test_decoding_and_encoding_lose_nothing(major: int) -> None:
    release = helm.decode_secret(secret(major)["data"]["release"])
    assert helm.decode_secret(helm.encode_secret(release)) == release
    assert helm.decode_record(helm.encode_record(release)) == release
    assert helm.encode_record(release) == helm.encode_record(json.loads(json.dumps(release)))


def test_the_short_way_to_a_body_gives_the_same_body() -> None:
    payload = base64.b64decode(secret(4)["data"]["release"]).decode()
    assert helm.decode_body(payload, REF) == helm.body(helm.decode_record(payload), REF, size=len(payload))


def test_records_from_before_gzip_are_read() -> None:
    plain = json.dumps({"name": "old", "version": 2, "info": {"status": "deployed", "last_deployed": ""}})
    for payload in (base64.b64encode(plain.encode()).decode(), plain):
        told = helm.body(helm.decode_record(payload), REF)
        assert (told.revision, told.status, told.last_deployed_at) == (2, "deployed", None)


def test_go_s_zero_time_is_no_time() -> None:
    told = helm.body({"info": {"first_deployed": "0001-01-01T00:00:00Z"}}, REF)
    assert told.first_deployed_at is None


def test_captain_keeps_the_same_release_in_four_parts() -> None:
    old, new = (helm.body(helm.decode_captain(item["spec"], item["status"]), REF) for item in captain("2-upgraded"))
    assert (old.revision, old.status, old.chart_version, old.values) == (1, "superseded", "1.0.0", {"replicas": 2})
    assert (new.revision, new.status, new.chart_version, new.values) == (2, "deployed", "1.1.0", {"replicas": 3})
    assert new.chart_values == {"replicas": 1}
    assert "\n  replicas: 3\n" in new.manifest
    assert new.hooks == ()


def test_captain_s_failed_revision_keeps_the_reason() -> None:
    failed = captain("4-apply-refused")[-1]
    told = helm.body(helm.decode_captain(failed["spec"], failed["status"]), REF)
    assert told.status == "failed"
    assert told.description.startswith('Upgrade "web" failed: cannot patch "web"')


@pytest.mark.parametrize("step", ["1-installed", "5-rolled-back-by-spec"])
def test_captain_s_encoding_loses_nothing(step: str) -> None:
    for item in captain(step):
        release = helm.decode_captain(item["spec"], item["status"])
        assert helm.decode_captain(helm.encode_captain(release), helm.captain_status(release)) == release


def test_a_captain_part_that_is_broken_is_named() -> None:
    spec = captain("1-installed")[0]["spec"] | {"configData": "AAAA!"}
    with pytest.raises(RecordError, match="configData is not base64"):
        helm.decode_captain(spec)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ("", "is empty"),
        ("not base64!", "is not base64"),
        ("é", "outside ASCII"),
        (packed(b'{"a": 1}' * 50)[:24], "cut off"),
        (base64.b64encode(b"\x1f\x8b\x08 no gzip").decode(), "is not gzip data"),
        (packed(b"[1, 2]"), "is not what Helm writes"),
        (packed(b'{"a": "\xff"}'), "is not what Helm writes"),
        (packed(b'{"a":' * 100_000), "is not what Helm writes"),
        (packed(b"<html>"), "is not what Helm writes"),
    ],
)
def test_a_broken_payload_says_what_is_broken(payload: str, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        helm.decode_record(payload)


def test_a_decompression_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = packed(b'{"a": "' + b"0" * (helm.MAX_BYTES + 1) + b'"}')
    assert len(bomb) < 200_000
    with pytest.raises(RecordError, match="inflates to more than"):
        helm.decode_record(bomb)


@pytest.mark.parametrize("release", [{"chart": 3}, {"hooks": "x"}, {"version": "one"}, {"info": {"status": 1}}])
def test_json_of_another_shape_says_where(release: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match=r"\$\."):
        helm.body(release, REF)


def test_a_description_of_several_lines_is_told_on_one() -> None:
    said = "Upgrade failed: 1 error occurred:\n\t* job migrate failed: BackoffLimitExceeded\n\n"

    told = helm.body({"info": {"description": said}}, REF)

    assert told.description == "Upgrade failed: 1 error occurred: * job migrate failed: BackoffLimitExceeded"


def test_what_is_shown_is_clean_and_what_is_used_is_exact() -> None:
    evil = "\x1b]0;owned\x07"
    told = helm.body(
        {
            "manifest": f"a: {evil}",
            "config": {"k": evil},
            "chart": {"metadata": {"name": evil}},
            "info": {"status": evil, "description": evil, "notes": f"one\n{evil}"},
            "hooks": [{"name": evil, "manifest": evil}],
        },
        REF,
    )
    for shown in (told.chart, told.status, told.description, told.notes, told.hooks[0].name):
        assert "\x1b" not in shown
    assert told.notes.startswith("one\n")
    assert (told.manifest, told.values, told.hooks[0].manifest) == (f"a: {evil}", {"k": evil}, evil)


def meta(**labels: str) -> Meta:
    return Meta(
        name="sh.helm.release.v1.web.v3",
        namespace="shop",
        uid="u",
        resource_version="7",
        creation_timestamp="2026-11-21T10:00:00Z",
        labels=dict(labels),
    )


def test_a_line_of_history_needs_the_labels_alone() -> None:
    found = helm.revision_of(
        meta(owner="helm", name="web", status="deployed", version="3", modifiedAt="1795258546"), "east", Store.SECRET
    )
    assert found is not None
    assert found.ref == ReleaseRef("east", "shop", "web", Store.SECRET)
    assert (found.revision, found.status, found.updated_at, found.unreadable) == (3, "deployed", 1795258546, "")
    assert (found.object_name, found.uid, found.resource_version) == ("sh.helm.release.v1.web.v3", "u", "7")


def test_a_superseded_revision_dates_from_its_creation() -> None:
    found = helm.revision_of(
        meta(owner="helm", name="web", status="superseded", version="3", modifiedAt="1795258546"), "east", Store.SECRET
    )
    assert found is not None
    assert found.updated_at == 1795255200


def test_a_secret_that_is_no_record_is_no_revision() -> None:
    assert helm.revision_of(Meta(name="token", labels={"owner": "me"}), "east", Store.SECRET) is None
    assert helm.revision_of(Meta(name="token"), "east", Store.SECRET) is None


def test_a_record_without_its_labels_is_shown_as_unreadable() -> None:
    found = helm.revision_of(meta(), "east", Store.SECRET)
    assert found is not None
    assert (found.ref.name, found.revision, found.status) == ("web", 3, "unknown")
    assert found.unreadable == "label name is missing, label status is missing, label version is missing"


def test_a_revision_number_out_of_all_measure_is_unreadable() -> None:
    strange = Meta(name="x", labels={"owner": "helm", "name": "x", "status": "deployed", "version": "9" * 40})
    found = helm.revision_of(strange, "east", Store.SECRET)
    assert found is not None
    assert "no revision number" in found.unreadable
