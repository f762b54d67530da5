from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import lamplighter.store
from lamplighter.errors import UsageError
from lamplighter.store.memory import MemoryStore
from lamplighter.store.open import engines, open_store
from lamplighter.store.sqlite import SqliteStore

MODULES = [import_module(f"lamplighter.store.{module.name}") for module in iter_modules(lamplighter.store.__path__)]


def test_memory() -> None:
    assert isinstance(open_store("memory:"), MemoryStore)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///state/lamp.db", "state/lamp.db"),
        ("sqlite:///./lamp.db", "lamp.db"),
        ("state/lamp.db", "state/lamp.db"),
        ("lamp", "lamp"),
        ("./a:b.db", "a:b.db"),
        ("sqlite:///a%20b?c#d.db", "a%20b?c#d.db"),
        ("sqlite:///~/lamp.db", "home/lamp.db"),
        ("~/lamp.db", "home/lamp.db"),
        ("x:lamp.db", "x:lamp.db"),
    ],
)
def test_a_file(url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    store = open_store(url)
    store.close()
    assert isinstance(store, SqliteStore)
    assert store.path == str(tmp_path / path)
    assert (tmp_path / path).is_file()


@pytest.mark.parametrize("prefix", ["", "sqlite:///"])
def test_an_absolute_path(prefix: str, tmp_path: Path) -> None:
    open_store(f"{prefix}{tmp_path}/deep/lamp.db").close()
    assert (tmp_path / "deep" / "lamp.db").is_file()


@pytest.mark.parametrize("url", [":memory:", "sqlite:///:memory:"])
def test_sqlite_in_memory(url: str) -> None:
    store = open_store(url)
    store.close()
    assert isinstance(store, SqliteStore)
    assert store.path == ":memory:"


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("", "lamp.db"),
        ("postgres://host/db", "memory:, sqlite: or a path"),
        ("aa:b.db", "./"),
        ("sqlite:", "sqlite:///lamp.db"),
        ("sqlite://", "sqlite:///lamp.db"),
        ("sqlite:///", "sqlite:///lamp.db"),
        ("sqlite:lamp.db", "sqlite:///lamp.db"),
        ("sqlite:/lamp.db", "sqlite:///lamp.db"),
        ("sqlite://host/lamp.db", "sqlite:///lamp.db"),
        ("SQLITE:///lamp.db", "memory:, sqlite:"),
        ("memory:x", "memory:"),
        ("~nobody-of-this-name/lamp.db", "whole path"),
    ],
)
def test_an_address_that_means_nothing(url: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        open_store(url)
    assert hint in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_every_engine_is_found_and_claims_a_scheme_of_its_own() -> None:
    claimed: list[tuple[str, Callable[[str], object]]] = [
        claim for module in MODULES for claim in getattr(module, "SCHEMES", {}).items()
    ]
    assert {"", "memory", "sqlite"} <= {scheme for scheme, _ in claimed}
    assert len({scheme for scheme, _ in claimed}) == len(claimed)
    assert dict(claimed) == dict(engines())
