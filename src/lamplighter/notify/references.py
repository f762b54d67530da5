"""References: where a secret is kept, so that it need not stand in a file.

`env:NAME` is an environment variable, `ssm:NAME` a parameter of Systems Manager (decrypted), `secretsmanager:NAME` a
secret; `secretsmanager:NAME#KEY` is one member of a secret that holds a JSON object. Instead of a name there may be an
ARN; it also says in which region to ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lamplighter.errors import SendError

if TYPE_CHECKING:
    from lamplighter.notify.sender import Means

PERMISSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"env": (), "ssm": ("ssm:GetParameter",), "secretsmanager": ("secretsmanager:GetSecretValue",)}
)
"""IAM actions by the kind of reference; a key of the customer's own also needs kms:Decrypt, by the key's policy."""

HINT: Final = "write env:NAME, ssm:/path/name or secretsmanager:name"

_SHAPES: Final = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    "ssm": re.compile(r"[\w.:/-]{1,1024}", re.ASCII),
    "secretsmanager": re.compile(r"[\w/+=.@:!-]{1,512}(#[^#]+)?", re.ASCII),
}


def check_reference(text: str) -> None:
    """Look at a reference, without reading what it refers to.

    Raises:
        ValueError: it is none. The text is not repeated: it may be the secret itself.
    """
    kind, colon, rest = text.partition(":")
    shape = _SHAPES.get(kind)
    if not colon or shape is None or shape.fullmatch(rest) is None:
        raise ValueError(f"a secret stands where a reference to it is wanted; {HINT}")


def permissions_of(text: str) -> tuple[str, ...]:
    """IAM actions that reading a checked reference calls."""
    return PERMISSIONS[text.partition(":")[0]]


def read_secret(text: str, means: Means) -> str:
    """What a checked reference refers to, without blanks around it.

    Raises:
        SendError: there is nothing, or nothing that can be used.
        AwsError: AWS did not give it.
    """
    kind, _, rest = text.partition(":")
    if kind == "env":
        found: object = means.environ.get(rest)
        if not found:
            raise SendError(f"the variable {rest} is not set", hint=f"set {rest} where Lamplighter runs")
        return str(found).strip()
    name, _, key = rest.partition("#")
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 5 else ""
    caller = means.session(region)
    if kind == "ssm":
        answer = caller.call("ssm", "get_parameter", Name=name, WithDecryption=True)
        found = answer["Parameter"]["Value"]
    else:
        found = caller.call("secretsmanager", "get_secret_value", SecretId=name).get("SecretString")
        found = _member(found, key, name) if key else found
    if not isinstance(found, str) or not found.strip():
        raise SendError(f"{kind}:{rest} holds no text", hint="store the secret there as plain text")
    return found.strip()


def _member(secret: object, key: str, name: str) -> object:
    try:
        found = json.loads(str(secret))
    except ValueError:
        found = None
    if not isinstance(found, dict) or key not in found:
        raise SendError(f"the secret {name} is no JSON object with {key!r}", hint="leave out #KEY for a plain text")
    return found[key]
