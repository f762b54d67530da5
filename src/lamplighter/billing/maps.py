"""SQL of the maps of a charge (tags, cost categories, discounts): from a column that is one, or from many."""

from __future__ import annotations

from collections.abc import Mapping

from lamplighter.billing.columns import Columns, literal, quoted
from lamplighter.lake.columns import MAP

EMPTY = f"CAST(NULL AS {MAP})"
"""SQL of no map at all."""

_PLAIN = (
    "CASE WHEN starts_with(entry.key, 'user_') OR starts_with(entry.key, 'user:') THEN entry.key[6:]"
    " WHEN starts_with(entry.key, 'aws_') THEN 'aws:' || entry.key[5:] ELSE entry.key END"
)


def plain_key(name: str) -> str:
    """The key of a tag in Athena's spelling: `user_team` is `team`, `aws_created_by` is `aws:created_by`."""
    if name.startswith("user_"):
        return name.removeprefix("user_")
    return f"aws:{name.removeprefix('aws_')}" if name.startswith("aws_") else name


def whole_map(c: Columns, name: str) -> str:
    """SQL of a map that the bill has as one column, a map or JSON; keys as `plain_key` has them.

    Where keys come to the same (`team` beside `user_team`) the first counts. JSON that is no object is a problem of its
    row.
    """
    if not c.has(name):
        return EMPTY
    own = c.actual[name]
    if c.types.get(own, "").startswith("MAP"):
        as_map = f"CAST({quoted(own)} AS {MAP})"
    else:
        text = f"NULLIF({c.raw(name)}, 'null')"
        as_map = f"TRY_CAST(TRY_CAST({text} AS JSON) AS {MAP})"
        c.checks[name] = (
            f"CASE WHEN {text} IS NOT NULL AND {as_map} IS NULL"
            f" THEN {literal(f'{own} is no JSON object with different keys: ')} || left({text}, 60) END"
        )
    entries = f"list_transform(map_entries({as_map}), lambda entry: struct_pack(k := {_PLAIN}, v := entry.value))"
    first = "list_position(list_transform(every, lambda other: other.k), one.k) = number"
    return (
        f"list_transform([{entries}], lambda every: map_from_entries("
        f"list_filter(every, lambda one, number: {first})))[1]"
    )


def flat_map(keys: Mapping[str, str]) -> str:
    """SQL of a map made of columns, without those that are empty; where keys are equal the first that is filled counts.

    Args:
        keys: key in the map by the column's own name.
    """
    by_key: dict[str, list[str]] = {}
    for own, key in keys.items():
        by_key.setdefault(key, []).append(f"NULLIF(CAST({quoted(own)} AS VARCHAR), '')")
    if not by_key:
        return EMPTY
    names = ", ".join(map(literal, by_key))
    values = ", ".join(each[0] if len(each) == 1 else f"COALESCE({', '.join(each)})" for each in by_key.values())
    return f"map_from_entries(list_filter(list_zip([{names}], [{values}]), lambda entry: entry[2] IS NOT NULL))"
