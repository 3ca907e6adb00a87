"""Bytes to the terminal beside Textual's own driver in one run: `python -m bench.terminal [PROGRAM...]`.

The same console on the same fleet at 200x50 in true colour, once with each driver, on a pseudo-terminal that answers as
terminals do. Programs named on the command line are started the same way and weighed at rest and for keys that every
such program has: down, page down, `?` and Escape.
"""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

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
    found["page down"] = weighed(terminal, lambda: terminal.send("\x1b[6~"))
    found["dialog"] = weighed(terminal, lambda: terminal.send("\x10"))
    found["back from it"] = weighed(terminal, lambda: terminal.send("\x1b"))
    found["help"] = weighed(terminal, lambda: terminal.send("?"))
    found["back from help"] = weighed(terminal, lambda: terminal.send("\x1b"))
    terminal.signal(signal.SIGUSR2)
    terminal.pump(1)
    found["one second of busy panes"] = terminal.pump(REST) / REST
    return found


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
    return [
        Measure(f"terminal: {act}", "bytes", mine[act], "stock driver", theirs[act], _allowed(act, theirs[act]))
        for act in mine
        if theirs[act] or mine[act]
    ]


def _allowed(act: str, theirs: float) -> float:
    return BUDGETS[act] / theirs if BUDGETS.get(act) and theirs else 0.0


def other(command: Sequence[str]) -> dict[str, float]:
    """Bytes of another program for what every such program can do."""
    with Terminal(command) as terminal:
        terminal.pump(5)
        terminal.quiet(1)
        found: dict[str, float] = {"start": terminal.received, "one second at rest": terminal.pump(REST) / REST}
        for act, key in COMMON.items():
            terminal.send(key)
            found[act] = terminal.pump(2)
        return found


if __name__ == "__main__":
    print(markdown(measure()))
    for program in sys.argv[1:]:
        print(f"\n{program}")
        for act, count in other(shlex.split(program)).items():
            print(f"  {act:<20}{count:>12,.0f} B")
