"""Plans and operations of one broken release, as the review and the run see them."""

from __future__ import annotations

from acp_tui.model.finding import Finding
from acp_tui.model.health import Health
from acp_tui.model.operation import (
    Operation,
    OperationState,
    Outcome,
    OutcomeKind,
    StepProgress,
    StepState,
)
from acp_tui.model.plan import Answer, Check, CheckResult, Effect, EffectAction, Intent, Plan, ServerSays, Step, Verb
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef, Store
from tests.fakes.backend import NOW

PAYMENTS = ReleaseRef("prod-east", "shop", "payments-api", Store.CAPTAIN)
ROLLBACK = Intent(Verb.ROLLBACK, PAYMENTS, revision=41)
DEPLOYMENT = ObjectRef("prod-east", "apps", "Deployment", "shop", "payments-api")
CONFIG = ObjectRef("prod-east", "", "ConfigMap", "shop", "payments-api")
SERVICE = ObjectRef("prod-east", "", "Service", "shop", "payments-api")
OK = ServerSays(Answer.OK)
DIFF = """--- live
+++ revision 41
@@ -12,3 +12,3 @@
       containers:
-      - image: registry/pay:1.9.2
+      - image: registry/pay:1.9.1
"""


def plan(
    intent: Intent = ROLLBACK,
    *,
    confirm: str = "payments-api",
    production: bool = True,
    refused: bool = False,
    base_revision: int = 42,
    undo: str = "roll back to 42",
) -> Plan:
    checks = [
        Check("rights", "Rights", CheckResult.PASS, "update secrets, patch deployments: allowed"),
        Check("lock", "Not locked", CheckResult.PASS),
        Check("kinds", "Kinds still served", CheckResult.WARN, "policy/v1beta1 is gone", "Upgrade the chart first"),
    ]
    owner = Owner()
    if refused:
        owner = Owner(OwnerKind.HELMREQUEST, "payments-api", "shop", "global")
        checks.append(
            Check(
                "owner",
                "Owner",
                CheckResult.REFUSE,
                "HelmRequest payments-api (global) installs this release",
                "Roll back the HelmRequest in cluster global; Captain would undo a helm rollback",
            )
        )
    return Plan(
        id="p1",
        intent=intent,
        made_at=NOW,
        production=production,
        engine="helm 3.19.2",
        owner=owner,
        headline="newest revision that was deployed without failure, 2 d old",
        effects=(
            Effect(
                EffectAction.UPDATE, DEPLOYMENT, "image 1.9.2 → 1.9.1, env POOL 40 → 20", DIFF, 2, "1 at a time", OK
            ),
            Effect(EffectAction.UPDATE, CONFIG, "2 keys", "--- live\n+++ revision 41\n-a: 1\n+a: 2\n", 0, server=OK),
            Effect(EffectAction.UNCHANGED, SERVICE, server=OK),
        ),
        checks=tuple(checks),
        steps=(Step("run", "helm rollback payments-api 41"), Step("verify", "Follow the workloads")),
        not_undone=("database changes made by hook payments-migrate", "CRDs"),
        undo=undo,
        confirm=confirm,
        base_revision=base_revision,
    )


def operation(
    state: OperationState = OperationState.RUNNING,
    *,
    outcome: Outcome | None = None,
    verb: Verb = Verb.ROLLBACK,
    revision_before: int | None = 42,
) -> Operation:
    over = state.over
    return Operation(
        id="op-7",
        verb=verb,
        release=PAYMENTS,
        headline="helm rollback payments-api 41",
        state=state,
        started_at=NOW - 52,
        ended_at=NOW if over else None,
        engine="helm 3.19.2",
        user="anna",
        production=True,
        steps=(
            StepProgress("run", "helm rollback payments-api 41", StepState.DONE, NOW - 52, NOW - 40),
            StepProgress(
                "verify",
                "Follow the workloads",
                StepState.DONE if over else StepState.RUNNING,
                NOW - 40,
                NOW if over else None,
                "2/3 pods ready",
            ),
        ),
        output=("Rollback was a success! Happy Helming!",),
        outcome=outcome,
        undo="roll back to 42",
        revision_before=revision_before,
        revision_after=43 if over else None,
    )


HEALTHY = Outcome(
    OutcomeKind.HEALTHY,
    "Rolled back payments-api to 41 as revision 43",
    evidence=("3/3 pods ready, 0 restarts",),
)
CRASH = Finding("payments-api-5f66 crash loops", DEPLOYMENT, "exit code 1, 4 restarts", NOW - 30, Health.DEGRADED)
REGRESSED = Outcome(
    OutcomeKind.REGRESSED,
    "Revision 43 is worse than what was there",
    evidence=("1/3 pods ready",),
    findings=(
        Finding("payments-api-5f66 crash loops", DEPLOYMENT, "exit code 1, 4 restarts", NOW - 30, Health.DEGRADED),
    ),
    advice="Read the logs of payments-api-5f66",
)
