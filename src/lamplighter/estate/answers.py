"""Answers of the front, in the wire format the caller's protocol expects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import responses
from typing import TYPE_CHECKING
from uuid import uuid4
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from lamplighter.estate.request import Protocol

EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
GARBAGE = b"<<<\x00 not a document of any protocol \xff"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as AWS gives it.

    Attributes:
        code: AWS error code, for example `IncorrectInstanceState`.
        message: its message, in the words of AWS where they are known.
        status: HTTP status.
    """

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Give the answer to the WSGI server."""
        phrase = responses.get(self.status, "Unknown")
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        start_response(f"{self.status} {phrase}", [*headers, ("Content-Length", str(len(self.body)))])
        return [self.body]

    def with_body(self, body: bytes) -> Answer:
        """The same answer with another body."""
        return Answer(self.status, self.headers, body)


def ask(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Let `app` handle the request and hold its answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc: object = None) -> object:
        started.append((status, headers))
        return None

    chunks = app(environ, start_response)  # type: ignore[arg-type]
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return Answer(int(status.split(" ", 1)[0]), tuple(headers), body)


def json_answer(payload: object, status: int = 200) -> Answer:
    """A JSON document."""
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(payload).encode())


def error_answer(refusal: Refusal, protocol: Protocol, namespace: str = "") -> Answer:
    """An error in the format of `protocol`."""
    request_id = str(uuid4())
    code, message = refusal.code, refusal.message
    if protocol == "cbor":
        body = _cbor_map({"__type": code, "message": message})
        headers = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
        return Answer(refusal.status, (*headers, ("x-amzn-requestid", request_id)), body)
    if protocol in {"json", "rest-json"}:
        body = json.dumps({"__type": code, "message": message}).encode()
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        headers = (("Content-Type", kind), ("x-amzn-errortype", code))
        return Answer(refusal.status, (*headers, ("x-amzn-requestid", request_id)), body)
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif protocol == "rest-xml":
        text = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    else:
        side = "Sender" if refusal.status < 500 else "Receiver"
        xmlns = f' xmlns="{escape(namespace)}"' if namespace else ""
        text = (
            f"<ErrorResponse{xmlns}><Error><Type>{side}</Type>{error}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    headers = (("Content-Type", "text/xml"), ("x-amzn-requestid", request_id))
    return Answer(refusal.status, headers, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode())


def _cbor_map(pairs: Mapping[str, str]) -> bytes:
    """A CBOR map of text to text (RFC 8949, major types 5 and 3); at most 23 pairs."""
    return bytes([0xA0 | len(pairs)]) + b"".join(_cbor_text(part) for pair in pairs.items() for part in pair)


def _cbor_text(text: str) -> bytes:
    raw = text.encode()
    if len(raw) < 24:
        return bytes([0x60 | len(raw)]) + raw
    if len(raw) < 256:
        return bytes([0x78, len(raw)]) + raw
    return b"\x79" + len(raw).to_bytes(2) + raw
