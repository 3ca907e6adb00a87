"""The status tree as lines: trouble stands open, health is one line."""

from __future__ import annotations

from acp_tui.model.application import TreeNode
from acp_tui.model.health import Health, Verdict
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.screens.folding import Branch, branches


def node(kind: str, name: str, *children: TreeNode, health: Health = Health.HEALTHY, reason: str = "", note: str = "") -> TreeNode:
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


def drawn(lines: list[Branch]) -> list[str]:
    return [line.guide + (line.node.title if line.node else line.summary) for line in lines]


def test_the_failing_branch_is_open_and_the_rest_is_one_line() -> None:
    assert drawn(branches(BROKEN, toggled={})) == [
        "Application payments",
        "├ Deployment api",
        "│ ├ ReplicaSet new",
        "│ │ ├ Pod n1",
        "│ │ └ Pod n2",
        "│ └ ReplicaSet old",
        "├ 3 more (ConfigMap 2, Secret 1)",
        "└ Service api",
    ]


def test_a_reason_that_repeats_the_line_above_is_marked() -> None:
    same = {line.key.rsplit("/", 1)[1]: line.same for line in branches(BROKEN, toggled={}) if line.node}
    assert same["n2"]
    assert not same["n1"]


def test_a_person_opens_and_closes_what_they_want() -> None:
    lines = branches(BROKEN, toggled={})
    fold = next(line.key for line in lines if line.folded)
    old = next(line.key for line in lines if line.node and line.node.ref.name == "old")
    deployment = next(line.key for line in lines if line.node and line.node.ref.kind == "Deployment")
    assert "├ ConfigMap a" in drawn(branches(BROKEN, toggled={fold: True}))
    assert "│   └ 2 more (Pod 2)" in drawn(branches(BROKEN, toggled={old: True}))
    assert not any("ReplicaSet" in text for text in drawn(branches(BROKEN, toggled={deployment: False})))


def test_a_hundred_pods_with_one_trouble_are_three_and_a_count() -> None:
    pods = [node("Pod", f"p{n}", health=Health.DEGRADED, reason="OOMKilled") for n in range(100)]
    lines = branches(node("ReplicaSet", "rs", *pods, health=Health.DEGRADED), toggled={})
    assert drawn(lines)[-1] == "└ 97 more (Pod 97)"
    assert len(lines) == 5
    assert lines[-1].verdict.health is Health.DEGRADED


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
    folds = [line for line in branches(tree, toggled={}) if line.folded]
    assert [(line.verdict.health, line.summary) for line in folds] == [
        (Health.UNKNOWN, "2 more (Widget 2)"),
        (Health.HEALTHY, "2 more (ConfigMap 2)"),
    ]


def test_guides_have_a_plain_form() -> None:
    assert drawn(branches(BROKEN, toggled={}, ascii_guides=True))[-1] == "`-Service api"
