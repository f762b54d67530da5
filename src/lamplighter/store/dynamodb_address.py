"""From `dynamodb://prefix?region=...&endpoint=...` to a store; the way to AWS comes from the floor above."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from lamplighter.errors import UsageError
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_layout import check_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lamplighter.store.dynamodb_calls import Connect
    from lamplighter.store.table import Store

_HINT = "say dynamodb://lamplighter or dynamodb://lamplighter?region=eu-west-1"


def open_url(url: str, connect: Connect) -> DynamoDBStore:
    """The store of a URL `dynamodb://prefix`, with `region` and `endpoint` as its parameters. Asks nobody.

    Raises:
        UsageError: the URL means nothing, or there is no region.
    """
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise UsageError(f"{url!r}: {error}", hint=_HINT) from error
    if not url.startswith("dynamodb://") or not parts.netloc or parts.path.strip("/") or parts.fragment:
        raise UsageError(f"{url!r}: no address of a store in DynamoDB", hint=_HINT)
    unknown = sorted(set(given) - {"region", "endpoint"})
    if unknown:
        raise UsageError(f"{url!r}: there is no {unknown[0]!r}", hint="there are region and endpoint")
    endpoint = given.get("endpoint")
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise UsageError(f"{url!r}: the endpoint is not a URL", hint="write endpoint=http://127.0.0.1:4567")
    prefix = check_prefix(parts.netloc)
    return DynamoDBStore(connect(given.get("region") or None, endpoint), prefix)


CONNECTED: Mapping[str, Callable[[str, Connect], Store]] = {"dynamodb": open_url}
