"""A server that says, byte for byte, what a test gives it: shapes that no library would send."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Speak = Callable[[socket.socket], None]
"""Answers one connection, on which one request has been read; it is closed afterwards."""


@dataclass(slots=True, kw_only=True)
class Wire:
    """A server on the loopback. ``heard`` is each request as it came, ``connections`` how many."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def speaking(
    speak: Speak, *, tls: ssl.SSLContext | None = None, greet: bool = True
) -> Iterator[Wire]:
    """Run a server that has each request answered by ``speak``; without ``greet`` none is read."""
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(port=listener.getsockname()[1])
    ending = threading.Event()

    def serve(raw: socket.socket) -> None:
        with contextlib.suppress(OSError), raw:
            line = tls.wrap_socket(raw, server_side=True) if tls and greet else raw
            with line:
                while not ending.is_set():
                    if greet:
                        request = line.recv(65_536)
                        if not request:
                            return
                        wire.heard.append(request)
                    speak(line)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = listener.accept()
                wire.connections += 1
                raw.settimeout(20)
                threading.Thread(target=serve, args=[raw], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield wire
    finally:
        ending.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that vouches for itself, and the context of a server that shows it."""

    file: Path
    context: ssl.SSLContext


def certificate(folder: Path, *, host: str) -> Certificate:
    """Make a certificate for one host."""
    key, file = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run(
        [*command, "-keyout", str(key), "-out", str(file)], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return Certificate(file=file, context=context)
