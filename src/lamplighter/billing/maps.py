"""SQL of the maps of a charge (tags, cost categories, discounts): from a column that is one, or from many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from lamplighter.billing.columns import Columns, quoted
from lamplighter.lake.columns import MAP, literal

EMPTY = f"CAST(NULL AS {MAP})"
"""SQL of no map at all."""

_MOST_KEYS: Final = 62
_MOST_SETS: Final = 24

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
        as_map = c.once(f"map {own}", f"TRY_CAST(TRY_CAST({text} AS JSON) AS {MAP})")
        c.suspects[f"(({text} IS NULL) <> ({as_map} IS NULL))"] = None
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


def by_key(c: Columns, keys: Mapping[str, str]) -> dict[str, str]:
    """SQL of the value by key, NULL where it is empty; where keys are equal the first that is filled counts.

    Args:
        c: the columns.
        keys: key by the column's own name.
    """
    found: dict[str, list[str]] = {}
    for own, key in keys.items():
        found.setdefault(key, []).append(c.own_text(own))
    return {key: each[0] if len(each) == 1 else f"COALESCE({', '.join(each)})" for key, each in found.items()}


def flat_map(c: Columns, keys: Mapping[str, str], filled: Collection[frozenset[str]] = ()) -> str:
    """SQL of a map made of columns, without those that are empty; where keys are equal the first that is filled counts.

    DuckDB makes a map of a structure with fixed names many times as fast as of two lists, for it need not look whether
    keys are there twice. So the sets of keys that are frequent get a structure each, the others go the long way.

    Args:
        c: the columns.
        keys: key in the map by the column's own name.
        filled: columns that are not empty, of some rows: what is frequent.
    """
    values = by_key(c, keys)
    if not values:
        return EMPTY
    listed = ", ".join(map(literal, values))
    long_way = (
        f"map_from_entries(list_filter(list_zip([{listed}], [{', '.join(values.values())}]),"
        " lambda entry: entry[2] IS NOT NULL))"
    )
    # Names in structures are alike whatever their capitals are, and not empty.
    if not filled or len(values) > _MOST_KEYS or "" in values or len({key.lower() for key in values}) < len(values):
        return long_way
    bits = {key: 1 << number for number, key in enumerate(values)}
    which = c.once(
        f"which {listed}", " + ".join(f"CAST({values[key]} IS NOT NULL AS BIGINT) * {bit}" for key, bit in bits.items())
    )
    sets = Counter(frozenset(keys[own] for own in row if own in keys) for row in filled)
    cases = [
        f"WHEN {sum(map(bits.__getitem__, have))} THEN {_of_structure({k: v for k, v in values.items() if k in have})}"
        for have, _ in sets.most_common(_MOST_SETS)
    ]
    return f"CASE {which} {' '.join(cases)} ELSE {long_way} END"


def _of_structure(values: Mapping[str, str]) -> str:
    fields = ", ".join(f"{literal(key)}: {value}" for key, value in values.items())
    return f"CAST({{{fields}}} AS {MAP})" if values else f"CAST(MAP {{}} AS {MAP})"
