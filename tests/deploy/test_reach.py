"""Addresses that cannot work from deployed functions are told, with what would; others are not."""

from __future__ import annotations

import pytest

from lamplighter.deploy.reach import out_of_reach
from lamplighter.notify.definitions import NotifyDefinition, RuleDefinition

TOPIC = "arn:aws:sns:eu-central-1:111122223333"
MAIL = "smtp://mail.example.com?from=lamp@example.com&to=ops@example.com"


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (f"sns:{TOPIC}:lamp", ""),
        (f"sns:{TOPIC}:other", "the topic of the stack hub only"),
        ("file:-", ""),
        ("file:messages.jsonl", "what deployed functions write into a file is lost"),
        ("opsitem:eu-central-1", ""),
        (MAIL, ""),
        (f"{MAIL}&user=lamp&password=ssm:/lamp/smtp", ""),
        (f"{MAIL}&user=lamp&password=env:SMTP", "deployed functions have no variable SMTP"),
        ("slack:env:SLACK_URL", "deployed functions have no variable SLACK_URL"),
        ("slack:secretsmanager:lamp/slack#url", ""),
        ("slack:secretsmanager:/lamp/slack", "names that begin with lamp/ only, not this secretsmanager: reference"),
        ("slack:secretsmanager:arn:aws:secretsmanager:eu-central-1:111122223333:secret:lamp/slack-Ab12Cd", ""),
        ("slack:secretsmanager:arn:aws:secretsmanager:eu-central-1:111122223333:secret:web/slack-Ab12Cd", "lamp/ only"),
        ("slack:ssm:arn:aws:ssm:eu-central-1:111122223333:parameter/lamp/slack", ""),
        ("slack:ssm:lampshade", "names that begin with lamp/ only, not this ssm: reference"),
    ],
)
def test_what_functions_cannot_reach(to: str, said: str) -> None:
    rule = RuleDefinition(to=to, about=("errors",))
    found = list(out_of_reach(NotifyDefinition(rules=(rule,)), "lamp"))
    assert len(found) == bool(said)
    assert all(said in each.message and each.where == "notify.rules.0.to" and each.hint for each in found)
