from __future__ import annotations

import pytest

from lamplighter.errors import DefinitionError, Problem
from lamplighter.schedules.source import parse_yaml


def refused(text: str) -> Problem:
    with pytest.raises(DefinitionError) as refusal:
        parse_yaml(text, "lamp.yaml")
    [problem] = refusal.value.problems
    return problem


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("22:00", "22:00"),
        ("08:00", "08:00"),
        ("8:30", "8:30"),
        ("22:00:00", "22:00:00"),
        ("on", "on"),
        ("off", "off"),
        ("no", "no"),
        ("No", "No"),
        ("yes", "yes"),
        ("y", "y"),
        ("NO", "NO"),
        ("2026-12-24", "2026-12-24"),
        ("2026-12-24T08:00:00Z", "2026-12-24T08:00:00Z"),
        ("0o17", "0o17"),
        ("017", "017"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1.5", "1.5"),
        (".inf", ".inf"),
        ("1e3", "1e3"),
        ("0", 0),
        ("-3", -3),
        ("+7", 7),
        ("15", 15),
        ("012345678901", "012345678901"),
        ("111122223333", 111122223333),
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("tRue", "tRue"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'22:00'", "22:00"),
        ('"true"', "true"),
        ("'15'", "15"),
        ("''", ""),
        ("!!str 15", "15"),
        ("!!str true", "true"),
        ("fri 20:00 - mon 08:00", "fri 20:00 - mon 08:00"),
        ("mon#1, friL", "mon#1, friL"),
        ("mon #1", "mon"),
        ("=", "="),
        ("<<", "<<"),
        ("1" * 40, int("1" * 40)),
        ("1" * 5000, "1" * 5000),
        ("|-\n  two\n  lines", "two\nlines"),
    ],
)
def test_values_are_what_was_written(written: str, read: object) -> None:
    found = parse_yaml(f"key: {written}\n").data["key"]
    assert (found, type(found)) == (read, type(read))


def test_keys_are_texts() -> None:
    assert list(parse_yaml("on: 1\n22:00: 2\n5: 3\n~: 4\ntrue: 5\n").data) == ["on", "22:00", "5", "~", "true"]


def test_places_are_those_of_the_values() -> None:
    document = parse_yaml("periods:\n  office:\n    weekdays: 'mon-fri'\n    times: [08:00-12:00, \"13:00-18:00\"]\n")
    assert document.places == {
        (): (1, 1),
        ("periods",): (2, 3),
        ("periods", "office"): (3, 5),
        ("periods", "office", "weekdays"): (3, 16),
        ("periods", "office", "times"): (4, 12),
        ("periods", "office", "times", "0"): (4, 13),
        ("periods", "office", "times", "1"): (4, 27),
    }


TEXT = """\
periods:
  office:
    weekdays: mon-fri
  v1.2:
    weekdays: "sat"
    times:
      - 08:00-12:00
"""


@pytest.mark.parametrize(
    ("where", "position", "place"),
    [
        ("periods.office.weekdays", None, (3, 15)),
        ("periods.office.weekdays", 4, (3, 19)),
        ("periods.office.missing", None, (3, 5)),
        ("periods.office", 3, (3, 5)),
        ("periods.v1.2.weekdays", 1, (5, 17)),
        ("periods.v1.2.times.0", 6, (7, 15)),
        ("periods.v1", None, (2, 3)),
        ("nowhere", None, (1, 1)),
    ],
)
def test_a_problem_is_placed_at_the_deepest_known_part(
    where: str, position: int | None, place: tuple[int, int]
) -> None:
    placed = parse_yaml(TEXT).place(Problem(where, "wrong", "hint", position=position))
    assert (placed.line, placed.column) == place
    assert (placed.where, placed.message, placed.hint, placed.position) == (where, "wrong", "hint", position)


def test_a_problem_that_has_its_place_keeps_it() -> None:
    problem = Problem("periods", "wrong", line=7, column=9)
    assert parse_yaml(TEXT).place(problem) is problem


def test_a_key_that_stands_twice() -> None:
    document = parse_yaml("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\na: 5\n")
    assert [(p.where, p.message, p.line, p.column) for p in document.problems] == [
        ("b.c", "'c' stands twice", 5, 3),
        ("a", "'a' stands twice", 6, 1),
    ]
    assert document.doubtful == {("b", "c"), ("a",)}


def test_aliases_stand_for_what_they_name() -> None:
    document = parse_yaml("a: &days [mon, tue]\nb: {weekdays: *days}\n")
    assert document.data == {"a": ["mon", "tue"], "b": {"weekdays": ["mon", "tue"]}}
    assert document.problems == ()


def test_merge_keys_are_not_read_in_silence() -> None:
    document = parse_yaml("a: &base {begintime: 08:00}\nb:\n  <<: *base\n  weekdays: mon\n")
    assert document.data["b"] == {"weekdays": "mon"}
    assert [(p.where, p.message, p.line, p.column) for p in document.problems] == [
        ("b.<<", "merge keys are not read", 3, 3)
    ]


def test_tags_are_not_read_in_silence() -> None:
    document = parse_yaml("a: !secret password\nb: !!str 5\n")
    assert [(p.where, p.message, p.line, p.column) for p in document.problems] == [
        ("a", "the tag !secret has no meaning here", 1, 4)
    ]
    assert document.data == {"a": "password", "b": "5"}
    assert document.doubtful == {("a",)}


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "the top level must be a mapping", (1, 1)),
        ("# nothing\n", "the top level must be a mapping", (1, 1)),
        ("- a\n- b\n", "the top level must be a mapping", (1, 1)),
        ("just words\n", "the top level must be a mapping", (1, 1)),
        ("a: 1\n---\nb: 2\n", "but found another document", (2, 1)),
        ("a: [1, 2\nb: 3\n", "expected ',' or ']', but got ':'", (2, 2)),
        ("a: 1\n\tb: 2\n", "found character '\\t' that cannot start any token", (2, 1)),
        ("a:\n  b: 1\n c: 2\n", "expected <block end>, but found '<block mapping start>'", (3, 2)),
        ("a: 'open\n", "found unexpected end of stream", (2, 1)),
        ("a: *nobody\n", "found undefined alias 'nobody'", (1, 4)),
        ("a: b: c\n", "mapping values are not allowed here", (1, 5)),
        ("a: 1\nb: x\x00y\n", "unacceptable character #x0000: special characters are not allowed", (2, 5)),
        ("a: &loop\n  b: *loop\n", "an alias refers to itself", (1, 4)),
    ],
)
def test_what_is_no_document_says_where(text: str, message: str, place: tuple[int, int]) -> None:
    problem = refused(text)
    assert (problem.message, problem.line, problem.column) == (message, *place)


@pytest.mark.slow
def test_aliases_that_multiply_are_refused_and_not_counted_out() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert refused("\n".join(lines)).message == "aliases make too many values of this"


@pytest.mark.slow
def test_a_bottomless_nesting_is_refused() -> None:
    problem = refused("a: " + "[" * 500 + "]" * 500)
    assert problem.message == "the definitions are nested too deep"
