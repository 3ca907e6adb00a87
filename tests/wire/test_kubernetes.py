"""Answers of an API server become projections; what is odd in them costs the odd object alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acp_tui.model.objects import Object, Pod, Workload
from acp_tui.wire.kubernetes import (
    Unreadable,
    decode_event,
    decode_list,
    decode_one,
    decode_status,
    timestamp,
)


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "resourceVersion": "7"}, "status": status}


def test_a_page_tells_where_to_watch_from_and_how_to_go_on() -> None:
    meta = {"resourceVersion": "120", "continue": "abc", "remainingItemCount": 17}
    page = decode_list(encoded({"metadata": meta, "items": [pod("web", phase="Running")]}), Pod)

    assert (page.resource_version, page.continue_token, page.remaining) == ("120", "abc", 17)
    assert page.items[0].status is not None
    assert page.items[0].status.phase == "Running"


@pytest.mark.parametrize("items", [None, []])
def test_an_empty_list_may_be_null(items: Any) -> None:
    assert decode_list(encoded({"metadata": {"resourceVersion": "1"}, "items": items}), Pod).items == []


def test_nulls_everywhere_are_read_as_absent() -> None:
    odd = {
        "metadata": {"name": "odd", "labels": {"a": None}, "ownerReferences": [None], "finalizers": None},
        "spec": {"containers": [None, {"name": "app", "resources": {"requests": {"cpu": None}}}]},
        "status": {"conditions": [None, {"type": "Ready", "status": None}], "containerStatuses": None},
    }
    page = decode_list(encoded({"metadata": None, "items": [odd, pod("web")]}), Pod)

    assert [item.metadata.name for item in page.items] == ["odd", "web"]
    assert page.items[0].spec is not None
    assert [container.name for container in page.items[0].spec.containers or ()] == ["app"]
    assert page.skipped == 0


def test_a_field_of_a_wrong_type_leaves_the_object_with_an_unknown_state() -> None:
    odd = {"metadata": {"name": "odd"}, "spec": {"replicas": {"not": "a number"}}, "status": {"readyReplicas": 3}}
    page = decode_list(encoded({"items": [odd]}), Workload)

    assert page.items[0].metadata.name == "odd"
    assert page.items[0].status is None


def test_numbers_sent_as_text_are_read_leniently() -> None:
    odd = {"metadata": {"name": "odd"}, "spec": {"replicas": "3"}}

    found = decode_one(encoded(odd), Workload)

    assert found.spec is not None
    assert found.spec.replicas == 3


def test_what_is_no_object_at_all_is_skipped_and_counted() -> None:
    page = decode_list(encoded({"items": [None, "text", {"metadata": "text"}, pod("web")]}), Pod)

    assert [item.metadata.name for item in page.items] == ["web"]
    assert page.skipped == 3


@pytest.mark.parametrize("body", [b"", b"<html><body>502", b'{"items": [', b'"text"', b"\xff"])
def test_what_is_no_kubernetes_json_is_told(body: bytes) -> None:
    for decode in (decode_list, decode_one, decode_event):
        with pytest.raises(Unreadable) as caught:
            decode(body, Pod)
        assert caught.value.advice


def test_a_web_page_is_called_one() -> None:
    with pytest.raises(Unreadable, match="web page"):
        decode_list(b"<!DOCTYPE html><title>Sign in</title>", Pod)


def test_events_carry_the_object_and_where_to_resume() -> None:
    event = decode_event(encoded({"type": "MODIFIED", "object": pod("web")}), Pod)

    assert event.type == "MODIFIED"
    assert event.object is not None
    assert event.object.metadata.name == "web"
    assert event.resource_version == "7"


def test_an_unreadable_object_still_moves_the_watch_on() -> None:
    event = decode_event(encoded({"type": "ADDED", "object": {"metadata": {"name": 1, "resourceVersion": "9"}}}), Pod)

    assert event.object is None
    assert event.resource_version == "9"


def test_bookmarks_carry_a_version_and_may_end_the_initial_events() -> None:
    annotated = {"resourceVersion": "42", "annotations": {"k8s.io/initial-events-end": "true"}}
    plain = decode_event(encoded({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "41"}}}), Pod)
    last = decode_event(encoded({"type": "BOOKMARK", "object": {"metadata": annotated}}), Pod)

    assert (plain.resource_version, plain.initial_events_end) == ("41", False)
    assert (last.resource_version, last.initial_events_end) == ("42", True)


def test_an_error_event_carries_a_status() -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (2)"}
    event = decode_event(encoded({"type": "ERROR", "object": status}), Object)

    assert event.status is not None
    assert (event.status.code, event.status.reason) == (410, "Expired")


def test_a_status_names_the_fields_that_were_refused() -> None:
    body = {
        "kind": "Status",
        "code": 422,
        "reason": "Invalid",
        "message": "Deployment is invalid",
        "details": {"retryAfterSeconds": 2, "causes": [{"field": "spec.selector", "message": "field is immutable"}]},
    }
    status = decode_status(encoded(body))

    assert status.causes == ("spec.selector: field is immutable",)
    assert status.retry_after == 2


@pytest.mark.parametrize(
    ("body", "message"), [(b"404 page not found\n", "404 page not found"), (b"<html>", ""), (b"", "")]
)
def test_an_error_body_that_is_no_status_gives_its_plain_words_only(body: bytes, message: str) -> None:
    assert decode_status(body).message == message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T08:01:00+08:00", 60.0),
        ("1970-01-01T00:00:00.123456789Z", 0.123456),
        ("0001-01-01T00:00:00Z", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_times_become_epoch_seconds(text: str | None, seconds: float | None) -> None:
    assert timestamp(text) == seconds
