from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

import lamplighter.notify
from lamplighter import families
from lamplighter.errors import UsageError
from lamplighter.notify.sender import Sender


def test_members_are_found_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    own = families.member_classes(lamplighter.notify, Sender, "lamplighter.senders")  # type: ignore[type-abstract]
    assert {scheme for member in own for scheme in member.schemes} == {
        "file",
        "opsitem",
        "slack",
        "smtp",
        "smtps",
        "sns",
    }
    assert Sender not in own
    entry = EntryPoint("path", "pathlib:Path", "lamplighter.senders")
    monkeypatch.setattr(families, "entry_points", lambda group: [entry] if group == "lamplighter.senders" else [])
    with pytest.raises(UsageError, match=r"entry point path of lamplighter\.senders is not a Sender"):
        families.member_classes(lamplighter.notify, Sender, "lamplighter.senders")  # type: ignore[type-abstract]


def test_names_are_sorted_and_come_once() -> None:
    assert list(families.by_name([("b", 1), ("a", 2)], "two are called {}").items()) == [("a", 2), ("b", 1)]
    with pytest.raises(UsageError, match="two are called a"):
        families.by_name([("a", 1), ("a", 2)], "two are called {}")
