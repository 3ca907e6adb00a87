"""The screen as it was left, painted before anything else is imported: the standard library alone, and little of it."""

from __future__ import annotations

import os
import sys
import time
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:  # the real one costs more to import than all of this
    from collections.abc import Mapping, Sequence
    from typing import Any

FORMAT = "acp-tui last screen 1"
FOLDER = "last-screen"
BYTES = 256 * 1024
"""A larger file is not read; 200x60 cells take some 15 KB."""
PICTURES = 8
"""Kinds of starts that have a picture; the oldest goes."""
SMALLEST = (40, 10)
SIGNLESS = frozenset({"linux", "vt100", "vt220", "ansi", "dumb"})
"""Terminals that are not trusted with more than ASCII."""
REST = "\x01"
"""What stands in a row for the second cell of a wide character."""
WAITING = " Starting. Keys are kept; nothing can be changed until the clusters answer."

_VALUED = ("--kubeconfig", "--context", "--theme", "--keymap", "--trace", "--policy", "--view")
_DIM = "2"
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"


class Picture:
    """What was on the screen: rows of the same number of cells, without the hint line.

    `at` is when it was true, `ink` the SGR parameters of dimmed text on the terminal `terminal`, `plain` holds for
    each of `signs` what an ASCII terminal shows. `where` is for the console alone: what its panes looked at.
    """

    __slots__ = ("at", "ink", "plain", "rows", "signs", "terminal", "where")

    def __init__(
        self,
        rows: Sequence[str],
        *,
        at: float,
        ink: str = _DIM,
        terminal: str = "",
        signs: str = "",
        plain: str = "",
        where: str = "",
    ) -> None:
        self.rows = tuple(rows)
        self.at = at
        self.ink = ink
        self.terminal = terminal
        self.signs = signs
        self.plain = plain
        self.where = where

    def fitted(self, width: int, height: int, *, ascii_only: bool = False) -> list[str]:
        """Exactly `height` rows of `width` cells; a frame at the right and lower edge stays there."""
        rows = [_row(row, width, framed=place > 0) for place, row in enumerate(self.rows)]
        if len(rows) > height:
            rows = rows[: height - 1] + rows[-1:]
        rows += [" " * width] * (height - len(rows))
        if ascii_only:
            table = {ord(sign): plain for sign, plain in zip(self.signs, self.plain, strict=False)}
            rows = [_as_ascii(row.translate(table)) for row in rows]
        return rows


def _row(row: str, width: int, *, framed: bool) -> str:
    if len(row) < 4 or len(row) == width:
        return row.ljust(width)[:width]
    edge = row[-1] if framed and row[-1] != REST else ""
    if len(row) < width:
        line = row[-2]
        return row[: len(row) - len(edge)] + (line if line in "─-" else " ") * (width - len(row)) + edge
    kept = row[: width - len(edge)]
    if row[len(kept)] == REST:
        kept = kept[:-1] + " "
    return kept + edge


def _as_ascii(row: str) -> str:
    return row if row.replace(REST, "").isascii() else "".join(c if c.isascii() else "?" for c in row)


def as_of(at: float, now: float) -> str:
    """`as of 15:52, 3 h ago`, with the day where it is another one."""
    old = max(0, int(now - at))
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        if old >= seconds:
            ago = f"{old // seconds} {unit} ago"
            break
    else:
        ago = f"{old} s ago"
    return f"as of {time.strftime('%H:%M' if old < 86400 else '%Y-%m-%d %H:%M', time.localtime(at))}, {ago}"


# which picture


def terminal_of(env: Mapping[str, str]) -> str:
    """What decides which colours a terminal shows."""
    return "/".join(env.get(name, "") for name in ("TERM", "COLORTERM", "NO_COLOR", "TEXTUAL_COLOR_SYSTEM"))


def speaks_utf8(env: Mapping[str, str], encoding: str) -> bool:
    """Whether a terminal is trusted with signs that are not ASCII.

    Python writes UTF-8 in the C locale too (PEP 540), which says nothing about the terminal.
    """
    if env.get("TERM", "") in SIGNLESS or (env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG")) in (
        "C",
        "POSIX",
    ):
        return False
    return encoding.lower().replace("-", "") == "utf8"


