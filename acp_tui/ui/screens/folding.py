"""Which branches of a status tree are lines on the screen: what fails stands open, what is quiet is one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from acp_tui.model.application import TreeNode
from acp_tui.model.health import Health, Verdict

ALIKE_SHOWN = 3
"""Siblings of one kind with one and the same trouble that are listed; the rest of them share a line."""
_QUIET = "quiet"
_Likeness = tuple[str, str, str]


class Branch(Struct, frozen=True):
    """A line of the tree: one node, or (`node` None) several siblings that share it and stand below it when opened.

    `same` says that the sibling above gave the same reason.
    """

    key: str
    node: TreeNode | None
    verdict: Verdict
    below: tuple[Branch, ...] = ()
    same: bool = False

    @property
    def title(self) -> str:
        return self.node.title if self.node is not None else f"{len(self.below)} more"

    @property
    def kinds(self) -> str:
        """What a shared line holds: `ConfigMap 3, Secret 2, Service 1`."""
        counts = Counter(branch.node.ref.kind for branch in self.below if branch.node).most_common()
        return ", ".join(f"{kind} {count}" for kind, count in counts)

    @property
    def stands_open(self) -> bool:
        """Before anybody folds it: trouble is open, health and shared lines are closed."""
        return self.node is not None and self.verdict.health is not Health.HEALTHY


def grow(node: TreeNode, *, same: bool = False) -> Branch:
    """The lines of a node and of all below it: worst first, quiet siblings and repeated troubles put together."""
    return Branch(node.key, node, node.verdict, tuple(_below(node)), same)


def walk(branch: Branch) -> Iterator[Branch]:
    """The branch and every one below it, top to bottom."""
    yield branch
    for child in branch.below:
        yield from walk(child)


def _below(parent: TreeNode) -> Iterator[Branch]:
    ranked = sorted(parent.children, key=lambda child: _ORDER.index(child.verdict.health))
    alike: dict[_Likeness, list[TreeNode]] = {}
    for child in ranked:
        alike.setdefault(_likeness(child), []).append(child)
    for likeness, nodes in alike.items():
        shown = 0 if likeness[0] == _QUIET else ALIKE_SHOWN
        if len(nodes) <= shown + 1:
            yield from _in_a_row(nodes)
            continue
        yield from _in_a_row(nodes[:shown])
        key = f"{parent.key}#{':'.join(likeness)}"
        yield Branch(key, None, nodes[0].verdict, tuple(_in_a_row(nodes[shown:])))


def _in_a_row(nodes: Sequence[TreeNode]) -> Iterator[Branch]:
    before = ""
    for node in nodes:
        reason = node.verdict.reason
        yield grow(node, same=bool(reason) and reason == before)
        before = reason


def _likeness(node: TreeNode) -> _Likeness:
    """What makes siblings share a line: nothing to say at all, or the same kind in the same trouble.

    Where a healthy pod runs is nothing to say beside one that fails.
    """
    health, reason = node.verdict.health, node.verdict.reason
    if node.children:
        return "own", node.key, ""
    if health is Health.UNKNOWN or (health is Health.HEALTHY and (not node.note or node.ref.kind == "Pod")):
        return _QUIET, health, reason if health is Health.UNKNOWN else ""
    return f"{health}", node.ref.kind, reason if health is not Health.HEALTHY else ""


_ORDER = (
    Health.DEGRADED,
    Health.MISSING,
    Health.PROGRESSING,
    Health.UNKNOWN,
    Health.SUSPENDED,
    Health.HEALTHY,
)
"""A tree is read from the top: failing, waiting, unknown, and last the quiet rest."""
