"""How answers are printed: tables for people, JSON and YAML for scripts."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from fractions import Fraction
from typing import Any

import click
import msgspec

from acp_tui.model.errors import AcpTuiError

FORMATS = ("table", "wide", "json", "yaml")

output_option = click.option(
    "-o", "--output", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print the answer."
)


def plain(value: Any, name: str = "") -> Any:
    """A value as JSON types: camelCase keys for our own values, RFC 3339 for moments, quantities as text.

    Keys of foreign documents (Helm values, labels) stay as they are.
    """
    if isinstance(value, msgspec.Struct):
        return {_camel(key): plain(getattr(value, key), key) for key in value.__struct_fields__}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else str(float(value))
    if isinstance(value, float) and (name.endswith("_at") or name == "since"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def print_document(document: Any, output: str) -> None:
    """Prints one JSON or YAML document; any other format than yaml means JSON."""
    if output == "yaml":
        import yaml

        click.echo(yaml.safe_dump(plain(document), sort_keys=False, allow_unicode=True), nl=False)
        return
    click.echo(json.dumps(plain(document), indent=2, ensure_ascii=False))


def print_list(kind: str, items: Sequence[Any], output: str, table: Callable[[], None]) -> None:
    """Prints a list as `{"kind": …, "items": […]}`, or calls `table` for people."""
    if output in ("json", "yaml"):
        print_document({"kind": kind, "items": list(items)}, output)
        return
    table()


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()) -> None:
    """Prints columns as wide as their widest cell, measured in terminal cells; `right` names right-aligned ones."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(map(_cells, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        parts = []
        for index, (text, width) in enumerate(zip(line, widths, strict=True)):
            gap = " " * (width - _cells(text))
            parts.append(gap + text if index in right else text + gap)
        click.echo("  ".join(parts).rstrip())


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def print_view(view_id: str, rows: Sequence[Any], *, wide: bool) -> None:
    """Prints rows with the columns that the screen uses for the same view."""
    from acp_tui.fleet.views import VIEWS

    view = VIEWS[view_id]
    columns = [column for column in view.columns if wide or column.priority <= DEFAULT_PRIORITY]
    now = time.time()
    right = frozenset(index for index, column in enumerate(columns) if column.align == "right")
    print_table(
        [column.title for column in columns],
        ([column.cell(row, now).text or "-" for column in columns] for row in rows),
        right,
    )


DEFAULT_PRIORITY = 5
"""Columns above it are for wide screens and `-o wide`."""


def print_error(error: AcpTuiError, output: str) -> None:
    """Says what happened, what was tried and what to do next, on standard error; as JSON for scripts."""
    if output in ("json", "yaml"):
        document = {
            "kind": "Error",
            "slug": error.slug,
            "title": error.title,
            "tried": error.tried,
            "advice": error.advice,
            "exitCode": error.exit_code,
        }
        click.echo(json.dumps({"error": document}, ensure_ascii=False), err=True)
        return
    click.echo(f"error: {error.title}", err=True)
    if error.tried:
        click.echo(f"  tried: {error.tried}", err=True)
    if error.advice:
        click.echo(f"  next:  {error.advice}", err=True)


def warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def on_terminal() -> bool:
    """True where a person can answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()
