"""Textual calls `key_x` and `_key_x` of a widget when the key x is pressed: ours come from keymaps and nowhere else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from textual.message_pump import MessagePump

import acp_tui.ui


def ours(kind: type[MessagePump]) -> Iterator[type[MessagePump]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("acp_tui."):
            yield each
        yield from ours(each)


def test_no_method_of_a_widget_is_taken_for_the_handler_of_a_key() -> None:
    for module in pkgutil.walk_packages(acp_tui.ui.__path__, "acp_tui.ui."):
        importlib.import_module(module.name)
    widgets = set(ours(MessagePump))
    assert len(widgets) > 30
    assert [(each, name) for each in widgets for name in vars(each) if name.startswith(("key_", "_key_"))] == []
