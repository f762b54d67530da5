"""From a URL to a store. Engines are the modules of this package that say in `SCHEMES` what they open."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import lamplighter.store
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lamplighter.store.table import Store

# One letter is a drive of Windows, not a scheme.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def engines() -> Mapping[str, Callable[[str], Store]]:
    """What opens which scheme; the empty scheme is a plain path."""
    found: dict[str, Callable[[str], Store]] = {}
    for module in iter_modules(lamplighter.store.__path__):
        found |= getattr(import_module(f"{lamplighter.store.__name__}.{module.name}"), "SCHEMES", {})
    return found


def open_store(url: str) -> Store:
    """Open the store of a URL.

    Args:
        url: `sqlite:///relative/path`, `sqlite:////absolute/path`, a plain path, or `memory:`.

    Raises:
        UsageError: empty, an unknown scheme, or an address its engine cannot read.
        StoreError: the store cannot be opened.
    """
    if not url:
        raise UsageError("the address of the store is empty", hint="name a file, for example lamp.db")
    matched = _SCHEME.match(url)
    known = engines()
    opener = known.get(matched[1] if matched else "")
    if opener is None:
        names = ", ".join(f"{scheme}:" for scheme in sorted(known) if scheme)
        raise UsageError(
            f"{url!r}: no store is opened by that scheme", hint=f"say {names} or a path; ./ before a path with a colon"
        )
    return opener(url)
