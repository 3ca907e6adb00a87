"""`acp-tui doctor`: what it can reach, with which rights, and what is missing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from acp_tui.cli.output import output_option, print_document, print_table
from acp_tui.cli.target import Target, open_fleet, target_options
from acp_tui.model.errors import AcpTuiError, ClusterError

if TYPE_CHECKING:
    from acp_tui.fleet.fleet import Fleet
    from acp_tui.fleet.session import Session

RIGHTS = (
    ("list", "", "nodes", "Fleet: nodes"),
    ("list", "", "pods", "Applications: pods"),
    ("list", "apps", "deployments", "Applications: workloads"),
    ("list", "", "secrets", "Releases kept in Secrets"),
    ("list", "", "resourcequotas", "Quotas"),
    ("create", "", "secrets", "deploy, upgrade, roll back"),
    ("delete", "", "secrets", "uninstall"),
    ("patch", "apps", "deployments", "upgrade, roll back"),
    ("get", "", "pods/log", "logs"),
)
"""What the views and verbs need, as verb, group, resource, purpose; asked for the context's namespace and for all."""

PARTS = (
    ("app.k8s.io", "Application", "applications of the platform"),
    ("app.alauda.io", "HelmRequest", "releases kept by Captain"),
    ("app.alauda.io", "Release", "Captain's release records"),
    ("operator.alauda.io", "AppRelease", "platform components"),
    ("auth.alauda.io", "Project", "projects and their quotas"),
    ("argoproj.io", "Application", "Argo CD"),
    ("metrics.k8s.io", "PodMetrics", "live CPU and memory"),
)


@click.command()
@click.option("-n", "--namespace", default="", help="Ask for rights in this namespace instead of all.")
@output_option
@target_options
def doctor(namespace: str, output: str, target: Target) -> None:
    """Checks every cluster: reachable, version, who you are, rights, platform parts; and the Helm engines here."""
    asyncio.run(_doctor(namespace, output, target))


async def _doctor(namespace: str, output: str, target: Target) -> None:
    async with open_fleet(target) as fleet:
        reports = await asyncio.gather(*(_examine(fleet, name, namespace) for name in fleet.names))
    engines = await _engines()
    if output in ("json", "yaml"):
        print_document({"kind": "DoctorReport", "engines": engines, "items": reports}, output)
    else:
        _print(engines, list(reports))
    if not any(report["reachable"] for report in reports):
        raise ClusterError("No cluster answered", advice="the reasons stand above; check VPN, proxy and credentials")


async def _engines() -> list[dict[str, Any]]:
    from acp_tui.clients.helm.engine import find_engines

    return [
        {"name": engine.name, "major": engine.major, "limits": list(engine.limits)} for engine in await find_engines()
    ]


async def _examine(fleet: Fleet, name: str, namespace: str) -> dict[str, Any]:
    """The report on one cluster; a cluster that does not answer is a report too."""
    summary = next(row for row in fleet.clusters() if row.name == name)
    session = fleet.session(name)
    report: dict[str, Any] = {
        "cluster": name,
        "server": session.context.server,
        "reachable": bool(summary.reachable),
        "reason": "" if summary.reachable else summary.reason or summary.freshness.reason,
        "version": summary.version,
        "latencyMs": summary.latency_ms,
        "role": summary.role,
        "production": summary.production,
        "warnings": list(summary.warnings),
        "rights": [],
        "parts": [],
    }
    if not summary.reachable:
        return report
    report["user"] = await _who(session)
    report["rights"] = await asyncio.gather(*(_right(session, right, namespace) for right in RIGHTS))
    report["parts"] = [
        {"part": f"{kind}.{group}", "purpose": purpose, "served": session.kinds.has(group, kind)}
        for group, kind, purpose in PARTS
    ]
    return report


async def _who(session: Session) -> str:
    """The user the server takes us for; empty where it will not say (SelfSubjectReview, Kubernetes 1.28 and later)."""
    from acp_tui.clients.kube.access import who_am_i

    try:
        return await who_am_i(session.transport)
    except AcpTuiError:
        return ""


async def _right(session: Session, right: tuple[str, str, str, str], namespace: str) -> dict[str, Any]:
    from acp_tui.clients.kube.access import can

    verb, group, resource, purpose = right
    plural, _, subresource = resource.partition("/")
    kind = session.kinds.by_resource(group, plural)
    if kind is None:
        return {"verb": verb, "resource": resource, "purpose": purpose, "allowed": None, "reason": "not served"}
    try:
        access = await can(session.transport, verb, kind, namespace, subresource=subresource)
    except AcpTuiError as error:
        return {"verb": verb, "resource": resource, "purpose": purpose, "allowed": None, "reason": error.title}
    return {
        "verb": verb,
        "resource": resource,
        "purpose": purpose,
        "allowed": access.allowed,
        "reason": access.reason,
    }


def _print(engines: list[dict[str, Any]], reports: list[dict[str, Any]]) -> None:
    words = {True: "yes", False: "NO", None: "?"}
    click.echo(
        "Helm engines: " + (", ".join(engine["name"] for engine in engines) or "none: pip install 'acp-tui[helm]'")
    )
    for engine in engines:
        for limit in engine["limits"]:
            click.echo(f"  {engine['name']} cannot: {limit}")
    for report in reports:
        click.echo()
        click.echo(f"{report['cluster']}  {report['server']}")
        if not report["reachable"]:
            click.echo(f"  no answer: {report['reason']}")
            continue
        click.echo(
            f"  {report['version']} · {report['latencyMs'] or 0:.0f} ms · role {report['role']} · "
            f"user {report.get('user') or '?'}" + (" · PROD" if report["production"] else "")
        )
        for warning in report["warnings"]:
            click.echo(f"  warning: {warning}")
        print_table(
            ("  RIGHT", "ALLOWED", "FOR"),
            (
                (f"  {right['verb']} {right['resource']}", words[right["allowed"]], right["purpose"])
                for right in report["rights"]
            ),
        )
        served = [part["part"] for part in report["parts"] if part["served"]]
        click.echo(f"  platform: {', '.join(served) or 'plain Kubernetes'}")
