"""Messages into a Slack channel, through an incoming webhook."""

from __future__ import annotations

import logging
from http.client import HTTPException
from urllib.parse import urlsplit

from lamplighter.errors import SendError
from lamplighter.notify.message import CUT, Message
from lamplighter.notify.references import check_reference, read_secret
from lamplighter.notify.sender import Means, Sender

_MOST = 40_000
"""Slack cuts longer texts without a word (chat.postMessage, `text`)."""

_INSTALL = "pip install 'lamplighter[slack]'; deployed: do that where the zips are made, and make and push them anew"
_HINTS = {
    403: "the webhook was revoked, or may not post here: make a new one",
    404: "the webhook does not exist any more: make a new one",
    410: "the channel is archived",
    429: "Slack asks to slow down; the next pass tries again",
}


class Slack(Sender):
    """An incoming webhook of Slack (or of what speaks the same); its URL is a secret and comes through a reference."""

    name = "slack"
    schemes = ("slack",)
    title = "Slack webhook"
    why = "Reaches a channel; nothing to run, and the webhook can do nothing but post there."
    source = "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/"
    address = "slack: and a reference to the URL of the webhook: env:NAME, ssm:NAME or secretsmanager:NAME"
    example = "slack:env:SLACK_WEBHOOK_URL"
    permissions = ("secretsmanager:GetSecretValue", "ssm:GetParameter")
    since = "0.1.0"

    def check(self, to: str) -> None:
        """Look at an address."""
        check_reference(to.removeprefix("slack:"))

    def references(self, to: str) -> tuple[str, ...]:
        """The URL's."""
        return (to.removeprefix("slack:"),)

    def send(self, to: str, message: Message, means: Means) -> str:
        """Post, as plain text: names with `*` or `_` in them stay what they are."""
        try:
            from slack_sdk.errors import SlackClientError
            from slack_sdk.webhook import WebhookClient
        except ImportError as error:
            raise SendError("slack-sdk is not installed", hint=_INSTALL) from error
        url = read_secret(to.removeprefix("slack:"), means)
        _check_url(url)
        # Its log would repeat the URL, so it gets one that says nothing.
        silent = logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001
        client = WebhookClient(url, timeout=max(1, round(means.timeout)), logger=silent)
        try:
            answer = client.send_dict({"text": escaped(message), "mrkdwn": False})
        except (OSError, HTTPException, SlackClientError, ValueError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise SendError(f"Slack cannot be reached: {reason}", hint="check the network, and HTTPS_PROXY") from None
        if answer.status_code != 200:
            said = " ".join(str(answer.body).split())[:200]
            raise SendError(f"Slack refused it: {answer.status_code} {said}", hint=_HINTS.get(answer.status_code, ""))
        return ""


def escaped(message: Message) -> str:
    """Subject and text as Slack takes them, cut visibly where it would cut silently.

    Source: https://docs.slack.dev/messaging/formatting-message-text/ (escaping of `&`, `<` and `>`).
    """
    text = f"{message.subject}\n{message.text}".rstrip()
    whole = len(text)
    while len(found := _escape(text) + (CUT.format(left=whole - len(text)) if len(text) < whole else "")) > _MOST:
        text = text[: len(text) * _MOST // len(found) - 50]
    return found


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or any(char.isspace() for char in url):
        raise SendError("what the reference to the webhook holds is no URL", hint="it begins with https://")
    if parts.scheme == "http" and host not in ("127.0.0.1", "localhost", "::1"):
        raise SendError("the URL of the webhook is not https", hint="the URL is a secret: it must not travel readably")