def start_of(
    env: Mapping[str, str],
    *,
    kubeconfig: str = "",
    contexts: Sequence[str] = (),
    demo: bool = False,
    view: str = "",
) -> str:
    """The kind of a start: what was asked for by name. A picture is shown to its own kind alone."""
    if demo:
        place = "demo"
    else:
        given = kubeconfig or env.get("KUBECONFIG", "") or "~/.kube/config"
        place = os.pathsep.join(os.path.abspath(os.path.expanduser(each)) for each in given.split(os.pathsep) if each)
    return "\t".join((place, *sorted(set(contexts)), *(["--view", view] if view else []))).replace("\n", " ")


def asked_for(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """The kind of start that these words ask for; empty for anything but the console."""
    given: dict[str, list[str]] = {name: [] for name in _VALUED}
    demo = False
    words = iter(argv)
    for word in words:
        name, sign, value = ("--view" if word == "-c" else word).partition("=")
        if name in given:
            given[name].append(value if sign else next(words, ""))
            if not given[name][-1]:
                return ""
        elif word in ("demo", "--demo"):
            demo = True
        elif word not in ("--read-only", "--still"):
            return ""
    kubeconfig, view = ("".join(given[name][-1:]) for name in ("--kubeconfig", "--view"))
    return start_of(env, kubeconfig=kubeconfig, contexts=given["--context"], demo=demo, view=view)


def folder(env: Mapping[str, str]) -> str:
    """Where pictures lie: in the cache, as `config.paths.cache_dir` has it."""
    wanted = env.get("XDG_CACHE_HOME", "")
    base = wanted if wanted.startswith("/") else os.path.join(env.get("HOME") or os.path.expanduser("~"), ".cache")
    return os.path.join(base, "acp-tui", FOLDER)


def path_of(start: str, env: Mapping[str, str]) -> str:
    return os.path.join(folder(env), f"{zlib.crc32(start.encode(errors='replace')):08x}")


def read(start: str, env: Mapping[str, str]) -> Picture | None:
    """The picture of that kind of start, unless somebody else could have written it; none on Windows."""
    if sys.platform == "win32":
        return None
    try:
        with open(path_of(start, env), "rb") as file:
            state = os.fstat(file.fileno())
            if state.st_uid != os.getuid() or state.st_mode & 0o077 or state.st_size > BYTES:
                return None
            lines = file.read().decode().split("\n")
        head, rows = lines[:7], lines[7:]
        if head[:2] != [FORMAT, start]:
            return None
        _, _, at, terminal, ink, signs, where = head
        sign, _, plain = signs.partition("\t")
        if not set(ink) <= set("0123456789;"):
            return None
        return Picture(
            [row if row.replace(REST, "").isprintable() else _shown(row) for row in rows],
            at=float(at),
            ink=ink,
            terminal=terminal,
            signs=sign,
            plain=plain,
            where=where,
        )
    except (OSError, ValueError):
        return None


def _shown(row: str) -> str:
    return "".join(c if c == REST or c.isprintable() else "?" for c in row)


def write(picture: Picture, start: str, env: Mapping[str, str]) -> None:
    """Keeps a picture for the next start of its kind; a folder that takes no file costs the picture alone."""
    head = (FORMAT, start, repr(picture.at), picture.terminal, picture.ink, f"{picture.signs}\t{picture.plain}")
    data = "\n".join((*head, picture.where, *picture.rows)).encode(errors="replace")
    if len(data) > BYTES:
        return
    path = path_of(start, env)
    draft = f"{path}.{os.getpid()}.{id(picture):x}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        os.replace(draft, path)
        _forget_all_but(PICTURES, env)
    except OSError:
        return


def forget(env: Mapping[str, str]) -> None:
    """Removes every picture."""
    try:
        _forget_all_but(0, env)
    except OSError:
        return


def _forget_all_but(newest: int, env: Mapping[str, str]) -> None:
    with os.scandir(folder(env)) as entries:
        known = sorted((-entry.stat().st_mtime, entry.path) for entry in entries)
    for _, path in known[newest:]:
        os.unlink(path)


def _unwanted(env: Mapping[str, str]) -> bool:
    """Whether the settings say `last_screen = false`, read without a parser because that would cost half the time."""
    base = env.get("XDG_CONFIG_HOME", "")
    base = base if base.startswith("/") else os.path.join(env.get("HOME") or os.path.expanduser("~"), ".config")
    try:
        with open(os.path.join(base, "acp-tui", "config.toml"), "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    return any(line.split(b"#")[0].replace(b" ", b"") == b"last_screen=false" for line in lines)


# painting it


class LastScreen:
    """A picture on the terminal, until the console takes over or the block is left; `picture` None paints nothing.

    While it is up, keys are kept by the terminal and not echoed; ctrl+c and SIGTERM still end the program.
    """

    def __init__(self, picture: Picture | None = None) -> None:
        self.picture = picture
        self._lines: list[Any] | None = None
        self._up = False

    def __enter__(self) -> LastScreen:
        if self.picture is not None:
            self._paint(self.picture)
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Gives the terminal back as it was; before an error is printed, so that it can be read."""
        if sys.platform == "win32" or not self._up:
            return
        self._up = False
        import termios

        try:
            _send(_LEAVE)
            termios.tcsetattr(0, termios.TCSANOW, self._lines or termios.tcgetattr(0))
        except (OSError, termios.error):
            return

    @property
    def up(self) -> bool:
        """Whether the terminal shows it, and is still ours to give back."""
        return self._up

    def taken_over(self) -> list[Any] | None:
        """Somebody else gives the terminal back from now on: how its lines were before, None where we kept them."""
        import signal

        self._up = False
        if signal.getsignal(signal.SIGTERM) is _end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        return self._lines

    def _paint(self, picture: Picture) -> None:
        if sys.platform == "win32":
            return
        import termios

        try:
            width, height = os.get_terminal_size(2)
            if width < SMALLEST[0] or height < SMALLEST[1] or os.tcgetpgrp(0) != os.getpgrp():
                return
            self._lines = termios.tcgetattr(0)
            quiet = termios.tcgetattr(0)
            quiet[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.IXOFF)
            quiet[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
            self._up = True
            termios.tcsetattr(0, termios.TCSANOW, quiet)
            _send(_ENTER + painted(picture, width, height, env=os.environ, now=time.time()))
        except (OSError, termios.error):
            self.leave()
            return
        import signal  # not before the picture is out: it costs as much as all of this

        signal.signal(signal.SIGTERM, _end)


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def painted(picture: Picture, width: int, height: int, *, env: Mapping[str, str], now: float) -> str:
    """What paints every cell of the terminal, dimmed, with the date in the heading and a sentence at the bottom."""
    plainly = not speaks_utf8(env, getattr(sys.stdout, "encoding", ""))
    rows = picture.fitted(width, height - 1, ascii_only=plainly)
    ink = picture.ink if picture.terminal == terminal_of(env) else _DIM
    date = f" {as_of(picture.at, now)} "
    out = [f"\x1b[0;{ink}m"]
    for number, row in enumerate([*rows, WAITING.ljust(width)[:width]], start=1):
        out.append(f"\x1b[{number}H{row.replace(REST, '')}")
    out.append(f"\x1b[1;{width - len(date) + 1}H\x1b[7m{date}\x1b[0m")
    return "".join(out)


def _send(text: str) -> None:
    data = text.encode(errors="replace")
    while data:
        data = data[os.write(2, data) :]


def last_screen(argv: Sequence[str]) -> LastScreen:
    """The picture of such a start, where a terminal can show it; nothing of a terminal is touched yet."""
    env = os.environ
    if env.get("TEXTUAL_DRIVER") or env.get("TERM", "dumb") == "dumb":
        return LastScreen()
    if "_ACP_TUI_COMPLETE" in env or not (os.isatty(0) and os.isatty(1) and os.isatty(2)):
        return LastScreen()
    start = asked_for(argv, env)
    return LastScreen(read(start, env) if start and not _unwanted(env) else None)
