from __future__ import annotations

import pytest

from lamplighter.cli.grouping import group_cells, group_record, grouped, labels_of, read_by
from lamplighter.errors import UsageError


@pytest.mark.parametrize(
    ("texts", "keys"),
    [
        (None, ("schedule",)),
        ([], ("schedule",)),
        (["account"], ("account",)),
        (["account,tag:Team"], ("account", "tag:Team")),
        (["account", "region, kind"], ("account", "region", "kind")),
        (["tag:aws:x", "resource,resource"], ("tag:aws:x", "resource")),
    ],
)
def test_keys(texts: list[str] | None, keys: tuple[str, ...]) -> None:
    assert read_by(texts) == keys


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("acount", "nothing can be grouped by 'acount'", "did you mean account?"),
        ("tag:", "nothing can be grouped by 'tag:'", "or tag:KEY"),
        ("Team", "nothing can be grouped by 'Team'", "did you mean team?"),
        (
            "Owner",
            "nothing can be grouped by 'Owner'",
            "use schedule, account, region, kind, resource, team or tag:KEY",
        ),
    ],
)
def test_what_is_no_key(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        read_by([text])
    assert hint in raised.value.hint


def test_where_there_are_no_tags() -> None:
    with pytest.raises(UsageError, match="grouped by tag:Team: the journal does not know tags"):
        read_by(["account,tag:Team"], no_tags="the journal does not know tags")


def test_groups_are_in_order_and_what_is_not_tagged_comes_last() -> None:
    pairs: list[tuple[str, str | None]] = [("2", None), ("1", "b"), ("2", "a"), ("1", "b")]
    again: list[tuple[dict[str, str | None], int]] = [
        ({"account": account, "tag:Team": team}, number) for number, (account, team) in enumerate(pairs)
    ]
    assert grouped(again, ("account", "tag:Team")) == {("1", "b"): [1, 3], ("2", "a"): [2], ("2", None): [0]}
    assert list(grouped(again, ("tag:Team",))) == [("a",), ("b",), (None,)]


def test_how_a_group_is_called() -> None:
    assert group_cells(("1", None)) == ["1", "(not tagged)"]
    assert group_cells(("1", "b"), "[2]", {"1": "people"}) == ["1 people", "b [2]"]
    assert group_record(("account", "tag:Team"), ("1", None)) == {
        "by": "account,tag:Team",
        "group": "1, (not tagged)",
        "account": "1",
        "tag:Team": None,
    }


def test_labels_of_the_journal() -> None:
    assert labels_of("111122223333/eu-west-1", "ec2-instance/i-1", "office", "") == {
        "schedule": "office",
        "account": "111122223333",
        "region": "eu-west-1",
        "kind": "ec2-instance",
        "resource": "111122223333/eu-west-1/ec2-instance/i-1",
        "team": None,
    }
    assert labels_of("111122223333/eu-west-1", "ec2-instance/i-1", "office", "web")["team"] == "web"
