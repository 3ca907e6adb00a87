"""A form of one-line fields: label, answer, and beside it what it is for or what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, cast

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static

from acp_tui.model.health import Tone
from acp_tui.ui.review.forms import Field, FieldKind, Typed
from acp_tui.ui.widgets.entry import Entry
from acp_tui.ui.widgets.framed import Dressed


class Flag(Widget, can_focus=True):
    """A yes or no that reads the same without colour; space or Enter turns it."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Flag { height: 1; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "turn", "Turn", show=False)]
    value: reactive[bool] = reactive(False)

    class Changed(Message):
        """It was turned."""

    def __init__(self, on: bool) -> None:
        super().__init__()
        self.set_reactive(Flag.value, on)

    def action_turn(self) -> None:
        self.value = not self.value
        self.post_message(self.Changed())

    def on_click(self) -> None:
        self.action_turn()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        look = cast(Dressed, self.app).look
        text = "[x] yes" if self.value else "[ ] no"
        style = look.of(Tone.PLAIN) + look.cursor if self.has_focus else look.of(Tone.PLAIN)
        return Strip([Segment(text, style), Segment(" " * max(0, self.size.width - len(text)), look.base)])


class FieldRow(Horizontal):
    """One field; `mistake` takes the place of its help until it is answered well."""

    DEFAULT_CSS = """
    FieldRow { height: 1; width: 1fr; margin: 0 1; }
    FieldRow .label { width: 15; color: $text-muted; }
    FieldRow Entry { width: 3fr; }
    FieldRow Flag { width: 3fr; }
    FieldRow .help { width: 2fr; color: $text-muted; padding: 0 0 0 2; text-wrap: nowrap; text-overflow: ellipsis; }
    FieldRow.-wrong .help { color: $text-error; }
    """

    def __init__(
        self,
        field: Field,
        *,
        entered: Callable[[], None],
        answer: str = "",
        on: bool = False,
        words: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.field = field
        self._entered = entered
        self.mistake = ""
        self._start = answer
        self._on = on
        self._words = words

    def compose(self) -> ComposeResult:
        yield Static(self.field.title, classes="label", markup=False)
        if self.field.kind is FieldKind.FLAG:
            yield Flag(self._on)
        else:
            suggester = SuggestFromList(self._words, case_sensitive=True) if self._words else None
            yield Entry(self._start, entered=self._entered, suggester=suggester)
        yield Static(self.field.help, classes="help", markup=False)

    @property
    def entry(self) -> Entry | Flag:
        """What takes the keys."""
        return self.query_one(Flag) if self.field.kind is FieldKind.FLAG else self.query_one(Entry)

    def say(self, mistake: str) -> None:
        """Say what is wrong, or with an empty text what the field is for."""
        if mistake != self.mistake:
            self.mistake = mistake
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
                field,
                entered=self._entered,
                answer=texts.get(field.id, ""),
                on=flags.get(field.id, False),
                words=words.get(field.id, ()),
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
            if isinstance(entry, Flag):
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
        self.screen.set_focus(row.entry)

    def step(self, by: int) -> None:
        """Move to the next field, or with -1 to the one before, around the ends."""
        self.screen.set_focus(self.rows[(self._here() + by) % len(self.rows)].entry)

    def _entered(self) -> None:
        if self._here() == len(self.rows) - 1:
            self.post_message(self.Done())
        else:
            self.step(1)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def on_flag_changed(self, event: Flag.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @property
    def row(self) -> FieldRow | None:
        """The field under the fingers."""
        here = self._here()
        return self.rows[here] if here >= 0 else None

    def _here(self) -> int:
        focused: Widget | None = self.screen.focused
        return next((place for place, row in enumerate(self.rows) if row.entry is focused), -1)
