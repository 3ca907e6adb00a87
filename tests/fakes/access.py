"""A kubeconfig context that leads to a port nobody listens on."""

from __future__ import annotations


class FakeAccess:
    """`text` replaces its kubeconfig."""

    name = "east"

    def __init__(self, text: str = "") -> None:
        self._text = text

    def one_file(self) -> str:
        return self._text or (
            "apiVersion: v1\nkind: Config\ncurrent-context: east\n"
            'clusters: [{name: east, cluster: {server: "https://127.0.0.1:1"}}]\n'
            "users: [{name: me, user: {token: sesame}}]\n"
            "contexts: [{name: east, context: {cluster: east, user: me}}]\n"
        )
