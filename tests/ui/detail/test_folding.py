"""The status tree as lines: trouble stands open, health is one line."""

from __future__ import annotations

from collections.abc import Collection

from acp_tui.model.application import TreeNode
from acp_tui.model.health import Health, Verdict
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.screens.folding import Branch, grow, walk


def node(
    kind: str, name: str, *children: TreeNode, health: Health = Health.HEALTHY, reason: str = "", note: str = ""
) -> TreeNode:
    ref = ObjectRef("prod-east", "", kind, "shop", name)
    return TreeNode(ref, f"{kind} {name}", Verdict(health, reason), note, children)


BROKEN = node(
    "Application",
    "payments",
    node("ConfigMap", "a"),
    node("ConfigMap", "b"),
    node("Secret", "c"),
    node(
        "Deployment",
        "api",
        node("ReplicaSet", "old", node("Pod", "o1"), node("Pod", "o2")),
        node(
            "ReplicaSet",
            "new",
            node("Pod", "n1", health=Health.DEGRADED, reason="ImagePullBackOff"),
            node("Pod", "n2", health=Health.DEGRADED, reason="ImagePullBackOff"),
            health=Health.DEGRADED,
        ),
        health=Health.DEGRADED,
        reason="0/2 new ready",
    ),
    node("Service", "api", note="3 ready endpoints"),
    health=Health.DEGRADED,
)


def drawn(branch: Branch, depth: int = 0, *, opened: Collection[str] = ()) -> list[str]:
    """The lines as a grid walks them, those under closed branches left out."""
    lines = ["  " * depth + branch.title + (f" ({branch.kinds})" if branch.node is None else "")]
    if branch.stands_open or branch.key in opened:
        for child in branch.below:
            lines += drawn(child, depth + 1, opened=opened)
    return lines


def test_the_failing_branch_is_open_and_the_rest_is_one_line() -> None:
    assert drawn(grow(BROKEN)) == [
        "Application payments",
        "  Deployment api",
        "    ReplicaSet new",
        "      Pod n1",
        "      Pod n2",
        "    ReplicaSet old",
        "  3 more (ConfigMap 2, Secret 1)",
        "  Service api",
    ]


def test_a_reason_that_repeats_the_line_above_is_marked() -> None:
    same = {line.title: line.same for line in walk(grow(BROKEN))}
    assert same["Pod n2"]
    assert not same["Pod n1"]


def test_a_shared_line_opens_to_what_it_holds() -> None:
    tree = grow(BROKEN)
    keys = [line.key for line in walk(tree) if line.node is None]
    assert "    ConfigMap a" in drawn(tree, opened=keys)


def test_a_hundred_pods_with_one_trouble_are_three_and_a_count() -> None:
    pods = [node("Pod", f"p{n}", health=Health.DEGRADED, reason="OOMKilled") for n in range(100)]
    tree = grow(node("ReplicaSet", "rs", *pods, health=Health.DEGRADED))
    assert drawn(tree)[-1] == "  97 more (Pod 97)"
    assert len(drawn(tree)) == 5
    assert tree.below[-1].verdict.health is Health.DEGRADED


def test_healthy_pods_beside_a_failing_one_are_one_line() -> None:
    pods = [node("Pod", f"p{n}", note=f"node-{n}") for n in range(5)]
    bad = node("Pod", "bad", health=Health.DEGRADED, reason="OOMKilled")
    tree = grow(node("ReplicaSet", "rs", *pods, bad, health=Health.DEGRADED))
    assert drawn(tree)[1:] == ["  Pod bad", "  5 more (Pod 5)"]


def test_what_is_unknown_is_never_folded_under_a_healthy_line() -> None:
    tree = node(
        "Application",
        "x",
        node("ConfigMap", "a"),
        node("ConfigMap", "b"),
        node("Widget", "c", health=Health.UNKNOWN, reason="no known health rule"),
        node("Widget", "d", health=Health.UNKNOWN, reason="no known health rule"),
        health=Health.UNKNOWN,
    )
    assert [(line.verdict.health, line.kinds) for line in grow(tree).below] == [
        (Health.UNKNOWN, "Widget 2"),
        (Health.HEALTHY, "ConfigMap 2"),
    ]


def test_the_keys_of_a_tree_are_unique() -> None:
    keys = [line.key for line in walk(grow(BROKEN))]
    assert len(keys) == len(set(keys))
