"""Tags in questions: `tag('Team')` is the value of a tag of a charge, NULL where it has none or an empty one.

Tags stand in the map `Tags`. Those that are asked for often stand in columns `x_Tag_<key>` too, month by month as the
bills were loaded; a column is read many times faster than a map. `tag('...')` takes the column where it is there.

Cost and Usage Report 2.0 has keys in small letters only: a key that a charge lacks is looked for in that spelling too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from lamplighter.errors import UsageError
from lamplighter.lake.columns import PARTITION

_CALL: Final = re.compile(r"\btag\(\s*'((?:[^']|'')+)'\s*\)", re.IGNORECASE)
# A quote inside of a text of SQL is written twice: what looks like a call there does not fit the pattern.


def tag_column(key: str) -> str:
    """Name of the column of a tag that is asked for often, not quoted."""
    return "x_Tag_" + "".join(letter if letter.isalnum() else "_" for letter in key)


def tag_columns(keys: Sequence[str]) -> dict[str, str]:
    """Key -> column of tags that become columns; repeated keys count once.

    Raises:
        UsageError: two keys would have the same column; SQL does not tell small letters from capitals.
    """
    taken: dict[str, str] = {}
    for key in keys:
        other = taken.setdefault(tag_column(key).lower(), key)
        if other != key:
            raise UsageError(
                f"the tags {other!r} and {key!r} would be the same column {tag_column(key)}",
                hint="make one of them a column; the other one stays in the map",
            )
    return {key: tag_column(key) for key in taken.values()}


def spellings(key: str) -> tuple[str, ...]:
    """A key as it is written at the resource, and as Cost and Usage Report 2.0 has it, where that is another one."""
    return tuple(dict.fromkeys((key, key.lower().replace(" ", "_"))))


def map_sql(key: str, tags: str = "Tags") -> str:
    """SQL of the value of a tag, from the map.

    Args:
        key: as it is written at the resource.
        tags: SQL of the map.
    """
    found = [f"{tags}[{_text(spelling)}]" for spelling in spellings(key)]
    return f"NULLIF(COALESCE({', '.join(found)}), '')" if len(found) > 1 else f"NULLIF({found[0]}, '')"


def tag_sql(key: str, hot: Mapping[str, Collection[str]], months: Collection[str]) -> str:
    """SQL of the value of a tag: the column where all months have it, the map where none has.

    Args:
        key: as it is written at the resource.
        hot: months in which a key is a column, by key.
        months: those that are asked.
    """
    having = sorted(set(hot.get(key, ())) & set(months))
    if not having:
        return map_sql(key)
    column = f'"{tag_column(key)}"'
    if len(having) == len(set(months)):
        return column
    listed = ", ".join(_text(month) for month in having)
    return f"CASE WHEN {PARTITION} IN ({listed}) THEN {column} ELSE {map_sql(key)} END"


def expand(sql: str, hot: Mapping[str, Collection[str]] | None = None, months: Collection[str] = ()) -> str:
    """A question with each `tag('KEY')` in SQL that every engine knows; arguments as of `tag_sql`."""
    return _CALL.sub(lambda found: tag_sql(found[1].replace("''", "'"), hot or {}, months), sql)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
