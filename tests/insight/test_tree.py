"""Status trees."""

from __future__ import annotations

from acp_tui.insight.health.custom import NO_RULE
from acp_tui.insight.tree import Leaf, build_tree
from acp_tui.model.application import TreeNode
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Meta, OwnerReference
from acp_tui.model.refs import ObjectRef

OK, BAD = Verdict(Health.HEALTHY), Verdict(Health.DEGRADED, "ImagePullBackOff: registry/pay:1.9.2 not found")
ROOT = ObjectRef("east", "app.k8s.io", "Application", "shop", "pay")


def leaf(kind: str, name: str, verdict: Verdict = OK, *, owner: str = "", hidden: bool = False) -> Leaf:
    owners = (OwnerReference(uid=owner, controller=True),) if owner else ()
    meta = Meta(name=name, uid=name, owner_references=owners)
    return Leaf(ObjectRef("east", "", kind, "shop", name, name), meta, verdict, hidden=hidden)


def outline(node: TreeNode, depth: int = 0) -> list[str]:
    lines = [f"{'  ' * depth}{node.title}: {node.verdict.health}"]
    return lines + [line for child in node.children for line in outline(child, depth + 1)]


def test_objects_hang_below_their_owners_and_what_fails_comes_first() -> None:
    tree = build_tree(
        ROOT,
        "pay",
        [
            leaf("Service", "pay-svc"),
            leaf("Deployment", "aaa"),
            leaf("Deployment", "pay", BAD),
            leaf("ReplicaSet", "pay-new", BAD, owner="pay"),
            leaf("ReplicaSet", "pay-old", Verdict(Health.SUSPENDED), owner="pay", hidden=True),
            leaf("Pod", "pay-new-1", BAD, owner="pay-new"),
        ],
    )

    assert outline(tree) == [
        "pay: Degraded",
        "  Deployment pay: Degraded",
        "    ReplicaSet pay-new: Degraded",
        "      Pod pay-new-1: Degraded",
        "  Deployment aaa: Healthy",
        "  Service pay-svc: Healthy",
    ]
    assert tree.verdict.reason == BAD.reason


def test_a_workloads_word_outranks_its_pods_while_others_take_the_worst() -> None:
    rolling = Verdict(Health.PROGRESSING, "1/3 updated")

    tree = build_tree(
        ROOT,
        "pay",
        [
            leaf("Deployment", "pay", rolling),
            leaf("Pod", "p", BAD, owner="pay"),
            leaf("Widget", "w", Verdict(Health.UNKNOWN, NO_RULE)),
            leaf("Pod", "q", OK, owner="w"),
        ],
    )

    verdicts = {node.ref.name: node.verdict for node in tree.children}
    assert verdicts["pay"] is rolling
    assert verdicts["w"] is OK


def test_what_the_manifest_names_and_the_cluster_lacks_is_missing() -> None:
    tree = build_tree(
        ROOT, "pay", [leaf("Deployment", "pay")], missing=[ObjectRef("east", "", "ConfigMap", "shop", "cfg")]
    )

    assert tree.verdict.health is Health.MISSING


def test_a_circle_of_owners_ends() -> None:
    tree = build_tree(ROOT, "pay", [leaf("A", "a", owner="b"), leaf("B", "b", owner="a"), leaf("Pod", "p")])

    assert [node.ref.name for node in tree.children] == ["p"]
