"""An OCI registry on loopback with TLS, read only, that serves charts as `helm push` stores them."""

from __future__ import annotations

import hashlib
import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import trustme

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


class FakeRegistry:
    """`oci://HOST/charts` with the archives that were `add`ed; `ca_file` is what clients must trust."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "registry-ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._bodies: dict[str, tuple[str, bytes]] = {"/v2/": ("application/json", b"{}")}
        self._tags: dict[str, list[str]] = {}
        bodies = self._bodies

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                kind, body = bodies.get(self.path.partition("?")[0], ("", None))
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", kind or "application/json")
                self.send_header("Content-Length", str(len(body or b"{}")))
                if body is not None:
                    self.send_header("Docker-Content-Digest", _digest(body))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(b"{}" if body is None else body)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> FakeRegistry:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def reference(self) -> str:
        return f"oci://127.0.0.1:{self._server.server_port}/charts"

    def add(self, name: str, version: str, archive: Path) -> None:
        layer = archive.read_bytes()
        config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": _descriptor(_CONFIG, config),
                "layers": [_descriptor(_LAYER, layer)],
            }
        ).encode()
        root = f"/v2/charts/{name}"
        self._tags.setdefault(name, []).append(version)
        tags = json.dumps({"name": f"charts/{name}", "tags": self._tags[name]}).encode()
        self._bodies[f"{root}/tags/list"] = ("application/json", tags)
        for label in (version, _digest(manifest)):
            self._bodies[f"{root}/manifests/{label}"] = (_MANIFEST, manifest)
        for blob in (config, layer):
            self._bodies[f"{root}/blobs/{_digest(blob)}"] = ("application/octet-stream", blob)


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _descriptor(kind: str, body: bytes) -> dict[str, object]:
    return {"mediaType": kind, "digest": _digest(body), "size": len(body)}
