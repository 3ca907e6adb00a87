"""Status trees: what hangs below what, with the verdicts rolled up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from acp_tui.insight.health.custom import NO_RULE
from acp_tui.insight.health.rollup import roll_up
from acp_tui.insight.hooks import SPENT
from acp_tui.model.application import TreeNode
from acp_tui.model.health import Health, Verdict
from acp_tui.model.objects import Meta
from acp_tui.model.refs import ObjectRef

_ORDER = {
    kind: rank
    for rank, kind in enumerate(
        [
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "CronJob",
            "Job",
            "ReplicaSet",
            "Pod",
            "Service",
            "Ingress",
        ]
    )
}
_JUDGED_WITH_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


class Leaf(Struct, frozen=True):
    """An object before it has its place; `verdict` of a workload already takes its pods into account."""

    ref: ObjectRef
    meta: Meta
    verdict: Verdict
    note: str = ""
    hidden: bool = False


def build_tree(
    root: ObjectRef, title: str, leaves: Iterable[Leaf], *, missing: Iterable[ObjectRef] = (), note: str = ""
) -> TreeNode:
    """The tree of one application or release.

    Objects hang below their owner (by uid, the controlling owner first), everything without one below the root. What
    is `hidden` (ReplicaSets scaled to zero, finished Jobs of a CronJob) is left out unless something hangs below it.
    `missing` are objects a manifest names and the cluster does not have.
    """
    known = list({leaf.ref.key: leaf for leaf in leaves}.values())
    by_uid: dict[str | None, Leaf] = {leaf.meta.uid: leaf for leaf in known if leaf.meta.uid}
    below: dict[str, list[Leaf]] = defaultdict(list)
    top: list[Leaf] = []
    for leaf in known:
        parent = owner_uid(leaf.meta, by_uid)
        (below[parent] if parent else top).append(leaf)
    children = [node for leaf in top if (node := _node(leaf, below, frozenset())) is not None]
    children += [
        TreeNode(ref, _title(ref), Verdict(Health.MISSING, "in the manifest, not in the cluster")) for ref in missing
    ]
    ordered = tuple(sorted(children, key=_rank))
    return TreeNode(root, title, roll_up(child.verdict for child in ordered), note, ordered)


def owner_uid(meta: Meta, known: Mapping[str | None, object]) -> str:
    """Uid of the owner among `known`, the controlling one first; empty for none."""
    owners = sorted(meta.owner_references or (), key=lambda owner: not owner.controller)
    return next((owner.uid for owner in owners if owner.uid and owner.uid in known), "")


def _node(leaf: Leaf, below: Mapping[str, list[Leaf]], above: frozenset[str]) -> TreeNode | None:
    uid = leaf.meta.uid or ""
    if uid in above:
        return None
    path = above | {uid} if uid else above
    nodes = (_node(child, below, path) for child in below.get(uid, ()))
    children = tuple(sorted((node for node in nodes if node is not None), key=_rank))
    if leaf.hidden and not children:
        return None
    return TreeNode(leaf.ref, _title(leaf.ref), _verdict(leaf, children), leaf.note, children)


def _verdict(leaf: Leaf, children: tuple[TreeNode, ...]) -> Verdict:
    if leaf.ref.kind in _JUDGED_WITH_PODS or leaf.verdict is SPENT or not children:
        return leaf.verdict
    own = [] if leaf.verdict.reason == NO_RULE else [leaf.verdict]
    return roll_up([*own, *(child.verdict for child in children)], none=leaf.verdict)


def _title(ref: ObjectRef) -> str:
    return f"{ref.kind} {ref.name}"


def _rank(node: TreeNode) -> tuple[int, int, str, str]:
    """What fails comes first, then workloads before what serves them."""
    bad = node.verdict.health in (Health.DEGRADED, Health.MISSING, Health.PROGRESSING)
    severity = -node.verdict.health.severity if bad else 0
    return (severity, _ORDER.get(node.ref.kind, len(_ORDER)), node.ref.kind, node.ref.name)
