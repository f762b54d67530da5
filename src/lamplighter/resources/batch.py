"""Calls for many resources at once, with the failing members isolated."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lamplighter.errors import AwsError, CredentialsMissing, OutcomeUnknown, Throttled, Unreachable

_ABOUT_THE_CALL = (CredentialsMissing, OutcomeUnknown, Throttled, Unreachable)


def isolate(
    ids: Sequence[str], call: Callable[[Sequence[str]], object], *, whole: tuple[type[AwsError], ...] = ()
) -> dict[str, AwsError | None]:
    """Call for all; where AWS refuses the whole because of some, find them and go on without them.

    Members that the error names are set aside at once and the rest is tried again; where it names
    none, the batch is halved. An error about the call itself (throttling, lost answer, no
    credentials) belongs to every member, and nothing is tried again.

    Args:
        ids: the members, at least one.
        call: makes the call for some of them; raises AwsError.
        whole: further errors that belong to every member.

    Returns:
        The error of each member, None for those that went well.
    """
    try:
        call(ids)
    except AwsError as error:
        if len(ids) == 1 or isinstance(error, (*_ABOUT_THE_CALL, *whole)):
            return dict.fromkeys(ids, error)
        words = set(re.findall(r"[\w-]+", error.message))
        named = [member for member in ids if member in words]
        if named and len(named) < len(ids):
            rest = [member for member in ids if member not in named]
            return {**isolate(rest, call, whole=whole), **dict.fromkeys(named, error)}
        middle = len(ids) // 2
        halves = (ids[:middle], ids[middle:])
        return {id_: failed for half in halves for id_, failed in isolate(half, call, whole=whole).items()}
    return dict.fromkeys(ids)
