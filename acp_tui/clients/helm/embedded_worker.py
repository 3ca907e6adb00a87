"""The child process around helm_python: one request on stdin, events as JSON lines on stdout.

Input: a line with the request, later perhaps `{"cancel": true}`. Output: `{"line": …}` for progress, then one of
`{"done": {…}}` and `{"error": {"kind": …, "message": …}}`. `--version` prints one line and ends. It imports nothing
of acp_tui, and its stdout is a private copy, so that nothing the library prints can be taken for an event.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from typing import Any, TextIO

STOPPABLE = ("deploy", "upgrade")
GRACE = 20.0
"""Seconds that a cancelled act has to write down how far it came, once nobody is there to wait for it."""

ALONE = 3
"""Exit code of a worker that was left alone."""


def main() -> int:
    """Exit code 0 when the library answered, whatever it said; a library that does not load ends it with a trace."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    import helm_python

    if "--version" in sys.argv:
        _say(events, {"done": {"sdk": helm_python.__version__, "helm": helm_python.helm_sdk_version()}})
        return 0
    request = json.loads(sys.stdin.readline())
    logger = logging.getLogger("helm")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(_Events(events))
    helm_python.enable_logging(logging.DEBUG, logger)
    context = helm_python.HelmContext()
    threading.Thread(target=_listen, args=(context, request["verb"]), daemon=True).start()
    try:
        done = _act(request, context)
    except helm_python.HelmError as error:
        _say(events, {"error": {"kind": type(error).__name__, "message": str(error)}})
    else:
        _say(events, {"done": done})
    return 0


def _say(events: TextIO, event: dict[str, Any]) -> None:
    events.write(json.dumps(event) + "\n")


class _Events(logging.Handler):
    def __init__(self, events: TextIO) -> None:
        super().__init__()
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        _say(self._events, {"line": record.getMessage()})


def _listen(context: Any, verb: str) -> None:
    """The end of the input means that whoever started us is gone: what can be asked to stop is, the rest ends."""
    for line in sys.stdin:
        if json.loads(line).get("cancel"):
            context.cancel()
    if verb not in STOPPABLE:
        os._exit(ALONE)
    threading.Timer(GRACE, os._exit, (ALONE,)).start()
    context.cancel()


def _act(request: dict[str, Any], context: Any) -> dict[str, Any]:
    import helm_python

    config = helm_python.Config(
        kubeconfig_path=request["kubeconfig"],
        kube_context=request["context"],
        namespace=request["namespace"],
        storage_driver=request["driver"],
    )
    verb = request["verb"]
    if verb in ("deploy", "upgrade"):
        return _deploy(request, config, context)
    if verb == "rollback":
        options = {"version": request["revision"], "max_history": request["history"]}
        _native("helm_rollback", config, request, options, gives=False)
        return {}
    _native("helm_uninstall", config, request, {"keep_history": request["keep_history"]}, gives=True)
    return {}


def _native(function: str, config: Any, request: dict[str, Any], options: dict[str, Any], *, gives: bool) -> None:
    """Call the library below its Python methods, which have no words for hooks and for the length of a history."""
    from helm_python import _native as library

    text = json.dumps({**options, **_common(request)})
    call = library.call_string if gives else library.call_status
    call(function, config._raw(), request["release"], text)


def _common(request: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"timeout_seconds": request["timeout"]}
    if request["wait"]:
        options["wait"] = "watcher"
    if request["no_hooks"]:
        options["disable_hooks"] = True
    if request["take_over"]:
        options["force_conflicts"] = True
    return options


def _deploy(request: dict[str, Any], config: Any, context: Any) -> dict[str, Any]:
    import helm_python
    from helm_python import _native as library

    values = (helm_python.values_from_yaml(request["values"]) if request["values"] else None) or {}
    path = request["chart"]
    if path.startswith("oci://"):
        path = _pull(path, request)
    upgrade = request["verb"] == "upgrade"
    options = {**_common(request), "namespace": request["namespace"]}
    if request["dry_run"]:
        options["dry_run"] = "server"
    if upgrade:
        options["max_history"] = request["history"]
        options["reset_then_reuse_values" if request["reuse_values"] else "reset_values"] = True
    elif request["create_namespace"]:
        options["create_namespace"] = True
    if request["unchecked"]:
        options |= {"take_ownership": True, "disable_openapi_validation": True}
    with helm_python.Chart.load(path) as chart:
        told = json.loads(
            library.call_string(
                "helm_upgrade" if upgrade else "helm_install",
                config._raw(),
                context._raw(),
                chart._raw(),
                None,
                request["release"],
                json.dumps(values),
                json.dumps(options),
            )
        )
        done: dict[str, Any] = {"release": told}
        if not request["dry_run"]:
            told.pop("manifest", None)
            return done
        if upgrade and request["reuse_values"]:
            values = _merge(config.get_values(request["release"]) or {}, values)
        # A dry run tells no hooks; rendering alone tells them, with the files they are in.
        done["values"] = values
        done["templates"] = config.render(
            chart,
            values,
            name=request["release"],
            namespace=request["namespace"],
            revision=told.get("revision"),
            is_install=not upgrade,
            is_upgrade=upgrade,
        )
        return done


def _pull(reference: str, request: dict[str, Any]) -> str:
    import helm_python

    folder = os.path.join(request["folder"], "pulled")
    os.mkdir(folder, 0o700)
    helm_python.pull(reference, destination=folder, version=request["version"] or None)
    (archive,) = (entry.path for entry in os.scandir(folder) if entry.name.endswith(".tgz"))
    return str(archive)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


if __name__ == "__main__":
    sys.exit(main())
