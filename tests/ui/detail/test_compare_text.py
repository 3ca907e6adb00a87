"""What differs between two revisions."""

from __future__ import annotations

from acp_tui.ui.screens.compare_text import compare_lines
from acp_tui.ui.widgets.tint import text_of
from tests.ui.detail.plans import plan

VALUES = "--- a/values\n+++ b/values\n@@ -1 +1 @@\n-pool: 20\n+pool: 40\n@@ -9 +9 @@\n-x: 1\n+x: 2\n"


def said(values: str = VALUES) -> tuple[list[str], list[int]]:
    lines, starts = compare_lines(plan().effects, values)
    return [line if isinstance(line, str) else text_of(line) for line in lines], starts


def test_values_come_first_then_each_object_under_its_own_head() -> None:
    lines, _ = said()
    assert lines[0] == "Values"
    assert "Deployment payments-api  changed  image 1.9.2 → 1.9.1, env POOL 40 → 20" in lines
    assert not any(line.startswith(("---", "+++")) for line in lines)


def test_each_hunk_is_a_change_to_walk_to() -> None:
    lines, starts = said()
    assert [lines[start] for start in starts] == ["@@ -1 +1 @@", "@@ -9 +9 @@", "@@ -12,3 +12,3 @@", "-a: 1"]


def test_what_is_equal_is_one_line() -> None:
    lines, _ = said("")
    assert lines[0] == "Values  equal"
    assert lines[-1] == "1 more equal (Service 1)"
