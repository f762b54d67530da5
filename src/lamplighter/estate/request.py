"""What a request asks for: account, region, service and action, read from its signature and its form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIEnvironment

Protocol = Literal["ec2", "query", "json", "rest-json", "rest-xml", "cbor"]

_SCOPE = re.compile(r"Credential=([^/,\s&]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_READS = ("Describe", "List", "Get", "Search", "Lookup", "BatchGet", "Query", "Scan", "Head")
_REST_XML = frozenset({"s3", "route53", "cloudfront"})


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """One request to AWS.

    Attributes:
        account: 12-digit account the credentials belong to.
        region: region from the credential scope; empty when the request is not signed.
        service: signing name from the credential scope, for example `ec2`, `rds`, `monitoring`.
        action: for example `StartInstances`; for REST protocols the operation's name, or method and path.
        access_key: access key id; empty when not signed.
        protocol: how an answer must be written.
        params: form fields of the `ec2` and `query` protocols; empty for others.
        raw: path, query and body as sent; fault rules look for ids in it.
    """

    account: str
    region: str
    service: str
    action: str
    access_key: str
    protocol: Protocol
    params: Mapping[str, str]
    raw: bytes

    @property
    def reads(self) -> bool:
        """Whether the action only reads, as far as its name tells."""
        return self.action.startswith(_READS)

    @property
    def dry_run(self) -> bool:
        """Whether EC2 was asked only to check permissions."""
        return self.params.get("DryRun", "").lower() == "true"

    def listed(self, name: str) -> list[str]:
        """The values of a list parameter, for example `InstanceId.1`, `InstanceId.2`, in order."""
        prefix = f"{name}."
        found = [(key[len(prefix) :], value) for key, value in self.params.items() if key.startswith(prefix)]
        return [value for _, value in sorted((int(number), value) for number, value in found if number.isdigit())]

    def text(self) -> str:
        """Path, query and body, decoded."""
        return unquote_plus(self.raw.decode("utf-8", "replace"))


def read_body(environ: WSGIEnvironment) -> bytes:
    """The body, left in place for moto; empty for S3 and for bodies without a length, which are not looked at."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or length == "0" or "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return body


def parse(
    environ: WSGIEnvironment,
    body: bytes,
    account_of: Callable[[str], str],
    operation_of: Callable[[str, WSGIEnvironment], str | None],
) -> AwsRequest:
    """Read a request.

    Args:
        environ: the WSGI environment.
        body: the body, as `read_body` gave it.
        account_of: access key id → account id.
        operation_of: (service, environ) → operation name for REST protocols, or None when unknown.
    """
    query = environ.get("QUERY_STRING", "")
    path = environ.get("PATH_INFO", "/")
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) or _SCOPE.search(
        unquote_plus(query).replace("X-Amz-Credential=", "Credential=")
    )
    access_key, region, service = scope.groups() if scope else ("", "", "")
    params: dict[str, str] = {}
    protocol: Protocol
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        protocol, action = "cbor", path.rstrip("/").rsplit("/", 1)[-1]
    elif target := environ.get("HTTP_X_AMZ_TARGET"):
        protocol, action = "json", target.rsplit(".", 1)[-1]
    else:
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        params = dict(reversed(parse_qsl(body.decode("utf-8", "replace") if form else query, keep_blank_values=True)))
        if "Action" in params:
            protocol, action = ("ec2" if service == "ec2" else "query"), params["Action"]
        else:
            protocol = "rest-xml" if service in _REST_XML else "rest-json"
            action = operation_of(service, environ) or f"{environ.get('REQUEST_METHOD', 'GET')} {path}"
            params = {}
    stated = environ.get("HTTP_X_MOTO_ACCOUNT_ID", "")
    account = stated if re.fullmatch(r"\d{12}", stated) else account_of(access_key)
    raw = f"{path} {query} ".encode() + body
    return AwsRequest(account, region, service, action, access_key, protocol, params, raw)
