"""The environment a Helm child gets: an allow-list, so that nothing of the user's shell changes what is done."""

from __future__ import annotations

from collections.abc import Mapping

from acp_tui.model.release import Store

_ALLOWED = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "TZ",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
        "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME",
        "HELM_REGISTRY_CONFIG", "HELM_REPOSITORY_CONFIG", "HELM_REPOSITORY_CACHE", "HELM_BURST_LIMIT", "HELM_QPS",
        "DOCKER_CONFIG", "HELM_C_LIB",
        "SYSTEMROOT", "WINDIR", "PATHEXT", "COMSPEC", "TEMP", "TMP",
        "USERPROFILE", "USERNAME", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
    }
)  # fmt: skip
_DRIVER = {Store.SECRET: "secret", Store.CONFIGMAP: "configmap"}


def driver(store: Store) -> str:
    """Helm's word for where the record is kept."""
    return _DRIVER.get(store, "secret")


def child_environment(
    env: Mapping[str, str], *, store: Store = Store.SECRET, credential_plugin: bool = False
) -> dict[str, str]:
    """What of `env` a Helm child may see, and what it is told.

    A kubeconfig with a credential plugin needs the variables of its cloud, which nobody can list: then everything
    passes but the HELM_* and KUBE* variables, which would change what Helm does.
    """
    if credential_plugin:
        passed = {key: value for key, value in env.items() if key in _ALLOWED or not key.startswith(("HELM_", "KUBE"))}
    else:
        passed = {key: value for key, value in env.items() if key in _ALLOWED or key.startswith("XDG_")}
    return {**passed, "HELM_DRIVER": driver(store), "HELM_NO_PLUGINS": "1", "NO_COLOR": "1"}
