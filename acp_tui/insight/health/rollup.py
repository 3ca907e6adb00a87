"""From the verdicts on parts to one on the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from acp_tui.insight.health.custom import NO_RULE
from acp_tui.insight.hooks import SPENT
from acp_tui.model.health import Health, Verdict


def roll_up(verdicts: Iterable[Verdict], *, none: Verdict | None = None) -> Verdict:
    """The worst of several with its reason; of equally bad ones the oldest, because it is nearer to the cause.

    Kinds without a rule do not count, and neither does what a hook of an earlier revision left. `none` is said of
    nothing at all; without it that is unknown.
    """
    known = [each for each in verdicts if each.reason != NO_RULE and each is not SPENT]
    if not known:
        return none or Verdict(Health.UNKNOWN, "nothing to judge by")
    return max(known, key=_weight)


def _weight(verdict: Verdict) -> tuple[int, bool, float]:
    """What is well needs no reason, what is not is better told with one."""
    tells = bool(verdict.reason) is not (verdict.health is Health.HEALTHY)
    return (verdict.health.severity, tells, -(verdict.since or float("inf")))


def judge_workload(own: Verdict, *, rolling: bool, pods: Sequence[tuple[str, Verdict]]) -> Verdict:
    """A workload's verdict with its pods'; `pods` are pairs of pod template hash (or revision) and verdict.

    While a rollout replaces pods the workload's own word outranks one failing pod among good new ones: that is progress
    with a warning. Where every pod of a template fails, the template is broken and so is the workload, even though
    old pods may still serve. The reason of the pod is taken over, since it is the more specific.
    """
    failing = [(template, verdict) for template, verdict in pods if verdict.health is Health.DEGRADED]
    if own.health is Health.SUSPENDED or not failing:
        return own if own.health is not Health.HEALTHY else roll_up([own, *(verdict for _, verdict in pods)])
    first = roll_up(verdict for _, verdict in failing)
    alike = len({verdict.reason for _, verdict in failing})
    reason = first.reason if len(failing) == 1 or alike == 1 else f"{first.reason} (and {len(failing) - 1} more pods)"
    if own.health is Health.DEGRADED or not rolling:
        return Verdict(Health.DEGRADED, reason, own.since or first.since)
    broken = {template for template, _ in failing}
    if any(verdict.health is not Health.DEGRADED for template, verdict in pods if template in broken):
        return Verdict(Health.PROGRESSING, f"rolling out, {len(failing)} new pods fail: {first.reason}", first.since)
    return Verdict(Health.DEGRADED, reason, first.since)
