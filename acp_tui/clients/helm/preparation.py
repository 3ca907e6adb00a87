"""What both kinds of engine need before they start: the private folder with kubeconfig, values and chart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from acp_tui.clients.helm.charts import ChartSource, check_values, resolve
from acp_tui.clients.helm.engine import EngineRequest, check_request
from acp_tui.clients.helm.environment import child_environment
from acp_tui.clients.helm.stored import stored_chart
from acp_tui.clients.helm.workspace import Workspace
from acp_tui.model.errors import ChartError
from acp_tui.model.plan import Verb

_PLUGIN = re.compile(r"^\s*-?\s*[\"']?exec[\"']?:", re.MULTILINE)


class Prepared(Struct, frozen=True):
    """`chart` and `values` are None for the verbs that need none; `close` deletes everything."""

    workspace: Workspace
    kubeconfig: Path
    env: dict[str, str]
    values: Path | None = None
    chart: ChartSource | None = None

    def __repr__(self) -> str:
        return f"Prepared({self.workspace.folder})"

    def close(self) -> None:
        self.workspace.close()


async def prepare(request: EngineRequest, env: Mapping[str, str]) -> Prepared:
    """Check a request and lay out its files. Raises ChartError and EngineError, and leaves nothing behind then."""
    check_request(request)
    access = request.context.one_file()
    workspace = Workspace(env)
    try:
        kubeconfig = workspace.write("kubeconfig", access)
        chart = await _chart(request, workspace.folder, env)
        values = None
        if chart is not None and request.values.strip():
            check_values(request.values)
            values = workspace.write("values.yaml", request.values)
    except BaseException:
        workspace.close()
        raise
    return Prepared(
        workspace=workspace,
        kubeconfig=kubeconfig,
        env={
            **child_environment(env, store=request.release.store, credential_plugin=bool(_PLUGIN.search(access))),
            "KUBECONFIG": str(kubeconfig),
        },
        values=values,
        chart=chart,
    )


async def _chart(request: EngineRequest, folder: Path, env: Mapping[str, str]) -> ChartSource | None:
    if request.verb not in (Verb.DEPLOY, Verb.UPGRADE):
        return None
    if request.chart:
        return await resolve(
            request.chart, folder=folder, version=request.version, repository=request.repository, env=env
        )
    if request.verb is Verb.UPGRADE and request.stored is not None:
        return await resolve(str(stored_chart(request.stored, folder)), folder=folder, env=env)
    raise ChartError(
        f"No chart to {request.verb.value} {request.release.name} with",
        advice="name a folder, a .tgz file, oci://…, a URL, or repository/name",
    )
