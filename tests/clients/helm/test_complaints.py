"""What Helm 3 and 4 say when something is wrong, sorted; the messages are recorded ones."""

from __future__ import annotations

import pytest

from acp_tui.clients.helm.complaints import error_of, explain, plain
from acp_tui.model.errors import ChartError, EngineError


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("execution error at (web/templates/x.yaml:2:5): boom", "does not render"),
        ("parse error at (web/templates/x.yaml:2): unclosed action", "does not render"),
        (
            "YAML parse error on web/templates/x.yaml: error converting YAML to JSON: yaml: line 2: mapping values",
            "does not render",
        ),
        (
            'template: web/templates/x.yaml:1:13: executing "web/templates/x.yaml" at <.Values.a.b.c>: nil pointer',
            "does not render",
        ),
        ('web/templates/x.yaml:1:13\n  executing "web/templates/x.yaml" at <.Values.a.b.c>:', "does not render"),
        ("cannot load values.yaml: error converting YAML to JSON: yaml: mapping", "defaults that are not YAML"),
        ("values don't meet the specifications of the schema(s) in the following chart(s):\nweb:", "take these values"),
        ('Get "https://127.0.0.1:1/v2/a/tags/list": dial tcp 127.0.0.1:1: connect: connection refused', "be fetched"),
        ('failed to perform "FetchReference" on source: 127.0.0.1:1/charts/nope:1.1.0: not found', "be fetched"),
        (
            "An error occurred while checking for chart dependencies: found in Chart.yaml, but missing in charts/ "
            "directory: db",
            "lacks a dependency",
        ),
    ],
)
def test_the_chart_is_named_when_it_is_at_fault(message: str, title: str) -> None:
    error = explain(message, chart="web")
    assert isinstance(error, ChartError)
    assert error.title.startswith("Chart web ")
    assert title in error.title
    assert error.tried == message


@pytest.mark.parametrize(
    ("message", "title"),
    [
        (
            'Unable to continue with install: ConfigMap "b" in namespace "default" exists and cannot be imported into '
            'the current release: invalid ownership metadata; label validation error: missing key "x"',
            "belongs to something else",
        ),
        ("another operation (install/upgrade/rollback) is in progress", "left unfinished"),
        ("cannot re-use a name that is still in use", "exists already"),
        ("release name check failed: cannot reuse a name that is still in use", "exists already"),
        ('"nope" has no deployed releases', "ever deployed"),
        ("release: not found", "not exist any more"),
        ("uninstall: Release not loaded: nope: release: not found", "not exist any more"),
        ("release has no 77 version", "not exist any more"),
        (
            'unable to build kubernetes objects from release manifest: resource mapping not found for name: "x" '
            'namespace: "" from "": no matches for kind "Nope" in version "nope/v1"\nensure CRDs are installed first',
            "does not serve a kind",
        ),
        ('Kubernetes cluster unreachable: Get "http://localhost:8080/version": dial tcp', "cannot reach the cluster"),
        ('secrets is forbidden: User "me" cannot list resource "secrets"', "does not allow"),
        ("something new", "Helm reports an error"),
    ],
)
def test_the_rest_gets_a_title_and_advice(message: str, title: str) -> None:
    error = explain(message)
    assert isinstance(error, EngineError)
    assert title in error.title
    assert error.tried == message
    assert error.advice


def test_an_error_ends_where_the_stack_trace_begins() -> None:
    lines = [
        "client.go:1: noise",
        "Error: UPGRADE FAILED: one",
        "two",
        "helm.go:92: 2026-11-21 [debug] one",
        "main.main",
    ]
    assert error_of(lines) == "one\ntwo"
    assert error_of(["a", "b", "c", "panic: d"]) == "b\nc\npanic: d"
    assert error_of([]) == ""


def test_a_message_shows_no_object_and_no_end() -> None:
    secret = 'Invalid value: "{\\"kind\\":\\"Secret\\",\\"data\\":{\\"p\\":\\"aHVudGVyMg==\\"}}": json'
    assert "aHVudGVyMg" not in str(explain(secret))
    assert len(explain("x" * 100_000).tried) == 2000


def test_debug_lines_lose_clock_and_source() -> None:
    assert plain("wait.go:114: 2026-11-21 12:58:10.03 +0000 UTC m=+0.18 [debug] beginning wait") == "beginning wait"
    assert plain('level=WARN msg="upgrade failed" name=web') == "upgrade failed name=web"
    assert plain("\x1b[31mred") == "␛[31mred"
