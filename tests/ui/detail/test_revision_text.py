"""The tabs of a revision: everything the record holds, but for its secrets."""

from __future__ import annotations

from acp_tui.insight.mask import MASK
from acp_tui.model.release import Hook, ReleaseBody, ReleaseRef
from acp_tui.ui.screens.revision_text import Tab, masked_manifest, tab_lines
from acp_tui.ui.widgets.tint import text_of

MANIFEST = """---
# Source: api/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: payments
data:
  password: aHVudGVyMg==
---
# Source: api/templates/cm.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: payments}   # kept as written
data:
  log: debug
"""
BODY = ReleaseBody(
    ref=ReleaseRef("prod-east", "shop", "payments-api"),
    revision=42,
    status="deployed",
    chart="api",
    chart_version="1.9.2",
    app_version="1.9.2",
    manifest=MANIFEST,
    values={"pool": 40, "db": {"password": "hunter2"}},
    chart_values={"pool": 20, "replicas": 3},
    notes="Visit [http://x]",
    hooks=(Hook("migrate", "Job", ("pre-upgrade",), 5, ("hook-succeeded",), "Failed", manifest="kind: Job\n"),),
)


def said(tab: Tab, *, revealed: bool = False, body: ReleaseBody = BODY) -> str:
    lines, _ = tab_lines(body, tab, revealed=revealed)
    return "\n".join(line if isinstance(line, str) else text_of(line) for line in lines)


def test_values_hide_what_looks_secret_until_asked() -> None:
    assert said(Tab.VALUES) == f"db:\n  password: {MASK}\npool: 40"
    assert "hunter2" in said(Tab.VALUES, revealed=True)


def test_all_values_are_the_defaults_with_the_users_over_them() -> None:
    assert "pool: 40\nreplicas: 3" in said(Tab.ALL_VALUES)


def test_a_manifest_is_shown_as_written_except_for_its_secrets() -> None:
    shown = said(Tab.MANIFEST)
    assert "aHVudGVyMg==" not in shown
    assert f"password: {MASK}" in shown
    assert "metadata: {name: payments}   # kept as written" in shown
    assert shown.count("# Source: ") == 2
    assert "aHVudGVyMg==" in said(Tab.MANIFEST, revealed=True)


def test_a_document_that_does_not_parse_never_leaks_what_it_may_hold() -> None:
    broken = "---\nkind: Secret\ndata: {password: hunter2\n"
    assert "hunter2" not in masked_manifest(broken)
    assert "does not parse" in masked_manifest(broken)


def test_hooks_say_when_they_run_and_how_the_last_run_ended() -> None:
    assert said(Tab.HOOKS).splitlines()[0] == "Job migrate  pre-upgrade, weight 5  hook-succeeded  last run: Failed"


def test_an_empty_tab_says_why_it_is_empty() -> None:
    body = ReleaseBody(BODY.ref, 1, "deployed", "api", "1", "1", "", {}, {}, "")
    assert said(Tab.VALUES, body=body).startswith("Nobody gave values")
    assert all(said(tab, body=body) for tab in Tab)
