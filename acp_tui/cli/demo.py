"""`acp-tui demo`: the console, or a kubeconfig, on a simulated fleet."""

from __future__ import annotations

import signal
import threading

import click
import msgspec

from acp_tui.cli.run import ENDINGS
from acp_tui.cli.target import Look, Program, Target, demo_folder


@click.command()
@click.option("--serve", is_flag=True, help="Keep the fleet running and print the path of its kubeconfig.")
@click.option("--still", is_flag=True, help="Nothing moves in the fleet: for measurements and pictures.")
@click.pass_context
def demo(context: click.Context, serve: bool, still: bool) -> None:
    """Opens the console on a simulated fleet: six clusters, one of them down, and things happen in it."""
    if serve:
        _serve(still=still)
        return
    said = context.find_object(Target) or Target()
    target = msgspec.structs.replace(said, demo=True, still=still)
    context.meta[Program.__name__].open_console(target, context.meta[Look.__name__])


def _serve(*, still: bool) -> None:
    from acp_tui.clients.box import SERVED, start_box
    from acp_tui.config.locks import hold
    from acp_tui.model.errors import UsageError

    folder = demo_folder()
    try:
        served = hold(folder / SERVED)
    except BlockingIOError as error:
        raise UsageError(
            "A simulated fleet is already served", tried=str(folder), advice="use it with --demo, or end it"
        ) from error
    over = threading.Event()
    for number in (*ENDINGS, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, lambda *_: over.set())
    box = start_box(folder, still=still)
    click.echo(box.kubeconfig)
    click.echo(f"Ready: KUBECONFIG={box.kubeconfig} kubectl get nodes. Ctrl+C ends the fleet.", err=True)
    try:
        while not over.wait(timeout=1.0):
            if box.process.poll() is not None:
                break
    finally:
        served.release()
        box.close()
