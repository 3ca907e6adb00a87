"""One SSL context a cluster, with that cluster's authority alone, so that authorities never mix."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from acp_tui.clients.kube.context import Tls
from acp_tui.clients.kube.credentials import ClientCertificate


def ssl_context(tls: Tls, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """Verifies against the cluster's CA, else the system's; raises ssl.SSLError or OSError for bad certificates.

    A CA of the cluster's own is not held to Python 3.13's strict X.509 rules, because CAs made by older installers
    lack the key identifiers that these demand.
    """
    if tls.insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca_data:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=tls.ca_data.decode("ascii", errors="ignore"))
    else:
        context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        _present(context, certificate)
    return context


def _present(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """Loads the pair; OpenSSL reads files only, so PEM from memory passes through a private folder (0700)."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    with contextlib.ExitStack() as stack:
        folder = Path()
        if certificate.cert or certificate.key:
            place = runtime if os.path.isdir(runtime) and os.access(runtime, os.W_OK) else None
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acp-tui-", dir=place)))
        cert = _as_file(certificate.cert_file, folder / "cert", certificate.cert.reveal())
        key = _as_file(certificate.key_file, folder / "key", certificate.key.reveal())
        # Without a password OpenSSL would ask for one on the terminal; an empty one makes an encrypted key fail.
        context.load_cert_chain(cert, key, password="")


def _as_file(given: str, path: Path, pem: bytes) -> str:
    if given:
        return given
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return str(path)


def not_after(pem: bytes) -> float | None:
    """When the first certificate of a PEM text ends (epoch seconds), None where that cannot be read.

    The ssl module tells this of authorities only, so the path down the DER tree is walked here: Certificate,
    TBSCertificate, past version, serial, algorithm and issuer, to Validity (RFC 5280, 4.1).
    """
    start, end = pem.find(b"-----BEGIN CERTIFICATE-----"), pem.find(b"-----END CERTIFICATE-----")
    if start < 0 or end < 0:
        return None
    try:
        der = ssl.PEM_cert_to_DER_cert(pem[start:end].decode("ascii") + "-----END CERTIFICATE-----")
        _, certificate, _ = _element(der)
        _, fields, _ = _element(certificate)
        tag, _, rest = _element(fields)
        if tag == 0xA0:
            _, _, rest = _element(rest)
        for _ in range(2):
            _, _, rest = _element(rest)
        _, validity, _ = _element(rest)
        _, _, after = _element(validity)
        tag, text, _ = _element(after)
        digits = text.decode("ascii").rstrip("Z")
        if tag == 0x17:  # UTCTime: two digits of the year, 50 and more mean the last century
            digits = ("19" if int(digits[:2]) >= 50 else "20") + digits
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except (ValueError, IndexError):
        return None


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """The tag and content of the first DER element, and what follows it."""
    tag, size, start = data[0], data[1], 2
    if size & 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(data[2 : 2 + count]), 2 + count
    return tag, data[start : start + size], data[start + size :]
