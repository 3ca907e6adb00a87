"""What the tabs of a revision say: values, manifest, notes and hooks as lines, secrets hidden until asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from acp_tui.insight.mask import MASK, mask_object, mask_values
from acp_tui.model.errors import AcpTuiError
from acp_tui.model.health import Tone
from acp_tui.model.kept import KeptWords
from acp_tui.model.release import Hook, ReleaseBody
from acp_tui.ui.widgets.tint import Line, Tint, plain, yaml
from acp_tui.wire.manifest import dump, merge_values, objects

_DOCUMENT = re.compile(r"^---.*$", re.MULTILINE)


class Tab(StrEnum):
    """The tabs in the order of their digits."""

    VALUES = "values"
    ALL_VALUES = "all values"
    MANIFEST = "manifest"
    NOTES = "notes"
    HOOKS = "hooks"
    WORDS = "last words"


def tab_lines(
    body: ReleaseBody, tab: Tab, *, revealed: bool, words: Sequence[KeptWords] = ()
) -> tuple[list[str | Line], Tint]:
    """Lines of a tab and how to paint them; costs a parse of the manifest, so not for the event loop."""
    made = _words(words) if tab is Tab.WORDS else _TABS[tab](body, revealed)
    return (made or [((_EMPTY[tab], Tone.DIM),)]), (plain if tab in (Tab.NOTES, Tab.WORDS) else yaml)


def masked_manifest(text: str) -> str:
    """The manifest as it was written, but for the documents that hold secrets: those are written anew, masked.

    A document that does not parse and could hold one is left out, and says so.
    """
    return "---\n".join(_masked_document(part) for part in _documents(text))


def _documents(text: str) -> list[str]:
    parts = [part.lstrip("\n") for part in _DOCUMENT.split(text)]
    return [part if part.endswith("\n") else part + "\n" for part in parts if part.strip()]


def _masked_document(text: str) -> str:
    try:
        found = objects(text, origin="the manifest")
    except AcpTuiError:
        return f"# {MASK} this document does not parse and may hold a secret\n" if "ecret" in text else text
    masked = [mask_object(each) for each in found]
    if all(before == after for before, after in zip(found, masked, strict=True)):
        return text
    remarks = [line for line in text.splitlines() if line.startswith("#")]
    return "".join(f"{line}\n" for line in remarks) + "---\n".join(dump(each) for each in masked)


def _values(body: ReleaseBody, revealed: bool) -> list[str | Line]:
    return _dumped(body.values, revealed)


def _all_values(body: ReleaseBody, revealed: bool) -> list[str | Line]:
    return _dumped(merge_values(body.chart_values, body.values), revealed)


def _manifest(body: ReleaseBody, revealed: bool) -> list[str | Line]:
    text = body.manifest if revealed else masked_manifest(body.manifest)
    return list(text.strip("\n").splitlines())


def _notes(body: ReleaseBody, revealed: bool) -> list[str | Line]:
    return list(body.notes.splitlines())


def _hooks(body: ReleaseBody, revealed: bool) -> list[str | Line]:
    lines: list[str | Line] = []
    for hook in body.hooks:
        lines += [_hook_line(hook), ""]
        text = hook.manifest if revealed else masked_manifest(hook.manifest)
        lines += [*(f"  {line}" if line else "" for line in text.strip("\n").splitlines()), ""]
    return lines[:-1]


def _hook_line(hook: Hook) -> Line:
    tone = {"Succeeded": Tone.OK, "Failed": Tone.FAIL, "Running": Tone.WARN}.get(hook.last_phase, Tone.DIM)
    return (
        (f"{hook.kind} {hook.name}", Tone.ACCENT),
        (f"  {', '.join(hook.events) or 'no event'}, weight {hook.weight}", Tone.PLAIN),
        (f"  {', '.join(hook.delete_policies)}" if hook.delete_policies else "", Tone.DIM),
        (f"  last run: {hook.last_phase or 'never'}", tone),
    )


def _words(heard: Sequence[KeptWords]) -> list[str | Line]:
    """What was heard during each act, the newest first: hooks' pods, and pods that a verdict named."""
    lines: list[str | Line] = []
    for act in heard:
        for said in act.words:
            head = f"{said.why}  pod {said.pod}, {said.container}"
            lines.append(((head, Tone.ACCENT), (f"  {said.state}" if said.state else "", Tone.WARN)))
            lines += [f"  {line}" for line in said.lines] or [(("  it said nothing that could be read", Tone.DIM),)]
            lines.append("")
        lines += [((f"heard during {act.operation}", Tone.DIM),), ""]
    return lines[:-1]


def _dumped(values: dict[str, object], revealed: bool) -> list[str | Line]:
    shown = values if revealed else mask_values(values)
    return list(dump(shown).splitlines()) if shown else []


_TABS: dict[Tab, Callable[[ReleaseBody, bool], list[str | Line]]] = {
    Tab.VALUES: _values,
    Tab.ALL_VALUES: _all_values,
    Tab.MANIFEST: _manifest,
    Tab.NOTES: _notes,
    Tab.HOOKS: _hooks,
}
_EMPTY = {
    Tab.VALUES: "Nobody gave values: the chart's defaults are used. 2 shows them.",
    Tab.ALL_VALUES: "The chart has no values.",
    Tab.MANIFEST: "This revision made no objects.",
    Tab.NOTES: "The chart has no notes.",
    Tab.HOOKS: "The chart has no hooks.",
    Tab.WORDS: "Nothing was heard: its pods had no cause to be listened to while acp-tui acted on it.",
}
