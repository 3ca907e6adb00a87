"""A form of one-line fields: label, answer, and beside it what it is for or what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Static

from acp_tui.ui.review.forms import Field, FieldKind, Typed

_OURS = ("ctrl+e",)
"""Keys of the library's input line that our forms need for themselves."""


class Answer(Input, inherit_bindings=False):
    """The library's input line without the keys that belong to the form around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        if isinstance(binding, tuple)
        else type(binding)(
            ",".join(key for key in binding.key.split(",") if key not in _OURS), binding.action, binding.description
        )
        for binding in Input.BINDINGS
    ]


class FieldRow(Horizontal):
    """One field; `mistake` takes the place of its help until it is answered well."""

    DEFAULT_CSS = """
    FieldRow { height: 1; width: 1fr; margin: 0 1; }
    FieldRow .label { width: 15; color: $text-muted; }
    FieldRow Answer { width: 1fr; }
    FieldRow Checkbox { width: 1fr; }
    FieldRow .help { width: 1fr; color: $text-muted; padding: 0 0 0 2; }
    FieldRow.-wrong .help { color: $text-error; }
    """

    def __init__(self, field: Field, *, answer: str = "", on: bool = False, words: Sequence[str] = ()) -> None:
        super().__init__()
        self.field = field
        self._start = answer
        self._on = on
        self._words = words

    def compose(self) -> ComposeResult:
        yield Static(self.field.title, classes="label", markup=False)
        if self.field.kind is FieldKind.FLAG:
            yield Checkbox("", self._on, compact=True)
        else:
            suggester = SuggestFromList(self._words, case_sensitive=True) if self._words else None
            yield Answer(self._start, compact=True, suggester=suggester)
        yield Static(self.field.help, classes="help", markup=False)

    @property
    def entry(self) -> Input | Checkbox:
        """What takes the keys."""
        return self.query_one(Checkbox) if self.field.kind is FieldKind.FLAG else self.query_one(Answer)

    def say(self, mistake: str) -> None:
        """Say what is wrong, or with an empty text what the field is for."""
        self.set_class(bool(mistake), "-wrong")
        self.query_one(".help", Static).update(mistake or self.field.help)


class Form(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Fields below each other; Enter in one of them goes to the next, in the last it is done."""

    DEFAULT_CSS = "Form { height: 1fr; width: 1fr; scrollbar-size: 1 1; }"

    class Done(Message):
        """Enter in the last field."""

    class Changed(Message):
        """Something was typed."""

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        texts: Mapping[str, str] | None = None,
        flags: Mapping[str, bool] | None = None,
        words: Mapping[str, Sequence[str]] | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        texts, flags, words = texts or {}, flags or {}, words or {}
        self.rows = [
            FieldRow(
                field, answer=texts.get(field.id, ""), on=flags.get(field.id, False), words=words.get(field.id, ())
            )
            for field in fields
        ]

    def compose(self) -> ComposeResult:
        yield from self.rows

    def typed(self, edited: str = "") -> Typed:
        """What stands in the fields now."""
        texts: dict[str, str] = {}
        flags: dict[str, bool] = {}
        for row in self.rows:
            entry = row.entry
            if isinstance(entry, Checkbox):
                flags[row.field.id] = entry.value
            else:
                texts[row.field.id] = entry.value
        return Typed(texts, flags, edited)

    def say(self, mistakes: Mapping[str, str]) -> None:
        """Say each mistake at its field."""
        for row in self.rows:
            row.say(mistakes.get(row.field.id, ""))

    def go_to(self, id: str) -> None:
        """Put the fingers on a field."""
        row = next(row for row in self.rows if row.field.id == id)
        row.entry.focus()

    def step(self, by: int) -> None:
        """Move to the next field, or with -1 to the one before, around the ends."""
        self.rows[(self._here() + by) % len(self.rows)].entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._here() == len(self.rows) - 1:
            self.post_message(self.Done())
        else:
            self.step(1)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def _here(self) -> int:
        focused: Widget | None = self.screen.focused
        return next((place for place, row in enumerate(self.rows) if row.entry is focused), -1)
