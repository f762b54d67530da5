"""Keeps what goes wrong in a kind within that kind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, LamplighterError

log = logging.getLogger("lamplighter.scheduler")


@contextmanager
def fenced(kind: str, target: Target) -> Iterator[None]:
    """Let a kind raise nothing but errors of the tree.

    An answer that a kind cannot read, or a mistake in the kind itself, must not stop the other kinds of its target.

    Args:
        kind: name of the kind at work.
        target: account and region.

    Raises:
        LamplighterError: as the kind raised it.
        AwsError: the kind raised something else, which is its cause.
    """
    try:
        yield
    except LamplighterError:
        raise
    except Exception as bug:
        log.debug("%s: %s: unexpected %s", target.key, kind, type(bug).__name__, exc_info=True)
        raise AwsError(
            f"{target.key}: {kind}: unexpected {type(bug).__name__}: {' '.join(str(bug).split())}",
            hint="this is a bug in the kind: please report it with the output of -vv",
            code=type(bug).__name__,
            target=target.key,
        ) from bug
