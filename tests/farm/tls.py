"""TLS before a real Redis, as stunnel does it: not every build of Redis speaks it itself."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path

import trustme

from farm.broker.tls import CA, CERTIFICATE, KEY
from tests.farm.forwarding import Forwarder


class Authority:
    """A CA, and files with its certificate and with one that it gave to a host."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._ca = trustme.CA()
        client = self._ca.issue_cert("host-1")
        self.file, certificate, key = (folder / name for name in ("ca.pem", "host.pem", "host.key"))
        self._ca.cert_pem.write_to_path(str(self.file))
        client.cert_chain_pems[0].write_to_path(str(certificate))
        client.private_key_pem.write_to_path(str(key))
        self._client = {CERTIFICATE: str(certificate), KEY: str(key)}

    def trusted(self) -> Mapping[str, str]:
        """The environment of whoever trusts it."""
        return {CA: str(self.file)}

    def shown(self) -> Mapping[str, str]:
        """The environment of whoever shows its certificate."""
        return self._client

    def server_context(self) -> ssl.SSLContext:
        """Of a server named ``localhost``, which wants a certificate of the same CA."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert("localhost").configure_cert(context)
        self._ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class TlsFront(Forwarder):
    """Speaks TLS on its port, and nothing of the kind with what is behind it."""

    def __init__(self, upstream: int, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(upstream)

    def serve(self, near: socket.socket) -> None:
        threading.Thread(target=self._forward, args=(near,), daemon=True).start()

    def _forward(self, near: socket.socket) -> None:
        try:
            inside = self._context.wrap_socket(near, server_side=True)
        except OSError:
            near.close()
            return
        far = socket.create_connection(("127.0.0.1", self.upstream))
        self.sockets += [inside, far]
        threading.Thread(target=_pump, args=(inside, far), daemon=True).start()
        _pump(far, inside)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
