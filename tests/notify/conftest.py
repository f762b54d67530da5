"""Receivers on loopback: a mail server, a webhook; and a session that answers from a table."""

from __future__ import annotations

import json
import socketserver
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lamplighter.notify.message import Message
from lamplighter.notify.sender import Means

AT = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)


def note(**changes: Any) -> Message:
    """A message."""
    given: dict[str, Any] = {
        "key": "k-1",
        "kind": "errors",
        "at": AT,
        "subject": "Lamplighter: stop failed",
        "text": "web-1 cannot be stopped\n",
        "html": None,
        "data": {"total": 1},
    }
    return Message(**{**given, **changes})


@dataclass
class Mailbox:
    """A mail server that keeps what it is sent.

    Attributes:
        port: where it listens on 127.0.0.1.
        mails: what was taken, with sender and receivers.
        said: every line that a client said, in order; after STARTTLS too.
        offers: what EHLO answers.
        refuses: answers by the beginning of a line, for example {"RCPT TO:<x": "550 no such user"}.
    """

    port: int = 0
    mails: list[tuple[str, tuple[str, ...], EmailMessage]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=lambda: ["SIZE 1000000", "8BITMIME"])
    refuses: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    at_once: bool = False

    @property
    def kinds(self) -> list[Any]:
        return [mail["X-Lamplighter"] for _, _, mail in self.mails]


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        if box.at_once and box.tls:
            self._encrypt(box.tls)
        self._say("220 loopback ready")
        sender, receivers = "", []
        while line := self.rfile.readline().decode().strip():
            box.said.append(line)
            verb = line.upper()
            refusal = next((answer for start, answer in box.refuses.items() if line.startswith(start)), "")
            if refusal:
                self._say(refusal)
            elif verb.startswith("EHLO"):
                lines = ["loopback", *box.offers]
                self._say("\r\n".join(f"250{' ' if one is lines[-1] else '-'}{one}" for one in lines))
            elif verb == "STARTTLS" and box.tls:
                self._say("220 go")
                self._encrypt(box.tls)
            elif verb.startswith("AUTH"):
                self._say("235 welcome")
            elif verb.startswith("MAIL FROM:"):
                sender = line[10:].split()[0].strip("<>")
                self._say("250 ok")
            elif verb.startswith("RCPT TO:"):
                receivers.append(line[8:].strip("<>"))
                self._say("250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                body = bytearray()
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    body += part.removeprefix(b".") if part.startswith(b"..") else part
                mail = message_from_bytes(bytes(body), policy=default)
                assert isinstance(mail, EmailMessage)
                box.mails.append((sender, tuple(receivers), mail))
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _encrypt(self, context: ssl.SSLContext) -> None:
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)

    def finish(self) -> None:
        super().finish()
        # The server closes the connection that it knows, which is not the encrypted one.
        self.connection.close()

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that refuses our certificate is what some tests want."""


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on loopback."""
    box = Mailbox()
    server = _Quiet(("127.0.0.1", 0), _Smtp)
    server.box = box  # type: ignore[attr-defined]
    box.port = server.server_address[1]
    with serving(server):
        yield box


@dataclass
class Webhook:
    """A webhook that keeps what is posted to it.

    Attributes:
        url: its URL.
        posted: bodies, in order.
        answers: (status, body) of the next answers; afterwards 200 ok.
    """

    url: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """What Slack's incoming webhooks look like from here."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, body = hook.answers.pop(0) if hook.answers else (200, "ok")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_port}/services/T000/B000/secret-token"
    with serving(server):
        yield hook


@dataclass
class Calls:
    """Sessions that write down what is asked and answer from a table."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, region: str) -> Calls.In:
        return Calls.In(self, region)

    @dataclass
    class In:
        calls: Calls
        region: str

        def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
            self.calls.asked.append((self.region, service, operation, params))
            answer = self.calls.answers.get(operation, {})
            if isinstance(answer, Exception):
                raise answer
            return answer  # type: ignore[no-any-return]

        def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
            yield from self.call(service, operation, **params).get(key, ())


MakeMeans = Callable[..., Means]


@pytest.fixture
def means(tmp_path: Path) -> MakeMeans:
    """Means in an empty folder, with the variables given."""

    def make(calls: Calls | None = None, **environ: str) -> Means:
        return Means(calls or Calls(), environ, tmp_path, timeout=5)

    return make


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 that is trusted while the test runs."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both = tmp_path / "server.pem"
    both.write_bytes(pem + secret)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context
