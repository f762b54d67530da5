"""YAML as CloudFormation writes it."""

from __future__ import annotations

import pytest

from lamplighter.deploy.yamls import NO_VALUE, GetAtt, If, Ref, Row, Sub, dump, fit, load, plain


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("${Key}", Ref("Key")),
        ("${AWS::Region}", Ref("AWS::Region")),
        ("${Key.Arn}", GetAtt("Key.Arn")),
        ("${Prefix}-x", Sub("${Prefix}-x")),
        ("${A}${B}", Sub("${A}${B}")),
    ],
)
def test_the_shortest_function_is_taken(text: str, function: object) -> None:
    assert fit(text) == function
    assert type(fit(text)) is type(function)


def test_functions_of_the_same_text_differ() -> None:
    assert Ref("A") != Sub("A")
    assert Ref("A") != "A"
    assert plain("A") == "A"
    assert not isinstance(plain("A"), Ref)


def test_what_is_written_is_read_again() -> None:
    data = {
        "A": [Row(Key="k", Value=Ref("B")), If(["C", GetAtt("D.Arn"), NO_VALUE])],
        "E": Sub("one ${F}\ntwo\n"),
        "G": {"H": "yes", "I": "1", "J": 1, "K": True},
    }
    text = dump(data, 2)
    assert all(line.startswith("  ") for line in text.splitlines())
    assert load(text) == {
        "A": [
            {"Key": "k", "Value": {"Ref": "B"}},
            {"Fn::If": ["C", {"Fn::GetAtt": ["D", "Arn"]}, {"Ref": "AWS::NoValue"}]},
        ],
        "E": {"Fn::Sub": "one ${F}\ntwo\n"},
        "G": {"H": "yes", "I": "1", "J": 1, "K": True},
    }
    assert "!Ref B" in text
    assert "!GetAtt D.Arn" in text
