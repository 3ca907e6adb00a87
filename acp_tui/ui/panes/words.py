"""What can be typed after `:`: views, any kind, a namespace, a cluster, a few actions; the words of k9s among them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from acp_tui.model.errors import UsageError
from acp_tui.ui.panes.aim import OBJECTS, Aim

VIEW_WORDS = {
    **dict.fromkeys(("fleet", "clusters", "cluster", "contexts", "ctx", "pulse", "pulses"), "clusters"),
    **dict.fromkeys(("applications", "application", "apps", "app", "xray"), "applications"),
    **dict.fromkeys(("releases", "release", "rel", "helm", "charts"), "releases"),
    **dict.fromkeys(("quotas", "quota", "rq", "resourcequota", "resourcequotas"), "quotas"),
    **dict.fromkeys(("activity", "operations", "ops", "acts", "journal"), "activity"),
}
ACTION_WORDS = {
    **dict.fromkeys(("q", "q!", "qa", "quit", "exit"), "global.quit"),
    **dict.fromkeys(("trace", "costs"), "global.costs"),
    **dict.fromkeys(("help", "h", "?"), "global.help"),
}
_ALL = frozenset({"all", "*", "-", "0"})


def parse(text: str, now: Aim, *, clusters: Sequence[str] | None) -> Aim | str:
    """The aim for `WORD [NAMESPACE] [@CLUSTER] [/FILTER]`, `ns NAMESPACE` or `ctx CLUSTER`, seen from where we are.

    For a word that stands for an action, the full name of that. Raises UsageError for a cluster that is not there,
    where `clusters` are known; whether a kind exists is for the clusters to say.
    """
    command, _, wanted_filter = text.strip().partition("/")
    words = command.split()
    if not words:
        return replace(now, filter=wanted_filter.strip(), key="")
    word, rest = words[0].lower(), words[1:]
    if word in ACTION_WORDS:
        return ACTION_WORDS[word]
    named = [each.removeprefix("@") for each in rest if each.startswith("@")]
    plain = [each for each in rest if not each.startswith("@")]
    if word in ("ns", "namespace", "namespaces") and plain:
        return replace(now, namespace=_namespace(plain[0]), key="")
    if word in ("ctx", "context", "cluster") and (plain or named):
        return replace(now, clusters=_cluster((plain or named)[0], clusters), key="")
    aim = replace(now, filter=wanted_filter.strip(), key="", sort="", descending=False, kind="")
    if plain:
        aim = replace(aim, namespace=_namespace(plain[0]))
    if named:
        aim = replace(aim, clusters=_cluster(named[0], clusters))
    view = VIEW_WORDS.get(word)
    if view is None:
        return replace(aim, view=OBJECTS, kind=words[0])
    return replace(aim, view=view)


def asked_first(text: str) -> Aim | None:
    """What the console is asked to begin with, before any cluster is known; None for nothing.

    Raises UsageError for what is no place to begin at.
    """
    if not text.strip():
        return None
    aim = parse(text, Aim("clusters"), clusters=None)
    if isinstance(aim, str):
        raise UsageError(
            f"{text.strip()!r} is no view to begin with", advice="such as pods, releases or 'deploy shop @east'"
        )
    return aim


def _namespace(word: str) -> str:
    return "" if word in _ALL else word


def _cluster(word: str, clusters: Sequence[str] | None) -> frozenset[str] | None:
    if word in _ALL:
        return None
    if clusters is None or word in clusters:
        return frozenset({word})
    similar = [name for name in clusters if word in name]
    if len(similar) == 1:
        return frozenset(similar)
    known = ", ".join(similar or clusters)
    raise UsageError(f"there is no cluster {word!r}", advice=f"known: {known}" if known else "")


def completions(clusters: Sequence[str], namespaces: Sequence[str]) -> list[str]:
    """What the line may be completed to, the likeliest first."""
    words = [
        "fleet", "applications", "releases", "quotas", "activity", "helm", "apps",
        "pods", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs", "services", "ingresses", "configmaps",
        "secrets", "nodes", "namespaces", "events", "persistentvolumeclaims", "horizontalpodautoscalers",
    ]  # fmt: skip
    return [
        *words,
        *(f"ctx {name}" for name in clusters),
        *(f"ns {name}" for name in namespaces),
        "ns all",
        "ctx all",
        "trace",
        "help",
        "quit",
    ]
