"""Which branches of a status tree are lines on the screen: what fails stands open, what is quiet is one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acp_tui.model.application import TreeNode
from acp_tui.model.health import Health, Verdict

ALIKE_SHOWN = 3
"""Siblings of one kind with one and the same trouble that are listed; the rest of them share a line."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of the tree: one node, or (`node` None) several siblings that share it.

    `guide` holds the lines drawn left of it; `open` is None for what has nothing below; `same` says that the line above
    gave the same reason.
    """

    key: str
    guide: str
    node: TreeNode | None
    open: bool | None
    verdict: Verdict
    folded: tuple[TreeNode, ...] = ()
    same: bool = False

    @property
    def summary(self) -> str:
        """What a shared line holds: `6 more (ConfigMap 3, Secret 2, Service 1)`."""
        kinds = Counter(node.ref.kind for node in self.folded).most_common()
        return f"{len(self.folded)} more ({', '.join(f'{kind} {count}' for kind, count in kinds)})"


def branches(root: TreeNode, *, toggled: Mapping[str, bool], ascii_guides: bool = False) -> list[Branch]:
    """The lines of a tree, top to bottom; `toggled` holds what a person opened (True) or closed (False) by key."""
    lines = [_line(root, "", toggled, same=False)]
    if lines[0].open:
        lines.extend(_below(root, "", toggled, ("|-", "`-", "| ", "  ") if ascii_guides else ("├ ", "└ ", "│ ", "  ")))
    return lines


def stands_open(node: TreeNode) -> bool:
    """The rule without a person's word: trouble is open, health is closed."""
    return node.verdict.health is not Health.HEALTHY


def _line(node: TreeNode, guide: str, toggled: Mapping[str, bool], *, same: bool) -> Branch:
    opened = toggled.get(node.key, stands_open(node) or not guide) if node.children else None
    return Branch(node.key, guide, node, opened, node.verdict, same=same)


def _below(
    parent: TreeNode, indent: str, toggled: Mapping[str, bool], guides: tuple[str, str, str, str]
) -> Iterator[Branch]:
    entries = list(_entries(parent, toggled))
    before = ""
    for number, entry in enumerate(entries):
        final = number == len(entries) - 1
        guide = indent + (guides[1] if final else guides[0])
        deeper = indent + (guides[3] if final else guides[2])
        if not isinstance(entry, TreeNode):
            key, nodes = entry
            yield Branch(key, guide, None, False, nodes[0].verdict, folded=nodes)
            continue
        reason = entry.verdict.reason
        line = _line(entry, guide, toggled, same=bool(reason) and reason == before)
        before = reason
        yield line
        if line.open:
            yield from _below(entry, deeper, toggled, guides)


def _entries(parent: TreeNode, toggled: Mapping[str, bool]) -> Iterator[TreeNode | tuple[str, tuple[TreeNode, ...]]]:
    """Children, worst first, with the quiet ones and the surplus of those in the same trouble put together."""
    ranked = sorted(parent.children, key=lambda child: -_rank(child.verdict.health))
    shared: dict[tuple[str, str, str], list[TreeNode]] = {}
    for child in ranked:
        shared.setdefault(_likeness(child), []).append(child)
    done: set[tuple[str, str, str]] = set()
    for child in ranked:
        likeness = _likeness(child)
        alike = shared[likeness]
        key = f"{parent.key}#{':'.join(likeness)}"
        shown = 0 if likeness[0] == _QUIET else ALIKE_SHOWN
        if len(alike) <= shown + 1 or toggled.get(key):
            yield child
            continue
        if likeness in done:
            continue
        done.add(likeness)
        yield from alike[:shown]
        yield key, tuple(alike[shown:])


_QUIET = "quiet"


def _likeness(node: TreeNode) -> tuple[str, str, str]:
    """What makes siblings share a line: nothing to say at all, or the same kind in the same trouble."""
    health = node.verdict.health
    if health is Health.HEALTHY and not node.note and not node.children:
        return _QUIET, health, ""
    if health in (Health.HEALTHY, Health.UNKNOWN) and not node.children:
        return (_QUIET, health, node.verdict.reason) if health is Health.UNKNOWN else ("alike", health, node.ref.kind)
    if node.children:
        return "own", node.key, ""
    return "alike", f"{health}/{node.ref.kind}", node.verdict.reason


def _rank(health: Health) -> int:
    """Failing before waiting before unknown before the quiet rest; a tree is read from the top."""
    order = (Health.DEGRADED, Health.MISSING, Health.PROGRESSING, Health.UNKNOWN, Health.SUSPENDED, Health.HEALTHY)
    return len(order) - order.index(health)
