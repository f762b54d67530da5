"""What hours and money are grouped by: `--by account,tag:Team`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, TypeAlias, TypeVar

import typer

from lamplighter.cli.show import Column
from lamplighter.errors import UsageError

T = TypeVar("T")

Group: TypeAlias = tuple[str | None, ...]
"""The value of each key for one group; None where resources have no such tag."""

KEYS = ("schedule", "account", "region", "kind", "resource", "team")
NOT_TAGGED = "(not tagged)"
_TAG = "tag:"

By: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="KEY",
        help="What to group by: schedule, account, region, kind, resource, team, tag:KEY; several with commas.",
        show_default="schedule",
    ),
]
ByKnown: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="KEY",
        help="What to group by: schedule, account, region, kind, resource, team; several with commas.",
        show_default="schedule",
    ),
]


def read_by(texts: list[str] | None, *, no_tags: str = "") -> tuple[str, ...]:
    """The keys to group by, each once, in the order given; `schedule` if none is given.

    Args:
        texts: from a repeatable option whose values may also hold commas.
        no_tags: why there are no tags to group by; empty if there are.

    Raises:
        UsageError: there is no such key.
    """
    from difflib import get_close_matches

    from lamplighter.cli.values import listed

    found = tuple(dict.fromkeys(listed(texts))) or ("schedule",)
    for key in found:
        if key.startswith(_TAG) and key != _TAG:
            if no_tags:
                raise UsageError(f"nothing can be grouped by {key}: {no_tags}", hint=f"use {', '.join(KEYS)}")
        elif key not in KEYS:
            close = get_close_matches(key, KEYS, n=1)
            known = f"did you mean {close[0]}?" if close else f"use {', '.join(KEYS)} or tag:KEY"
            raise UsageError(f"nothing can be grouped by {key!r}", hint=known)
    return found


def grouped(labelled: Iterable[tuple[Mapping[str, str | None], T]], by: Sequence[str]) -> Mapping[Group, list[T]]:
    """What belongs to each group, in the order of their labels; what has no tag comes last."""
    groups: dict[Group, list[T]] = {}
    for labels, one in labelled:
        groups.setdefault(tuple(labels[key] for key in by), []).append(one)
    return dict(sorted(groups.items(), key=lambda item: [(label is None, label or "") for label in item[0]]))


def labels_of(target: str, resource: str, schedule: str, team: str | None) -> dict[str, str | None]:
    """The labels of a resource as the journal knows it.

    Args:
        target: `account/region`.
        resource: `kind/id`.
        schedule: value of its schedule tag.
        team: whose it is; empty or None if nothing says so.
    """
    account, _, region = target.partition("/")
    kind = resource.partition("/")[0]
    where = f"{target}/{resource}"
    return {
        "schedule": schedule,
        "account": account,
        "region": region,
        "kind": kind,
        "resource": where,
        "team": team or None,
    }


def group_columns(by: Sequence[str]) -> list[Column]:
    """The columns that name a group."""
    return [Column(key if key.startswith(_TAG) else key.capitalize()) for key in by]


def group_cells(group: Group, mark: str = "", names: Mapping[str, str] | None = None) -> list[str]:
    """The cells that name a group, with a mark behind the last; `names` are shown behind their ids."""
    known = names or {}
    cells = [NOT_TAGGED if label is None else f"{label} {known.get(label, '')}".strip() for label in group]
    return [*cells[:-1], f"{cells[-1]} {mark}".strip()]


def group_record(by: Sequence[str], group: Group) -> dict[str, object]:
    """The group for programs: all in one text, and each key by itself."""
    return {"by": ",".join(by), "group": ", ".join(group_cells(group)), **dict(zip(by, group, strict=True))}
