"""Calls to AWS as they stand in the source: service and operation, where they are written out."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.actions import SOURCE
from tests.calls import Call

_WAYS = {"call", "pages", "download", "perform"}
_STORE = {"calls", "_call"}
"""In store/, whose calls all go to DynamoDB, the operation comes first."""

_CALL = re.compile(rf"\.({'|'.join(sorted(_WAYS | _STORE))})\(")


@dataclass(frozen=True)
class Written:
    """A place that calls AWS: what it can be seen to call, or nothing where that is only known when it runs."""

    module: str
    line: int
    calls: frozenset[Call]


def written() -> list[Written]:
    """Every place in the product, but for the simulated AWS, which calls what it likes."""
    found: list[Written] = []
    for path in sorted((SOURCE / "lamplighter").rglob("*.py")):
        if "estate" not in path.parts:
            text = path.read_text()
            if _CALL.search(text):  # parsing all of them takes seconds
                found += in_text(text, ".".join(path.relative_to(SOURCE).with_suffix("").parts))
    return found


def in_text(text: str, name: str) -> Iterator[Written]:
    """The places in the text of one module."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        way, args = node.func.attr, node.args
        if way in _STORE and name.startswith("lamplighter.store."):
            services, operations = {"dynamodb"}, args[:1]
        elif way in _WAYS and len(args) >= 2:
            services, operations = set(_texts(args[0], name)), args[1:2]
        else:
            continue
        methods = [each for argument in operations for each in _texts(argument, name)]
        yield Written(name, node.lineno, frozenset((service, method) for service in services for method in methods))


def _texts(node: ast.expr, name: str) -> Iterator[str]:
    """The texts that an argument may be: literals, either branch of a choice, constants of the module."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp():
            yield from _texts(node.body, name)
            yield from _texts(node.orelse, name)
        case ast.Name() if node.id.isupper():
            value = getattr(_module(name), node.id, None)
            if isinstance(value, str):
                yield value


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


def path_of(module: str) -> Path:
    """Where a module stands."""
    return SOURCE / Path(*module.split(".")).with_suffix(".py")
