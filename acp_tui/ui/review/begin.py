"""Where each verb begins: a review at once, or a form first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp_tui.model.plan import Intent, Verb
from acp_tui.model.release import ReleaseRef

if TYPE_CHECKING:
    from acp_tui.ui.app import AcpApp


def begin(acp: AcpApp, verb: Verb, ref: ReleaseRef, *, revision: int | None = None) -> None:
    """Open what comes before the act; without a revision a rollback goes where its plan finds it best."""
    if verb is Verb.UPGRADE:
        from acp_tui.ui.screens.deploy import UpgradeScreen

        acp.push_screen(UpgradeScreen(ref))
    elif verb is Verb.DEPLOY:
        from acp_tui.ui.screens.deploy import DeployScreen

        acp.push_screen(DeployScreen(cluster=ref.cluster, namespace=ref.namespace))
    else:
        from acp_tui.ui.review.plan import ReviewScreen

        acp.push_screen(ReviewScreen(Intent(verb, ref, revision=revision)))
