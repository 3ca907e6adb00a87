"""What the review says, in lines: from where to where, through whom, what was checked, how to come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import wrap

from acp_tui.fleet.cells import lasting
from acp_tui.model.health import Tone
from acp_tui.model.plan import Answer, Check, CheckResult, Effect, EffectAction, Intent, Plan, Verb
from acp_tui.model.release import OwnerKind
from acp_tui.ui.widgets.tint import Line

Sign = Callable[[Tone], str]
"""The glyph of a tone in the glyph set in use."""

VERB_TITLE = {
    Verb.DEPLOY: "Deploy",
    Verb.UPGRADE: "Upgrade",
    Verb.ROLLBACK: "Roll back",
    Verb.UNINSTALL: "Uninstall",
    Verb.PAUSE: "Pause",
    Verb.RESUME: "Resume",
    Verb.RESYNC: "Sync again",
    Verb.ADOPT: "Adopt",
    Verb.RECOVER: "Recover",
}
VERB_WORDS = {
    Verb.DEPLOY: "deploy",
    Verb.UPGRADE: "upgrade",
    Verb.ROLLBACK: "roll back",
    Verb.UNINSTALL: "uninstall",
    Verb.PAUSE: "pause",
    Verb.RESUME: "resume",
    Verb.RESYNC: "sync again",
    Verb.ADOPT: "adopt",
    Verb.RECOVER: "recover",
}
CHECK_LOOK = {
    CheckResult.PASS: (Tone.OK, "ok"),
    CheckResult.WARN: (Tone.WARN, "warn"),
    CheckResult.REFUSE: (Tone.FAIL, "refused"),
    CheckResult.UNKNOWN: (Tone.UNKNOWN, "not known"),
}
ACTION_LOOK = {
    EffectAction.CREATE: (Tone.OK, "new"),
    EffectAction.UPDATE: (Tone.WARN, "changed"),
    EffectAction.DELETE: (Tone.FAIL, "deleted"),
    EffectAction.KEEP: (Tone.DIM, "kept"),
    EffectAction.UNCHANGED: (Tone.DIM, "unchanged"),
    EffectAction.RUN: (Tone.ACCENT, "runs"),
}
_LABEL = 10


def title(intent: Intent) -> str:
    """`Roll back payments-api · shop · prod-east`: what, where, so that no two reviews look alike."""
    release = intent.release
    return " · ".join((f"{VERB_TITLE[intent.verb]} {release.name}", release.namespace, release.cluster))


def passage(plan: Plan) -> str:
    """From which revision to which; what was typed for a chart stands in for a revision that is still to be made."""
    before = str(plan.base_revision) if plan.base_revision else "nothing"
    intent = plan.intent
    if intent.verb is Verb.ROLLBACK:
        after = str(intent.revision) if intent.revision else "?"
        return f"{before} → {after}, as revision {plan.base_revision + 1}"
    if intent.verb is Verb.PAUSE:
        return f"stays at {before}"
    if intent.verb is Verb.UNINSTALL:
        return f"{before} → nothing" + (", history kept" if intent.keep_history else "")
    chart = plan.target_chart or " ".join(part for part in (intent.chart, intent.version) if part)
    return f"{before} → {plan.base_revision + 1}" + (f" ({chart})" if chart else "")


def head(plan: Plan, width: int) -> list[Line]:
    """Through whom it goes and why this target."""
    owner = plan.owner
    through = plan.engine or plan.intent.engine or "Helm"
    lines: list[Line] = []
    if owner.kind is OwnerKind.HELM:
        lines += _labelled("Through", f"{through}; nobody else owns this release", Tone.PLAIN, width)
    elif owner.kind is OwnerKind.HELMREQUEST and plan.engine == "Captain":
        lines += _labelled("Through", f"{owner}, which Captain carries out", Tone.PLAIN, width)
    else:
        lines += _labelled("Owner", f"{owner} would undo what Helm does", Tone.WARN, width)
    if plan.headline:
        lines += _labelled("Why", _reason(plan), Tone.PLAIN, width)
    if plan.intent.no_hooks:
        lines += _labelled("Hooks", "none of them will run", Tone.WARN, width)
    if plan.intent.take_over:
        lines += _labelled("Fields", "those that others set are taken over", Tone.WARN, width)
    return lines


def checks(plan: Plan, sign: Sign, width: int, *, brief: bool = False) -> list[Line]:
    """Every check, refusals first; `brief` puts what is in order on one line, for a low screen."""
    order = (CheckResult.REFUSE, CheckResult.WARN, CheckResult.UNKNOWN, CheckResult.PASS)
    lines: list[Line] = []
    for check in sorted(plan.checks, key=lambda check: order.index(check.result)):
        if not (brief and check.result is CheckResult.PASS):
            lines += _check(check, sign, width)
    passed = [check.title for check in plan.checks if check.result is CheckResult.PASS]
    if brief and passed:
        tone, word = CHECK_LOOK[CheckResult.PASS]
        for number, part in enumerate(_fold(", ".join(passed), width - 12)):
            start = f"{sign(tone)} {word:<10}" if not number else " " * 12
            lines.append(((start, tone), (part, Tone.PLAIN)))
    return lines


def way_back(plan: Plan, width: int) -> list[Line]:
    """How to undo it, and what no undo brings back."""
    lines = _labelled("Undo", plan.undo, Tone.PLAIN, width) if plan.undo else []
    for number, text in enumerate(plan.not_undone):
        lines += _labelled("" if number else "Not undone", text, Tone.WARN, width)
    return lines


def verdict_before(plan: Plan) -> Line:
    """One line that says whether it may run, and what to type."""
    words = VERB_WORDS[plan.intent.verb]
    rest = ("; esc leaves everything as it is", Tone.DIM)
    if not plan.allowed:
        count = len(plan.refusals)
        return ((f"Cannot {words}: {count} check{'s' if count > 1 else ''} refused. Nothing was done.", Tone.FAIL),)
    if plan.confirm:
        return (
            ("type ", Tone.PLAIN),
            (plan.confirm, Tone.ACCENT),
            (f" to {words}", Tone.PLAIN),
            rest,
        )
    return (("y", Tone.ACCENT), (f" to {words}", Tone.PLAIN), rest)


def restarts(effect: Effect) -> tuple[str, Tone]:
    """Pods replaced by an effect; unknown is said, none is a dash."""
    if effect.restarts is None:
        return "? pods", Tone.UNKNOWN
    if not effect.restarts:
        return "-", Tone.DIM
    pace = f", {effect.pace}" if effect.pace and effect.restarts > 1 else ""
    return f"{effect.restarts} pod{'s' if effect.restarts > 1 else ''}{pace}", Tone.WARN


def server_says(effect: Effect) -> tuple[str, Tone]:
    """What a dry run was answered; a field that stays as somebody set it live counts as a warning."""
    says = effect.server
    if says is None:
        return "-", Tone.DIM
    if says.answer is Answer.NOT_ASKED:
        return "not asked", Tone.UNKNOWN
    if says.answer is not Answer.OK:
        return ("pods: " if says.pods else "") + says.answer, Tone.WARN if says.pods else Tone.FAIL
    stays = sum(drift.stays for drift in effect.drift)
    return (f"{stays} stay{'s' if stays == 1 else ''}", Tone.WARN) if stays else ("ok", Tone.OK)


def drift_lines(effect: Effect, now: float) -> list[str]:
    """Who set which field live, and whether it is set back; and the server's reason where it has one."""
    found = []
    if effect.server is not None and effect.server.text:
        found.append(f"The server says: {effect.server.answer}, {effect.server.text}")
    for drift in effect.drift:
        by = f", set by {drift.manager}" if drift.manager else ""
        when = f" {lasting(now - drift.at)} ago" if drift.at is not None else ""
        end = "stays" if drift.stays else f"becomes {drift.target}"
        found.append(f"{drift.field} is {drift.live} live, stored {drift.stored}{by}{when}: {end}")
    return found


