"""Bytes to the terminal beside Textual's own driver in one run: `python -m bench.terminal [PROGRAM...]`.

The same console on the same fleet at 200x50 in true colour, once with each driver, on a pseudo-terminal that answers as
terminals do; and the work from a key to the first byte of its answer. Programs named on the command line are started
the same way and weighed at rest and for keys that every such program has: down, page down, `?` and Escape.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

from acp_tui.terminal.capabilities import DRIVER_VARIABLE
from bench.measure import Measure, markdown
from tests.terminal.ptys import PYTHON, Terminal

STAGE = (PYTHON, "-m", "tests.terminal.stage")
SETTLED = 0.5
"""Seconds without a byte after which an act is over."""
REST = 3.0
COMMON: Mapping[str, str] = {"cursor down": "j", "page down": "\x1b[6~", "help": "?", "back from help": "\x1b"}


def weighed(terminal: Terminal, act: Callable[[], object]) -> int:
    """Bytes that an act brings."""
    act()
    return terminal.quiet(SETTLED)


def acts(terminal: Terminal) -> dict[str, float]:
    """Bytes of every act on the console."""
    terminal.shows("Fleet 6", "Applications 32", "first causes")
    terminal.quiet(SETTLED)
    found: dict[str, float] = {"start": terminal.received, "one second at rest": terminal.pump(REST) / REST}
    found["one changed cell"] = weighed(terminal, lambda: terminal.signal(signal.SIGUSR1))
    found["cursor down"] = weighed(terminal, lambda: terminal.send("j"))
    found["other pane"] = weighed(terminal, lambda: terminal.send("\t"))
    found["dialog"] = weighed(terminal, lambda: terminal.send("\x10"))
    found["back from it"] = weighed(terminal, lambda: terminal.send("\x1b"))
    found["help"] = weighed(terminal, lambda: terminal.send("?"))
    found["back from help"] = weighed(terminal, lambda: terminal.send("\x1b"))
    terminal.signal(signal.SIGUSR2)
    terminal.pump(1)
    found["one second of busy panes"] = terminal.pump(REST) / REST
    return found


def page(terminal: Terminal) -> float:
    """Bytes of a page of two thousand rows that differ, in one pane over the whole width: the median of five."""
    terminal.shows("Fleet 2000", "Applications 2000")
    for keys in ("\t", "3", "z"):
        terminal.send(keys)
        terminal.quiet(SETTLED)
    return median(weighed(terminal, lambda: terminal.send("\x1b[6~")) for _ in range(5))


def key_to_first_byte(rounds: int = 40) -> list[Measure]:
    """Median processor time from a key that was read until it is drawn, and until the first byte of it is sent."""
    with NamedTemporaryFile() as file, Terminal([PYTHON, "-m", "tests.terminal.timed", file.name]) as terminal:
        terminal.shows("Fleet 6", "Applications 32")
        terminal.quiet(SETTLED)
        found = []
        for what, key in {"cursor moved": "jk", "one cell marked": " "}.items():
            before = len(Path(file.name).read_text().splitlines())
            for place in range(rounds):
                terminal.send(key[place % len(key)])
                terminal.quiet(0.1)
            lines = Path(file.name).read_text().splitlines()[before:]
            for phase, times in zip(("drawn", "first byte"), zip(*map(str.split, lines), strict=True), strict=True):
                taken = 1000 * median(map(float, times))
                found.append(Measure(f"terminal: key to {phase}, {what}", "ms", taken, "allowed", ALLOWED_MS))
    return found


ALLOWED_MS = 5.0
BUDGETS: Mapping[str, int] = {
    "one second at rest": 0,
    "one changed cell": 150,
    "cursor down": 600,
    "other pane": 1500,
    "page down": 4000,
    "dialog": 3000,
    "back from it": 3000,
    "one second of busy panes": 10 * 1024,
}
"""Bytes; where there is one, the ratio printed beside it is the one that the budget allows."""


def measure() -> list[Measure]:
    with Terminal(STAGE) as ours, Terminal(STAGE, env={DRIVER_VARIABLE: "stock"}) as stock:
        mine, theirs = acts(ours), acts(stock)
    town = {"STAGE_FLEET": "town"}
    with Terminal(STAGE, env=town) as ours, Terminal(STAGE, env={DRIVER_VARIABLE: "stock", **town}) as stock:
        mine["page down"], theirs["page down"] = page(ours), page(stock)
    return [
        Measure(f"terminal: {act}", "bytes", mine[act], "stock driver", theirs[act], _allowed(act, theirs[act]))
        for act in mine
        if theirs[act] or mine[act]
    ] + key_to_first_byte()


def _allowed(act: str, theirs: float) -> float:
    return BUDGETS[act] / theirs if BUDGETS.get(act) and theirs else 0.0


def other(command: Sequence[str]) -> dict[str, float]:
    """Bytes of another program for what every such program can do."""
    with Terminal(command) as terminal:
        terminal.pump(6)
        found: dict[str, float] = {"start": terminal.received, "one second at rest": terminal.pump(REST) / REST}
        for act, key in COMMON.items():
            if not terminal.alive:
                raise SystemExit(f"{command[0]} ended with {terminal.exit_code}:\n{terminal.text}")
            terminal.send(key)
            found[act] = terminal.pump(2)
        return found


if __name__ == "__main__":
    print(markdown(measure()))
    for program in sys.argv[1:]:
        print(f"\n{program}")
        for act, count in other(shlex.split(program)).items():
            print(f"  {act:<20}{count:>12,.0f} B")
