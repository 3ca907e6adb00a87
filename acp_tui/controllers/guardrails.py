"""Guardrails: what the team's policy says to an act, asked when it is planned and again when it starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import structs

from acp_tui.config.policy import Cap, Deny, Freeze, Placed, Policies, Production, ReadOnly
from acp_tui.controllers.checks import UNRENDERED, passed, refused
from acp_tui.model.errors import Refused
from acp_tui.model.plan import Check, CheckResult, Plan
from acp_tui.model.refs import Clock
from acp_tui.model.release import Owner, OwnerKind
from acp_tui.wire.text import one_line

if TYPE_CHECKING:
    from acp_tui.controllers.seams import Cluster

ID = "policy"
"""Checks of the policy have this id, or begin with it and a dot."""
BY_NAME = f"{ID}.production"
"""Stands in a plan whose confirmation the policy asks for: a yes given in advance does not count."""

_SHOWN = 3


class Guardrails:
    """Asks the policy anew each time, so that what a team adds holds for a console that is open since yesterday."""

    def __init__(self, policies: Callable[[], Policies] = Policies, *, clock: Clock = time.time) -> None:
        self._policies = policies
        self._clock = clock

    def judge(self, plan: Plan, cluster: Cluster) -> Plan:
        """The plan with what the policy says to it now, in place of what it said before.

        A policy that cannot be read refuses: nobody knows what it forbids.
        """
        policies = self._policies()
        if not policies.files and not policies.problems:
            return structs.replace(plan, checks=tuple(_without(plan.checks)))
        owner = _known_owner(plan)
        names = _names(plan, cluster)
        fitting = [
            each
            for each in policies.rules
            if each.rule.fits(plan.intent.verb, plan.intent.release, clusters=names, owner=owner)
        ]
        said = [*_unread(policies), *self._refusals(plan, fitting, doubt=owner is None)]
        asking = [each for each in fitting if isinstance(each.rule, Production)]
        demands = [each.rule.confirm for each in asking if isinstance(each.rule, Production)]
        return structs.replace(
            plan,
            checks=(*_without(plan.checks), *(said or [_allowed(policies)]), *_by_name(asking)),
            production=plan.production or bool(demands),
            confirm=_confirm(plan, demands),
        )

    def _refusals(self, plan: Plan, fitting: Iterable[Placed], *, doubt: bool) -> Iterator[Check]:
        for each in fitting:
            match each.rule:
                case ReadOnly():
                    yield _no("read-only", "The policy makes it read-only", each, doubt, "Looking is all that is left.")
                case Deny():
                    yield _no("deny", "The policy denies it", each, doubt, "Ask those who keep that file.")
                case Freeze():
                    closes = each.rule.window().closes(self._clock())
                    if closes is not None:
                        yield _no("freeze", "A freeze holds", each, doubt, f"It ends {_when(closes, each.rule)}.")
                case Cap():
                    over = _over(plan, each.rule.restarts)
                    if over:
                        yield _no(
                            "restarts", "The cap on restarts is not kept", each, doubt, "Change less at a time.", over
                        )
                case _:
                    continue


def admit(judged: Plan, *, confirmed: str) -> None:
    """Raises Refused where a check says no, or the policy asks for another text than the one that was typed."""
    if judged.refused is not None:
        raise judged.refused
    if judged.confirm != confirmed:
        raise Refused(
            "Refused: the policy now asks for another confirmation",
            tried=f"the plan was confirmed with {confirmed or 'a plain yes'}",
            advice="Look at a new plan.",
        )


def _without(checks: Sequence[Check]) -> Iterator[Check]:
    return (check for check in checks if check.id != ID and not check.id.startswith(f"{ID}."))


def _known_owner(plan: Plan) -> Owner | None:
    """None where the plan itself is in doubt about it."""
    doubts = any(check.id == "owner" and check.result is CheckResult.UNKNOWN for check in plan.checks)
    return None if doubts else plan.owner


def _names(plan: Plan, cluster: Cluster) -> frozenset[str]:
    """All names of the cluster, and the one in which a HelmRequest is written instead."""
    context, owner = cluster.context, plan.owner
    names = {plan.intent.release.cluster, context.name, context.cluster_name, *cluster.store.names}
    if owner.kind is OwnerKind.HELMREQUEST:
        names.add(owner.cluster)
    return frozenset(name for name in names if name)


def _unread(policies: Policies) -> Iterator[Check]:
    if policies.problems:
        shown = [one_line(str(problem)) for problem in policies.problems[:_SHOWN]]
        more = len(policies.problems) - len(shown)
        evidence = "; ".join(shown) + (f"; and {more} more" if more else "")
        advice = "Correct it: until then nothing is done, because nobody knows what it forbids."
        yield refused(f"{ID}.files", "The policy cannot be read", evidence, advice)


def _by_name(asking: Sequence[Placed]) -> Iterator[Check]:
    if asking:
        evidence = ", ".join(one_line(f"{each} ({each.place})") for each in asking[:_SHOWN])
        yield passed(BY_NAME, "Whoever acts types what it is about", evidence)


def _allowed(policies: Policies) -> Check:
    rules, files = len(policies.rules), len(policies.files)
    evidence = f"{rules} rule{'' if rules == 1 else 's'} in {files} file{'' if files == 1 else 's'}"
    return passed(ID, "The policy allows it", evidence)


def _no(id: str, title: str, placed: Placed, doubt: bool, advice: str, over: str = "") -> Check:
    """A refusal names the rule and where it stands."""
    reason = one_line(placed.rule.reason)
    words = [each for each in (over, reason) if each]
    if doubt and placed.rule.owners:
        words.append("who keeps the release is not known, so it may be one of its owners")
    said = f": {'; '.join(words)}" if words else ""
    return refused(f"{ID}.{id}", title, one_line(f"{placed} ({placed.place})") + said, advice)


def _when(moment: float, rule: Freeze) -> str:
    ends = datetime.fromtimestamp(moment, rule.window().zone)
    return f"{ends:%a %Y-%m-%d %H:%M} {rule.timezone}"


def _over(plan: Plan, cap: int) -> str:
    """What stands against the cap, empty where the act stays within it; a number nobody knows does not."""
    effects = plan.effects
    known = sum(effect.restarts or 0 for effect in effects)
    if known > cap:
        return f"{known} pods would restart, {cap} are allowed"
    unknown = [f"{effect.ref.kind} {effect.ref.name}" for effect in effects if effect.restarts is None]
    if unknown:
        return f"how many pods restart is not known for {', '.join(unknown[:_SHOWN])}; {cap} are allowed"
    if any(check.id == UNRENDERED and check.result is CheckResult.UNKNOWN for check in plan.checks):
        return f"what changes is not known, so neither is how many pods restart; {cap} are allowed"
    return ""


def _confirm(plan: Plan, demands: Sequence[str]) -> str:
    """The longest text anybody asks for."""
    ref = plan.intent.release
    if "cluster/release" in demands:
        return f"{ref.cluster}/{ref.name}"
    return plan.confirm or (ref.name if demands else "")
