"""Editing: the rest stays to the letter, and nothing becomes invalid."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.errors import DefinitionError, UsageError
from lamplighter.schedules.editing import add_entries, remove_entry, replace_entry, users_of_period
from lamplighter.schedules.source import parse_yaml
from lamplighter.schedules.splicing import Fields

OFFICE: Fields = {"begintime": "08:00", "endtime": "18:00", "weekdays": "mon-fri"}

COMMENTED = """\
# Who works when.
version: 1
timezone: Europe/Berlin   # ours

periods:
    # The offices.
    office:
        begintime: "08:00"  # doors open
        endtime: 18:00
    # Before late.
    late: {begintime: 12:00, endtime: 20:00}
    # After late.

# What tags name.
schedules:
    all-day: {periods: [office, late@m5.large]}
    # end
# bottom
"""


def read_text(name: str) -> str:
    raise OSError(f"no file {name}")


def add(text: str, section: str, name: str, fields: Fields) -> str:
    return add_entries(text, section, {name: fields}, file="lamplighter.yaml", read_text=read_text)


def remove(text: str, section: str, name: str) -> str:
    return remove_entry(text, section, name, file="lamplighter.yaml", read_text=read_text)


def replace(text: str, section: str, name: str, fields: Fields) -> str:
    return replace_entry(text, section, name, fields, file="lamplighter.yaml", read_text=read_text)


def test_an_entry_is_added_after_the_last_with_its_indentation() -> None:
    edited = add(COMMENTED, "periods", "night", {"begintime": "22:00", "endtime": "06:00", "weekdays": ["mon", "0-4"]})
    added = """\
    night:
        begintime: "22:00"
        endtime: "06:00"
        weekdays: [mon, 0-4]
