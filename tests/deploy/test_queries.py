"""Saved queries: their syntax, as far as it can be held to the guide, and the fields that they name."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from lamplighter.deploy.handlers import HANDLERS
from lamplighter.deploy.queries import FIELDS, OURS, QUERIES, Query

COMMANDS = ("fields", "filter", "stats", "sort", "limit", "display", "dedup", "parse")
FUNCTIONS = {"count", "sum", "max", "min", "avg", "pct", "latest", "earliest", "ispresent", "bin"}
WORDS = {"and", "or", "not", "in", "like", "as", "by", "asc", "desc"}
LITERAL = re.compile(r'"[^"]*"|/(?:[^/\\]|\\.)*/')
WORD = re.compile(r"@?[A-Za-z_][\w.]*")


def commands(query: Query) -> list[str]:
    """The commands of a query, with literals taken out of them."""
    return [part.strip() for part in LITERAL.sub('""', query.text).split("|")]


@pytest.fixture(params=list(QUERIES.values()), ids=lambda query: str(query.name))
def query(request: pytest.FixtureRequest) -> Query:
    found: Query = request.param
    return found


def test_what_is_asked() -> None:
    wanted = {"failures", "largest targets", "done by account", "throttling", "cold starts", "left alone"}
    assert wanted <= set(QUERIES)


def test_it_says_what_it_is(query: Query) -> None:
    assert re.fullmatch(r"[a-z ]+", query.name)
    assert query.purpose.endswith((".", "`"))
    assert set(query.of) <= set(HANDLERS)
    assert len(query.text) < 10_000


def test_its_commands_are_of_the_language(query: Query) -> None:
    for command in commands(query):
        assert command.split()[0] in COMMANDS, command
        assert command.count("(") == command.count(")")
        assert command.count("[") == command.count("]")
        assert set(re.findall(r"(\w+)\(", command)) <= FUNCTIONS
    assert query.text.count('"') % 2 == 0


def test_it_names_only_fields_that_lines_have(query: Query) -> None:
    made: set[str] = set()
    for command in commands(query):
        verb, _, rest = command.partition(" ")
        made |= set(re.findall(r"\bas (\w+)", rest))
        named = {word for word in WORD.findall(rest) if f"{word}(" not in rest}
        unknown = named - FIELDS - made - WORDS
        assert unknown <= ({"h"} if "bin(1h)" in rest else set()), (verb, unknown)


def test_fields_of_ours_are_those_of_handlers_that_it_looks_at(query: Query) -> None:
    everywhere = {name for names in OURS.values() for name in names}
    named = set(WORD.findall(" ".join(commands(query)))) & everywhere
    if query.handlers:
        assert named <= {name for handler in query.handlers for name in OURS.get(handler, frozenset())}


def test_what_is_said_of_a_call_has_these_fields() -> None:
    # By the source, which names them once: what a call says is written with `log.info`.
    for handler, names in OURS.items():
        modules = (handler, "saved") if handler == "report" else (handler,)
        files = [import_module(f"lamplighter.lambdas.{name}").__file__ or "" for name in modules]
        source = "".join(Path(file).read_text() for file in files)
        for name in names:
            bare = name.removesuffix(".0")
            assert re.search(rf'"{bare}": |\b{bare}=', source), f"{handler} says nothing of {bare}"
    assert 'log.info("pass"' in Path(import_module("lamplighter.lambdas.passes").__file__ or "").read_text()


def test_limits_and_order(query: Query) -> None:
    for command in commands(query):
        if command.startswith("limit"):
            assert 1 <= int(command.split()[1]) <= 10_000
        if command.startswith("sort"):
            assert re.fullmatch(r"sort [\w@.]+ (asc|desc)(, [\w@.]+ (asc|desc))*", command)


def test_the_parser_of_these_tests_finds_mistakes() -> None:
    wrong = Query("x", "x.", 'fields @timestamp, nobody | filtre level = "x | y"')
    assert [command.split()[0] for command in commands(wrong)] == ["fields", "filtre"]
    with pytest.raises(AssertionError):
        test_its_commands_are_of_the_language(wrong)
    with pytest.raises(AssertionError):
        test_it_names_only_fields_that_lines_have(wrong)
