"""How answers are printed: tables for people, JSON and YAML for scripts."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click
import msgspec

from acp_tui.model.errors import AcpTuiError
from acp_tui.wire.text import clean

if TYPE_CHECKING:
    from acp_tui.fleet.columns import Column, View

FORMATS = ("table", "wide", "json", "yaml")
MACHINE = frozenset({"json", "yaml"})
PIPED_PRIORITY = 5
"""Where nobody says how wide it may be, columns up to this priority are printed; `-o wide` prints all."""

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
    """Prints one JSON or YAML document; any other format than yaml means JSON.

    What a terminal would obey or hide is escaped in JSON, where an escape loses nothing, and replaced in YAML; what
    standard output has no sign for is escaped in both.
    """
    if output == "yaml":
        import yaml

        text = yaml.safe_dump(plain(document), sort_keys=False, allow_unicode=True)
        if not _takes(text):
            text = yaml.safe_dump(plain(document), sort_keys=False, allow_unicode=False)
        click.echo(clean(text, multiline=True), nl=False)
        return
    click.echo(_json(plain(document), indent=2))


def _json(document: Any, *, indent: int | None = None) -> str:
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    whole = _takes(text) and clean(text, multiline=True) == text
    return text if whole else json.dumps(document, indent=indent)


def _takes(text: str) -> bool:
    """Whether standard output has a sign for each character: a pipe on Windows knows some two hundred."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def print_text(text: str) -> None:
    """Prints text from a cluster as it stands, but for what a terminal would obey."""
    click.echo(clean(text, multiline=True).rstrip("\n"))


def print_list(
    kind: str, items: Sequence[Any], output: str, table: Callable[[], None], *, incomplete: Sequence[Any] = ()
) -> None:
    """Prints a list as `{"kind": …, "items": […]}`, or calls `table` for people.

    `incomplete` are errors for which something may be missing in the list; scripts find them in the document.
    """
    if output in MACHINE:
        document: dict[str, Any] = {"kind": kind, "items": list(items)}
        if incomplete:
            document["incomplete"] = list(incomplete)
        print_document(document, output)
        return
    table()


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset(), *, err: bool = False
) -> None:
    """Prints columns as wide as their widest cell, measured in terminal cells; `right` names right-aligned ones."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = _widths(lines)
    for line in lines:
        parts = []
        for index, (text, width) in enumerate(zip(line, widths, strict=True)):
            gap = " " * (width - cells(text))
            parts.append(gap + text if index in right else text + gap)
        click.echo("  ".join(parts).rstrip(), err=err)


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cells, column)) for column in zip(*lines, strict=True)]


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def print_view(view: View[Any], rows: Sequence[Any], *, wide: bool) -> None:
    """Prints rows in the columns and the order of the console's view.

    On a terminal columns go, the least important first, until a row fits; in a pipe the columns are always the same.
    """
    now = time.time()
    columns = [column for column in view.columns if wide or column.priority <= PIPED_PRIORITY]
    table = [[view.cell(column, row, now).text or "-" for column in columns] for row in rows]
    if not wide and sys.stdout.isatty():
        kept = _fitting(columns, table, shutil.get_terminal_size().columns)
        columns = [columns[index] for index in kept]
        table = [[row[index] for index in kept] for row in table]
    right = frozenset(index for index, column in enumerate(columns) if column.align == "right")
    print_table([column.title for column in columns], table, right)


def _fitting(columns: Sequence[Column[Any]], table: Sequence[Sequence[str]], room: int) -> list[int]:
    """Indices of the columns to keep; those of priority 0 stay even where the line then breaks."""
    widths = _widths([[column.title for column in columns], *table])
    kept = list(range(len(columns)))
    while sum(widths[index] + 2 for index in kept) - 2 > room:
        last = max(columns[index].priority for index in kept)
        if last == 0:
            break
        kept.remove(max(index for index in kept if columns[index].priority == last))
    return kept


def error_document(error: AcpTuiError, *, cluster: str = "") -> dict[str, Any]:
    """An error as scripts read it; `slug` is its stable word."""
    document = {"cluster": cluster} if cluster else {}
    return {
        **document,
        "slug": error.slug,
        "title": error.title,
        "tried": error.tried,
        "advice": error.advice,
        "exitCode": error.exit_code,
    }


def print_error(error: AcpTuiError, output: str) -> None:
    """Says what happened, what was tried and what to do next, on standard error; as JSON for scripts."""
    if output in MACHINE:
        click.echo(_json({"kind": "Error", "error": error_document(error)}), err=True)
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
