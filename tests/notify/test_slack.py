from __future__ import annotations

import builtins
from typing import Any

import pytest
from tests.notify.conftest import Calls, MakeMeans, Webhook, note

from lamplighter.errors import SendError
from lamplighter.notify.slack import Slack, escaped

TO = "slack:env:HOOK"


def test_a_post(webhook: Webhook, means: MakeMeans) -> None:
    Slack().send(TO, note(text="<b> & *bold* _it_\nlamp override set 'a b'\n"), means(HOOK=webhook.url))
    assert webhook.posted == [
        {
            "text": "Lamplighter: stop failed\n&lt;b&gt; &amp; *bold* _it_\nlamp override set 'a b'",
            "mrkdwn": False,
        }
    ]


def test_the_url_from_a_parameter(webhook: Webhook, means: MakeMeans) -> None:
    calls = Calls({"get_parameter": {"Parameter": {"Value": webhook.url}}})
    Slack().send("slack:ssm:/lamp/hook", note(), means(calls))
    assert len(webhook.posted) == 1


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (404, "no_service", "the webhook does not exist any more: make a new one"),
        (403, "invalid_token", "the webhook was revoked, or may not post here: make a new one"),
        (410, "channel_is_archived", "the channel is archived"),
        (429, "rate_limited", "Slack asks to slow down; the next pass tries again"),
        (500, "rollup_error", ""),
    ],
)
def test_a_refusal(
    status: int, body: str, hint: str, webhook: Webhook, means: MakeMeans, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook.answers = [(status, body)]
    with pytest.raises(SendError) as raised:
        Slack().send(TO, note(), means(HOOK=webhook.url))
    assert (str(raised.value), raised.value.hint) == (f"Slack refused it: {status} {body}", hint)
    assert "secret-token" not in str(raised.value) + "".join(capsys.readouterr())


def test_nobody_listens(means: MakeMeans, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SendError, match=r"^Slack cannot be reached: .*refused") as raised:
        Slack().send(TO, note(), means(HOOK="http://127.0.0.1:9/services/T/B/secret-token"))
    assert "secret-token" not in str(raised.value) + "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "url", ["hooks.slack.com/x", "ftp://x/y", "https:///x", "https://a b/c", "http://example.com/secret"]
)
def test_what_is_no_url_of_a_webhook(url: str, means: MakeMeans) -> None:
    with pytest.raises(SendError) as raised:
        Slack().send(TO, note(), means(HOOK=url))
    assert url not in str(raised.value)
    assert raised.value.hint


def test_long_texts_are_cut_where_it_is_seen() -> None:
    text = escaped(note(text="<&>" * 30_000))
    assert 39_000 < len(text) <= 40_000
    assert text.endswith(" more characters]\n")
    assert "cut here" not in escaped(note(text="x" * 39_900))


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch, means: MakeMeans) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("slack_sdk"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SendError, match="slack-sdk is not installed") as raised:
        Slack().send(TO, note(), means(HOOK="https://x"))
    assert raised.value.hint.startswith("pip install 'lamplighter[slack]'; deployed: do that where the zips are made")


def test_the_url_does_not_stand_in_the_address() -> None:
    with pytest.raises(ValueError, match="a secret stands where") as raised:
        Slack().check("slack:https://hooks.slack.com/services/T/B/secret-token")
    assert "secret-token" not in str(raised.value)
