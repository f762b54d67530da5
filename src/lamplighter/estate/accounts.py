"""Whose credentials these are, as moto keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import UnknownServiceError
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.iam.models import iam_backends
from werkzeug.exceptions import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

CACHE_SIZE = 10_000
ALSO = {"es": ("opensearch",)}
"""Services that sign with the name of another."""


def account_finder(management: str) -> Callable[[str], str]:
    """A function from access key id to account id.

    Keys that moto has issued (to users, and to sessions of assumed roles) belong to the account moto knows. Every
    other key is taken for base credentials of the management account.

    Args:
        management: 12-digit id of the management account.
    """
    known: dict[str, str] = {}

    def account_of(access_key: str) -> str:
        found = known.get(access_key)
        if found is None:
            found = next(
                (name for name, backend in list(iam_backends.items()) if access_key in backend["aws"].access_keys), None
            )
            if found is not None:
                if len(known) >= CACHE_SIZE:
                    known.clear()
                known[access_key] = found
        return found or management

    return account_of


def operation_of(service: str, environ: WSGIEnvironment) -> str | None:
    """The name of a REST operation, or None when moto's routes do not know it."""
    for name in (service, *ALSO.get(service, ())):
        try:
            operation, _ = get_service_router(name).match(Request(environ))
        except (NotFound, NotImplementedError, UnknownServiceError):
            continue
        return str(operation.name)
    return None
