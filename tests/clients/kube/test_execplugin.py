"""Credential plugins are other people's programs: none may hang, flood, ask, or leak."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.errors import CredentialFailed
from acp_tui.clients.kube.context import Auth, Context, ExecPlugin, Secret, Tls
from acp_tui.clients.kube.credentials import Credentials
from acp_tui.clients.kube.execplugin import ExecPlugins, PluginFailed, run_plugin

TOKEN = '{"kind":"ExecCredential","status":{"token":" t0ken "}}'


def script(folder: Path, text: str, *, name: str = "login") -> ExecPlugin:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return ExecPlugin(command=str(path))


def using(plugin: ExecPlugin, **settings: Any) -> Context:
    return Context(name="prod", server="https://prod:6443", user_name="ann", auth=Auth(exec=plugin), **settings)


async def run(plugin: ExecPlugin, *, timeout: float = 10.0) -> Any:
    return await run_plugin(plugin, info="{}", timeout=timeout)


async def test_it_reads_the_token_and_its_expiry(tmp_path: Path) -> None:
    status = {"token": "t0ken", "expirationTimestamp": "1970-01-01T00:01:00Z"}
    found = await run(script(tmp_path, f"echo '{json.dumps({'kind': 'ExecCredential', 'status': status})}'"))

    assert found.token.reveal() == b"t0ken"
    assert found.expires_at == 60.0
    assert "t0ken" not in repr(found)


async def test_it_has_no_terminal_and_no_input(tmp_path: Path) -> None:
    found = await run(script(tmp_path, f"read answer; [ -t 0 ] || [ -t 2 ] || echo '{TOKEN}'"))

    assert found.token.reveal() == b"t0ken"


async def test_one_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    plugin = script(tmp_path, f"exec 3>{fifo}; sleep 1000 & wait")
    all_dead = asyncio.create_task(asyncio.to_thread(fifo.read_bytes))

    with pytest.raises(PluginFailed, match="no answer"):
        await run(plugin, timeout=0.5)

    assert await all_dead == b""


async def test_a_cancelled_run_is_killed(tmp_path: Path) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    running = asyncio.create_task(run(script(tmp_path, f"exec 3>{fifo}; echo up >&3; sleep 1000")))
    up = asyncio.Event()

    def watch(loop: asyncio.AbstractEventLoop) -> bytes:
        with fifo.open("rb") as pipe:
            first = pipe.readline()
            loop.call_soon_threadsafe(up.set)
            return first + pipe.read()

    all_dead = asyncio.create_task(asyncio.to_thread(watch, asyncio.get_running_loop()))
    await up.wait()
    running.cancel()

    assert await all_dead == b"up\n"
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_flood_on_standard_error_does_not_block_it(tmp_path: Path) -> None:
    found = await run(script(tmp_path, f"head -c 1000000 /dev/zero >&2; echo '{TOKEN}'"))

    assert found.token.reveal() == b"t0ken"


async def test_a_flood_on_standard_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginFailed, match="more than 1 MiB"):
        await run(script(tmp_path, "head -c 3000000 /dev/zero"))


async def test_a_failure_gives_its_last_words_cleaned_and_without_tokens(tmp_path: Path) -> None:
    with pytest.raises(PluginFailed) as caught:
        await run(script(tmp_path, r"printf 'noise\n\033[31mdenied token=abc123 Bearer xyz\n' >&2; exit 3"))

    assert "exit code 3: ␛[31mdenied <hidden> <hidden>" in caught.value.why


@pytest.mark.parametrize(
    "output",
    [
        "",
        "token",
        "[]",
        '{"kind":"ExecCredential"}',
        '{"kind":"ExecCredential","status":{}}',
        '{"kind":"ExecCredential","status":{"token":5}}',
        '{"kind":"ExecCredential","status":{"clientCertificateData":"x"}}',
        '{"status":{"token":"x"}}',
    ],
)
async def test_what_is_no_credential_is_refused(tmp_path: Path, output: str) -> None:
    with pytest.raises(PluginFailed, match="printed"):
        await run(script(tmp_path, f"echo '{output}'"))


async def test_a_missing_program_is_told_with_the_hint_of_the_kubeconfig() -> None:
    with pytest.raises(PluginFailed, match="cannot be started") as caught:
        await run(ExecPlugin(command="/nowhere/aws", install_hint="get it from example.org"))

    assert caught.value.advice == "get it from example.org"


async def test_it_gets_its_environment_and_cluster_details_only_when_asked_for(tmp_path: Path) -> None:
    plugin = script(
        tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; echo "$WHO" > {tmp_path}/who; echo \'{TOKEN}\''
    )
    asking = ExecPlugin(
        command=plugin.command,
        env=(("WHO", Secret(b"ann")),),
        provide_cluster_info=True,
        cluster_config='{"audience": "x"}',
    )
    tls = Tls(ca_data=b"PEM", server_name="kube")

    await ExecPlugins().credential(using(plugin, tls=tls))
    plain = json.loads((tmp_path / "info").read_text())
    await ExecPlugins().credential(using(asking, tls=tls))
    full = json.loads((tmp_path / "info").read_text())

    assert plain["spec"] == {"interactive": False}
    assert plain["kind"] == "ExecCredential"
    assert full["spec"]["cluster"] == {
        "server": "https://prod:6443",
        "tls-server-name": "kube",
        "certificate-authority-data": "UEVN",
        "config": {"audience": "x"},
    }
    assert (tmp_path / "who").read_text() == "ann\n"


async def test_contexts_with_an_equal_stanza_run_it_once(tmp_path: Path) -> None:
    plugin = script(tmp_path, f"echo run >> {tmp_path}/runs; echo '{TOKEN}'")
    plugins = ExecPlugins()

    found = await asyncio.gather(*(plugins.credential(using(plugin)) for _ in range(10)))

    assert len(set(map(id, found))) == 1
    assert (tmp_path / "runs").read_text() == "run\n"


async def test_at_most_four_run_at_once(tmp_path: Path) -> None:
    (tmp_path / "now").mkdir()
    counting = (
        f"touch {tmp_path}/now/$$; ls {tmp_path}/now | wc -l >> {tmp_path}/counts; sleep 0.05; rm {tmp_path}/now/$$"
    )
    stanzas = [script(tmp_path, f"{counting}; echo '{TOKEN}'", name=f"login{number}") for number in range(9)]
    plugins = ExecPlugins()

    await asyncio.gather(*(plugins.credential(using(stanza)) for stanza in stanzas))

    counts = [int(line) for line in (tmp_path / "counts").read_text().split()]
    assert len(counts) == 9
    assert max(counts) <= 4


async def test_a_failure_is_remembered_for_a_while_and_then_tried_again(tmp_path: Path) -> None:
    now = 0.0
    plugin = script(tmp_path, f"echo run >> {tmp_path}/runs; exit 1")
    plugins = ExecPlugins(clock=lambda: now)

    for moment in (0.0, 5.0, 30.0):
        now = moment
        with pytest.raises(PluginFailed):
            await plugins.credential(using(plugin))

    assert (tmp_path / "runs").read_text() == "run\nrun\n"


async def test_an_expired_credential_is_fetched_anew_before_the_server_refuses_it(tmp_path: Path) -> None:
    now = 0.0
    status = {"token": "t", "expirationTimestamp": "1970-01-01T00:10:00Z"}
    printed = json.dumps({"kind": "ExecCredential", "status": status})
    plugin = script(tmp_path, f"echo run >> {tmp_path}/runs; echo '{printed}'")
    plugins = ExecPlugins(clock=lambda: now)

    for moment in (0.0, 500.0, 590.0):
        now = moment
        await plugins.credential(using(plugin))

    assert (tmp_path / "runs").read_text() == "run\nrun\n"


async def test_a_refused_credential_is_replaced_once_for_all_contexts(tmp_path: Path) -> None:
    plugin = script(tmp_path, f"echo run >> {tmp_path}/runs; echo '{TOKEN}'")
    plugins = ExecPlugins()
    both = [Credentials(using(plugin), plugins=plugins) for _ in range(2)]
    for credentials in both:
        await credentials.authorization()

    renewed = await asyncio.gather(*(credentials.renew() for credentials in both))

    assert renewed == [True, True]
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


async def test_a_certificate_from_a_plugin_is_presented_instead_of_a_token(tmp_path: Path) -> None:
    status = {"clientCertificateData": "CERT", "clientKeyData": "KEY"}
    printed = json.dumps({"kind": "ExecCredential", "status": status})
    credentials = Credentials(using(script(tmp_path, f"echo '{printed}'")), plugins=ExecPlugins())

    certificate = await credentials.certificate()

    assert await credentials.authorization() == ""
    assert certificate is not None
    assert (certificate.cert.reveal(), certificate.key.reveal()) == (b"CERT", b"KEY")


async def test_a_plugins_failure_names_the_context_and_the_user(tmp_path: Path) -> None:
    credentials = Credentials(using(script(tmp_path, "exit 1")), plugins=ExecPlugins())

    with pytest.raises(CredentialFailed) as caught:
        await credentials.authorization()

    assert caught.value.title.startswith("prod: exec plugin")
    assert "'ann'" in caught.value.tried


async def test_a_token_file_is_read_again_each_minute_and_stripped(tmp_path: Path) -> None:
    now = 0.0
    file = tmp_path / "token"
    file.write_text("one\n")
    context = Context(name="prod", server="https://x", auth=Auth(token_file=str(file), token=Secret(b"inline")))
    credentials = Credentials(context, plugins=ExecPlugins(), clock=lambda: now)

    seen = []
    for moment, text in ((0.0, "one\n"), (59.0, "two\n"), (61.0, "two\n")):
        now = moment
        file.write_text(text)
        seen.append(await credentials.authorization())

    assert seen == ["Bearer one", "Bearer one", "Bearer two"]


@pytest.mark.parametrize("text", [None, "\n"])
async def test_a_token_file_without_a_token_is_told(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)
    context = Context(name="prod", server="https://x", auth=Auth(token_file=str(file)))

    with pytest.raises(CredentialFailed, match="token file") as caught:
        await Credentials(context, plugins=ExecPlugins()).authorization()

    assert caught.value.tried == str(file)
