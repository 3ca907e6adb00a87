"""`acp-tui demo`: the console, or a kubeconfig, on a simulated fleet."""

from __future__ import annotations

import os
import signal
import threading

import click

from acp_tui.cli.target import Target, demo_folder


@click.command()
@click.option("--serve", is_flag=True, help="Keep the fleet running and print the path of its kubeconfig.")
@click.option("--still", is_flag=True, help="Nothing moves in the fleet: for measurements and pictures.")
@click.pass_context
def demo(context: click.Context, serve: bool, still: bool) -> None:
    """Opens the console on a simulated fleet: six clusters, one of them down, and things happen in it."""
    if serve:
        _serve(still=still)
        return
    from acp_tui.cli.console import Look, open_console

    params = context.parent.params if context.parent else {}
    look = Look(theme=params.get("theme", ""), keymap=params.get("keymap", ""), read_only=bool(params.get("read_only")))
    open_console(Target(demo=True, still=still), look)


def _serve(*, still: bool) -> None:
    from acp_tui.clients.box import served_box, start_box
    from acp_tui.model.errors import UsageError

    folder = demo_folder()
    running = served_box(folder)
    if running:
        raise UsageError(
            "A simulated fleet is already served", tried=str(running), advice="use it with --demo, or end it"
        )
    box = start_box(folder, still=still)
    (folder / "pid").write_text(str(os.getpid()))
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: over.set())
    click.echo(box.kubeconfig)
    click.echo(f"Ready: KUBECONFIG={box.kubeconfig} kubectl get nodes. Ctrl+C ends the fleet.", err=True)
    try:
        while not over.wait(timeout=1.0):
            if box.process.poll() is not None:
                break
    finally:
        (folder / "pid").unlink(missing_ok=True)
        box.close()
