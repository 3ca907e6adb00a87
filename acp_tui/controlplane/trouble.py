"""Why Captain could not do what a HelmRequest asks for, in the words that go into its reason."""

from __future__ import annotations

from acp_tui.clients.errors import ApiError
from acp_tui.model.errors import AcpTuiError


class CaptainError(AcpTuiError):
    """A sync or a deletion failed; the title is what stands in status.reason and in the event."""


class NotYet(CaptainError):
    """What it depends on is not there yet."""


def words(error: AcpTuiError) -> str:
    """The server's or Helm's own sentence where there is one, else ours with what was tried."""
    if isinstance(error, ApiError) and error.answer.message:
        return error.answer.message
    return f"{error.title}: {error.tried}" if error.tried and not isinstance(error, CaptainError) else error.title
