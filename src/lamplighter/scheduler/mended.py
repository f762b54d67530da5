"""Items that nobody wrote, or that are damaged, in a table whose items are all found out anew: they are taken away.

What is in the table of the clock can be lost: passes write it again, and a look at everything makes up for it. A
foreign item there must not keep everything from being looked at for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from lamplighter.errors import StoreCorrupt
from lamplighter.store.table import Store

log = logging.getLogger("lamplighter.scheduler")

MOST: Final = 100
"""How many items are taken away at once; more are left for the next time."""

_T = TypeVar("_T")


def mended(store: Store, table: str, do: Callable[[], _T], lost: Callable[[], None] = lambda: None) -> _T:
    """What `do` comes to, done again after each item of a table that the store cannot read: that is taken away.

    It is deleted without condition, as it has no version of the store. Who wrote it anew in between loses that too,
    which `lost` makes up for.

    Args:
        store: where.
        table: whose items can be lost; what is wrong elsewhere is raised.
        do: what is to be done; harmless when repeated.
        lost: called after an item was taken away.

    Raises:
        StoreCorrupt: an item of another table cannot be read, or there are too many of them.
    """
    for _ in range(MOST):
        try:
            return do()
        except StoreCorrupt as error:
            if error.key is None or error.key[0] != table:
                raise
            log.warning("%s; it is taken away, and found out anew", error)
            store.delete(*error.key)
            lost()
    return do()
