"""What a command ends with: the one table of exit codes, for the program, its help and the manual."""

from __future__ import annotations

from acp_tui.model.errors import (
    ClusterError,
    EngineError,
    KubeconfigError,
    RecordError,
    Refused,
    UsageError,
)
from acp_tui.model.operation import Operation, OperationState, OutcomeKind

DONE = 0
UNEXPECTED = 1
NOT_HEALTHY = 8
CANCELLED = 130

EXIT_CODES: dict[int, str] = {
    DONE: "done",
    UNEXPECTED: "unexpected",
    UsageError.exit_code: "wrong words or configuration",
    KubeconfigError.exit_code: "kubeconfig",
    ClusterError.exit_code: "cluster",
    RecordError.exit_code: "record or chart",
    EngineError.exit_code: "Helm failed",
    Refused.exit_code: "refused by a check, or not confirmed",
    NOT_HEALTHY: "done, but not proven healthy",
    CANCELLED: "cancelled",
}


def help_line() -> str:
    """The table as one sentence for --help."""
    return "Exit codes: " + "; ".join(f"{code} {words}" for code, words in EXIT_CODES.items()) + "."


def of_operation(operation: Operation) -> int:
    """The code of an act that is over: 0 only where the cluster itself says that all is well."""
    kind = operation.outcome.kind if operation.outcome else None
    if operation.state is OperationState.CANCELLED or kind is OutcomeKind.CANCELLED:
        return CANCELLED
    if kind is OutcomeKind.REFUSED:
        return Refused.exit_code
    if kind is OutcomeKind.FAILED or (kind is None and operation.state is not OperationState.SUCCEEDED):
        return EngineError.exit_code
    return DONE if kind in (OutcomeKind.HEALTHY, OutcomeKind.RESIDUE) else NOT_HEALTHY
