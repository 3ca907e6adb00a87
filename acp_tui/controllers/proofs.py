"""What our own journal proved of revisions: the verdict of the act that made each."""

from __future__ import annotations

from collections.abc import Iterable

from acp_tui.model.operation import Operation, OutcomeKind
from acp_tui.model.release import ReleaseRef


def proofs_of(operations: Iterable[Operation], ref: ReleaseRef) -> dict[int, OutcomeKind]:
    """`operations` newest first; of several acts that made one revision number the newest counts."""
    found: dict[int, OutcomeKind] = {}
    for operation in operations:
        if operation.release == ref and operation.revision_after and operation.outcome is not None:
            found.setdefault(operation.revision_after, operation.outcome.kind)
    return found