"""
    place = "    late: {begintime: 12:00, endtime: 20:00}\n"
    assert edited == COMMENTED.replace(place, place + added)
    assert remove(edited, "periods", "night") == COMMENTED


def test_an_entry_is_taken_out_and_comments_around_it_stay() -> None:
    text = remove(COMMENTED, "schedules", "all-day")
    assert text == COMMENTED.replace("    all-day: {periods: [office, late@m5.large]}\n", "")
    assert remove(text, "periods", "late") == text.replace("    late: {begintime: 12:00, endtime: 20:00}\n", "")


def test_an_entry_is_replaced_where_it_stands() -> None:
    edited = replace(COMMENTED, "periods", "office", {"begintime": "07:30", "endtime": "17:00"})
    old = '        begintime: "08:00"  # doors open\n        endtime: 18:00\n'
    assert edited == COMMENTED.replace(old, '        begintime: "07:30"\n        endtime: "17:00"\n')


def test_what_looks_like_something_else_in_yaml_stays_a_text() -> None:
    fields = {"description": "on: #1, 'quoted' \"twice\" ü 😀", "begintime": "08:00", "monthdays": ["1", "15"]}
    edited = add("version: 1\n", "periods", "yes", fields)
    assert parse_yaml(edited).data["periods"] == {"yes": fields}
    edited = add(edited, "periods", "123", {"description": "two\nlines", **OFFICE})
    assert parse_yaml(edited).data["periods"]["123"]["description"] == "two\nlines"  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n",
        "version: 1",
        "version: 1\n\n\n",
        "version: 1\r\ntimezone: UTC\r\n",
        "---\nversion: 1\n...\n",
        "version: 1\nperiods: {}\n",
        "version: 1\nperiods:\n  a: {begintime: 08:00}",
        "version: 1\nperiods: {a: {weekdays: mon},\n  b: {weekdays: tue},\n}\n# end\n",
        "{version: 1, periods: {a: {weekdays: mon}}}",
        '{"version": 1, "periods": {"a": {"weekdays": "mon"}}}\n',
        "periods:\n  a: &a\n    weekdays: mon\n  b: *a\nversion: 1\n",
        "periods:\n a:\n  weekdays: mon\n # own comment\n\n\n# not own\nversion: 1\n",
        "version: 1\nperiods:\n  a:\n    description: |\n      text\n      # no comment\n\n# a comment\n",
        "version: 1\nperiods:\n  a:\n    description: >-\n      folded\n\n    weekdays: mon\n\n\n",
        "# only\nperiods:\n  a:\n    weekdays:\n    - mon\n    - tue\n",
        'version: 1\nperiods:\n  "a b": {weekdays: mon}\n  # tail',
        "\ufeffversion: 1\nperiods:\n  a: {weekdays: mon}\n",
        COMMENTED,
    ],
)
def test_adding_and_deleting_gives_the_same_text(text: str) -> None:
    edited = add(text, "periods", "new", OFFICE)
    assert parse_yaml(edited).data["periods"]["new"] == OFFICE  # type: ignore[index]
    assert remove(edited, "periods", "new") == text
    changed = replace(edited, "periods", "new", {"weekdays": ["sat", "sun"]})
    assert remove(changed, "periods", "new") == text


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "version: 1\nperiods:\n", "version: 1\nperiods: # none\n"])
def test_where_the_text_cannot_be_the_same_it_says_the_same(text: str) -> None:
    edited = remove(add(text, "periods", "new", OFFICE), "periods", "new")
    assert parse_yaml(edited).data["version"] == 1
    assert not parse_yaml(edited).data.get("periods")
    assert text.partition("#")[2].strip() in edited


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
SPAN = st.tuples(st.integers(0, 719), st.integers(720, 1439)).map(
    lambda pair: {key: f"{m // 60:02}:{m % 60:02}" for key, m in zip(("begintime", "endtime"), pair, strict=True)}
)
PERIODS = st.dictionaries(NAMES, SPAN, min_size=1, max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, Mapping[str, Mapping[str, str]]]:
    """A file in some style: indentation, line ends, comments, blank lines, block or flow."""
    periods = draw(PERIODS)
    break_ = draw(st.sampled_from(["\n", "\r\n"]))
    outer, inner = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    noise = st.sampled_from(["", "# note", " " * outer + "# note", " " * (outer + inner) + "# deep"])
    lines = ["version: 1", "periods:"]
    for name, fields in periods.items():
        lines += draw(st.lists(noise, max_size=2))
        key = " " * outer + quoted(name)
        if draw(st.booleans()):
            lines.append(f"{key}: {{{', '.join(f'{k}: {v}' for k, v in fields.items())}}}")
        else:
            lines.append(f"{key}:")
            lines += [f'{" " * (outer + inner)}{k}: "{v}"  # why' for k, v in fields.items()]
    lines += draw(st.lists(noise, max_size=2))
    if draw(st.booleans()):
        lines += ["schedules:", "  s: {override_status: running}"]
    return break_.join(lines) + draw(st.sampled_from(["", break_, break_ * 2])), periods


def quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


@given(documents(), NAMES, SPAN)
def test_any_style_survives_adding_and_deleting(
    document: tuple[str, Mapping[str, Mapping[str, str]]], name: str, fields: Mapping[str, str]
) -> None:
    text, periods = document
    if name in periods:
        with pytest.raises(UsageError, match="already"):
            add(text, "periods", name, fields)
        return
    edited = add(text, "periods", name, fields)
    assert parse_yaml(edited).data["periods"] == {**periods, name: fields}
    assert remove(edited, "periods", name) == text


@given(documents(), SPAN, st.data())
def test_any_entry_can_be_replaced_or_taken_out(
    document: tuple[str, Mapping[str, Mapping[str, str]]], fields: Mapping[str, str], data: st.DataObject
) -> None:
    text, periods = document
    name = data.draw(st.sampled_from(sorted(periods)))
    changed = replace(text, "periods", name, fields)
    assert parse_yaml(changed).data["periods"] == {**periods, name: fields}
    assert list(parse_yaml(changed).data["periods"]) == list(periods)  # type: ignore[call-overload]
    gone = remove(text, "periods", name)
    left = {key: value for key, value in periods.items() if key != name}
    assert (parse_yaml(gone).data.get("periods") or {}) == left
    kept = [line for line in text.splitlines() if line.lstrip().startswith("#") and "deep" not in line]
    assert [line for line in gone.splitlines() if line in kept] == kept


def test_a_period_in_use_stays() -> None:
    with pytest.raises(UsageError, match="period 'late' is in use by all-day"):
        remove(COMMENTED, "periods", "late")
    assert users_of_period(parse_yaml(COMMENTED), "office") == ["all-day"]
    assert users_of_period(parse_yaml("schedules: {a: {periods: x}, b: {periods: [y, x@t]}, c: {}, d: 1}"), "x") == [
        "a",
        "b",
    ]


def test_what_would_not_be_valid_is_not_written() -> None:
    with pytest.raises(DefinitionError) as caught:
        add(COMMENTED, "periods", "odd", {"begintime": "25:00", "weekdays": "thurs"})
    assert "would no longer be valid" in caught.value.message
    assert {problem.where for problem in caught.value.problems} == {"periods.odd.begintime", "periods.odd.weekdays"}
    with pytest.raises(DefinitionError, match="no longer be valid"):
        add(COMMENTED, "schedules", "odd", {"periods": "nothing"})
    with pytest.raises(DefinitionError) as caught:
        replace(COMMENTED, "periods", "office", {"begintime": "8"})
    assert {problem.where.partition(".")[0] for problem in caught.value.problems} == {"periods", "schedules"}


def test_what_was_wrong_before_hinders_nobody() -> None:
    text = "version: 1\nperiods:\n  bad: {weekdays: thurs}\n"
    edited = add(text, "periods", "good", OFFICE)
    assert remove(edited, "periods", "good") == text
    assert remove(edited, "periods", "bad").endswith("weekdays: mon-fri\n")


def test_what_is_not_there_or_there_already() -> None:
    with pytest.raises(UsageError, match="there is no period 'x'"):
        remove(COMMENTED, "periods", "x")
    with pytest.raises(UsageError, match="there is no schedule 'office'"):
        replace(COMMENTED, "schedules", "office", {})
    with pytest.raises(UsageError, match="there is a period 'office' already"):
        add(COMMENTED, "periods", "office", OFFICE)


@pytest.mark.parametrize(
    "text",
    [
        "base: &p {a: {weekdays: mon}}\nperiods: *p\n",
        "periods: [a, b]\n",
        "version: 1\nperiods:\n  ? a\n  : {weekdays: mon}\n",
        "version: 1\nperiods:\n  a: {weekdays: mon}\n  a: {weekdays: tue}\n",
        "version: 1\nperiods:\n  a: &a {weekdays: mon}\n  b: *a\n",
    ],
)
def test_what_cannot_be_edited_safely_is_left(text: str) -> None:
    with pytest.raises(UsageError):
        remove(text, "periods", "a")


def test_many_are_added_at_once() -> None:
    edited = add_entries(COMMENTED, "periods", {"x": OFFICE, "y": OFFICE}, file="f", read_text=read_text)
    assert list(parse_yaml(edited).data["periods"]) == ["office", "late", "x", "y"]  # type: ignore[call-overload]