def object_name(effect: Effect) -> str:
    """`Deployment payments-api`, and where it lives if that is not the namespace of its release."""
    return f"{effect.ref.kind} {effect.ref.name}"


def changed(plan: Plan) -> tuple[Effect, ...]:
    """Effects that do something or that the server has a word on; the rest is a count."""
    return tuple(
        effect
        for effect in plan.effects
        if effect.action is not EffectAction.UNCHANGED or server_says(effect)[1] in (Tone.WARN, Tone.FAIL)
    )


def unchanged_words(plan: Plan) -> str:
    count = len(plan.effects) - len(changed(plan))
    return f"{count} object{'s' if count > 1 else ''} unchanged" if count else ""


def diff_lines(effect: Effect) -> list[str]:
    """What the diff view of one effect shows; an effect without a diff says why there is none."""
    if effect.diff:
        return effect.diff.splitlines()
    why = {
        EffectAction.UNCHANGED: "Nothing changes in this object.",
        EffectAction.KEEP: "This object stays as it is.",
        EffectAction.RUN: "This hook runs; it changes nothing by itself.",
    }.get(effect.action, "No difference is known for this object.")
    return [text for text in (effect.summary, why) if text]


def _reason(plan: Plan) -> str:
    """The headline without what the title says already: `Roll back x from 42 (failed) to 41: ` and then why."""
    act, found, why = plan.headline.partition(": ")
    return why if found and plan.intent.release.name in act else plan.headline


def _check(check: Check, sign: Sign, width: int) -> list[Line]:
    tone, word = CHECK_LOOK[check.result]
    start: Line = ((f"{sign(tone)} {word:<10}", tone), (check.title, Tone.PLAIN))
    taken = 12 + len(check.title)
    lines: list[Line] = []
    if check.evidence and taken + 3 + len(check.evidence) <= width:
        lines.append((*start, (" · ", Tone.DIM), (check.evidence, Tone.DIM)))
    else:
        lines.append(start)
        lines += [((" " * 12, Tone.PLAIN), (part, Tone.DIM)) for part in _fold(check.evidence, width - 12)]
    if check.result is not CheckResult.PASS:
        lines += [((" " * 12, Tone.PLAIN), (part, Tone.PLAIN)) for part in _fold(check.advice, width - 12)]
    return lines


def _labelled(label: str, text: str, tone: Tone, width: int) -> list[Line]:
    return list(_label_lines(label, text, tone, width))


def _label_lines(label: str, text: str, tone: Tone, width: int) -> Iterator[Line]:
    for number, part in enumerate(_fold(text, width - _LABEL - 1)):
        yield ((f"{'' if number else label:<{_LABEL}} ", Tone.DIM), (part, tone))


def _fold(text: str, width: int) -> list[str]:
    return wrap(text, max(20, width), break_on_hyphens=False)
