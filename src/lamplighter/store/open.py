"""From a URL to a store. Engines are the modules of this package that say what they open.

`SCHEMES` opens by a URL alone, `CONNECTED` by a URL and a way to AWS, which comes from the floor above.
"""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import lamplighter.store
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lamplighter.store.dynamodb_calls import Connect
    from lamplighter.store.table import Store

# One letter is a drive of Windows, not a scheme.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def engines() -> Mapping[str, Callable[[str], Store]]:
    """What opens which scheme; the empty scheme is a plain path."""
    return _found("SCHEMES")


def connected_engines() -> Mapping[str, Callable[[str, Connect], Store]]:
    """What opens which scheme with a way to AWS."""
    return _found("CONNECTED")


def _found(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in iter_modules(lamplighter.store.__path__):
        found |= getattr(import_module(f"{lamplighter.store.__name__}.{module.name}"), name, {})
    return found


def open_store(url: str, connect: Connect | None = None) -> Store:
    """Open the store of a URL.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path`, a plain path, `memory:`, or `dynamodb://prefix`.
        connect: the way to AWS, for those that need one.

    Raises:
        UsageError: empty, an unknown scheme, or an address its engine cannot read.
        StoreError: the store cannot be opened.
    """
    if not url:
        raise UsageError("the address of the store is empty", hint="name a file, for example lamp.db")
    matched = _SCHEME.match(url)
    scheme = matched[1] if matched else ""
    known, connected = engines(), connected_engines()
    if scheme in known:
        return known[scheme](url)
    if scheme not in connected:
        names = ", ".join(f"{name}:" for name in sorted({*known, *connected}) if name)
        raise UsageError(
            f"{url!r}: no store is opened by that scheme", hint=f"say {names} or a path; ./ before a path with a colon"
        )
    if connect is None:
        raise UsageError(f"{url!r}: a store in AWS cannot be used here", hint="name a file")
    return connected[scheme](url, connect)
