"""Finds, reads and merges kubeconfig files as kubectl does; what is broken is told, the rest still loads."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from acp_tui.clients.kube.context import Auth, Context, Tls
from acp_tui.clients.kube.stanzas import Entry, read_context
from acp_tui.model.errors import KubeconfigError
from acp_tui.wire.text import clean, one_line

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECTIONS = (("clusters", "cluster"), ("users", "user"), ("contexts", "context"))
_LIMIT_BYTES = 64 * 1024 * 1024


class Kubeconfig(Struct, frozen=True):
    """All contexts in the order of their files; `problems` are the files that could not be read.

    `current` is empty where no file names one.
    """

    contexts: tuple[Context, ...]
    current: str = ""
    problems: tuple[KubeconfigError, ...] = ()
    files: tuple[str, ...] = ()

    def context(self, name: str) -> Context:
        """The context of that name, raising KubeconfigError with the nearest names where there is none."""
        for context in self.contexts:
            if context.name == name:
                return context
        names = [context.name for context in self.contexts]
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:5]
        raise KubeconfigError(
            f"There is no context {one_line(name, limit=80)!r}",
            tried=f"looked in {', '.join(self.files) or 'no file'}",
            advice=f"did you mean {', '.join(near)}?" if near else "the kubeconfig holds no contexts",
        )

    def distinct(self) -> tuple[Context, ...]:
        """Each cluster once: of several contexts of one cluster the current one, else the first usable one."""
        chosen: dict[str, Context] = {}
        for context in self.contexts:
            known = chosen.get(context.identity)
            better = known is None or context.name == self.current or (known.problem and not context.problem)
            if better and not (known and known.name == self.current):
                chosen[context.identity] = context
        return tuple(chosen.values())


def load(
    paths: Sequence[Path] | None = None,
    *,
    env: Mapping[str, str] = os.environ,
    service_account: Path = _SERVICE_ACCOUNT,
) -> Kubeconfig:
    """Reads the given files, else those of $KUBECONFIG, else ~/.kube/config, else the pod's service account.

    Merging follows client-go's clientcmd: the first file that has an entry wins, for current-context too. Files of
    $KUBECONFIG that do not exist are passed over, as kubectl does. Raises KubeconfigError where nothing is left.
    """
    files = list(paths) if paths is not None else _default_files(env)
    problems: list[KubeconfigError] = []
    documents: list[tuple[Path, dict[str, Any]]] = []
    for path in files:
        if paths is None and not path.exists():
            continue
        try:
            documents.append((path, _read(path)))
        except KubeconfigError as problem:
            problems.append(problem)
    contexts, current = _merge(documents)
    if not contexts and not problems and paths is None:
        inside = _in_cluster(env, service_account)
        if inside:
            return Kubeconfig(contexts=(inside,), current=inside.name)
    if not contexts:
        raise problems[0] if problems else _nothing(files)
    return Kubeconfig(
        contexts=tuple(contexts), current=current, problems=tuple(problems), files=tuple(str(path) for path in files)
    )


def _default_files(env: Mapping[str, str]) -> list[Path]:
    listed = [Path(part).expanduser() for part in env.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return listed
    home = env.get("HOME") or os.path.expanduser("~")
    return [Path(home) / ".kube" / "config"]


def _read(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
        if len(data) > _LIMIT_BYTES:
            raise _bad_file(path, "it is larger than 64 MiB")
        document = yaml.load(data, Loader=loader)  # noqa: S506 - both loaders are the safe ones
    except OSError as error:
        raise KubeconfigError(
            f"The kubeconfig {path} cannot be read: {error.strerror or error}",
            tried=str(path),
            advice="check the path and the rights on the file, or name another with --kubeconfig",
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        # Not chained, here and below: the parser's errors can carry the text of the file, tokens and all.
        raise _bad_file(path, one_line(error.problem or error.context or "invalid YAML"), place=place) from None
    except yaml.reader.ReaderError as error:
        line = data[: error.position].count(b"\n") + 1
        raise _bad_file(path, one_line(str(error.reason)), place=f"{path}:{line}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _bad_file(path, f"it cannot be parsed ({type(error).__name__})") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _bad_file(path, "its top level is not a mapping")
    return document


def _bad_file(path: Path, why: str, *, place: str = "") -> KubeconfigError:
    return KubeconfigError(
        f"The kubeconfig {path} is not valid: {why}",
        tried=place or str(path),
        advice="correct the file (kubectl config view shows how kubectl reads it)",
    )


def _merge(documents: list[tuple[Path, dict[str, Any]]]) -> tuple[list[Context], str]:
    merged: dict[str, dict[str, Entry]] = {section: {} for section, _ in _SECTIONS}
    current = ""
    for path, document in documents:
        for section, key in _SECTIONS:
            for name, value in _entries(document.get(section), key):
                merged[section].setdefault(name, Entry(value=value, file=path))
        current = current or clean(str(document.get("current-context") or ""))
    contexts = [
        read_context(name, entry, clusters=merged["clusters"], users=merged["users"])
        for name, entry in merged["contexts"].items()
    ]
    return contexts, current


def _entries(section: Any, key: str) -> list[tuple[str, Any]]:
    """The (name, value) pairs of a section; entries without a name are passed over."""
    if not isinstance(section, list):
        return []
    return [
        (str(item["name"]), item.get(key))
        for item in section
        if isinstance(item, dict) and item.get("name") is not None
    ]


def _in_cluster(env: Mapping[str, str], folder: Path) -> Context | None:
    host, port = env.get("KUBERNETES_SERVICE_HOST", ""), env.get("KUBERNETES_SERVICE_PORT", "443")
    token, authority = folder / "token", folder / "ca.crt"
    if not host or not token.is_file():
        return None
    try:
        namespace = (folder / "namespace").read_text("utf-8").strip()
    except OSError:
        namespace = ""
    place = f"[{host}]" if re.fullmatch(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*", host) else host
    return Context(
        name="in-cluster",
        server=f"https://{place}:{port}",
        cluster_name="in-cluster",
        user_name="service account",
        namespace=namespace,
        auth=Auth(token_file=str(token)),
        tls=Tls(ca_file=str(authority), ca_data=authority.read_bytes() if authority.is_file() else b""),
    )


def _nothing(files: list[Path]) -> KubeconfigError:
    names = ", ".join(str(path) for path in files)
    if any(path.exists() for path in files):
        return KubeconfigError(
            "The kubeconfig holds no contexts", tried=names, advice="add one (kubectl config set-context), or log in"
        )
    return KubeconfigError(
        "There is no kubeconfig",
        tried=f"looked for {names} and for a service account",
        advice="set KUBECONFIG, give --kubeconfig FILE, or try `acp-tui demo`, which needs none",
    )
