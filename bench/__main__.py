"""`make bench`: runs every benchmark, prints one Markdown table with the facts of this machine, and keeps both."""

from __future__ import annotations

import argparse
import compileall
import os
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import acp_tui
import bench
from bench.measure import Measure, Skipped, as_json, machine, markdown, sentence

NOT_BENCHMARKS = frozenset({"__main__", "measure"})


def names() -> tuple[str, ...]:
    """Every module of this folder that has `measure() -> Iterable[Measure]`."""
    return tuple(
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if module.name not in NOT_BENCHMARKS and hasattr(import_module(f"bench.{module.name}"), "measure")
    )


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every budget is kept; a benchmark that cannot run here says why and is left out."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = names()
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"benchmarks to run: {', '.join(known)}")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder for last.md and last.json")
    given = parser.parse_args(argv)
    wanted = given.only or known
    if strange := set(wanted) - set(known):
        parser.error(f"no benchmark named {', '.join(sorted(strange))}; there are {', '.join(known)}")
    # What is measured are starts of an installed program: they find their byte-code.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(acp_tui.__file__).parent, quiet=1)
    measures: list[Measure] = []
    skipped: list[str] = []
    failed = False
    for name in wanted:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            measures += import_module(f"bench.{name}").measure()
        except Skipped as reason:
            skipped.append(f"{name}: {reason}")
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            failed = True
            skipped.append(f"{name} failed: {str(error).partition(chr(10))[0]}")
    facts = machine()
    left_out = "\n".join(f"Left out: {line}" for line in skipped)
    report = f"{markdown(measures)}\n\n{sentence(facts)}\n{left_out}".rstrip()
    print(report)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "last.md").write_text(f"{report}\n")
    (given.out / "last.json").write_bytes(as_json(measures, facts, skipped))
    return 0 if not failed and all(measure.kept for measure in measures) else 1


if __name__ == "__main__":
    sys.exit(main())
