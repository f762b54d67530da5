"""Messages to an SNS topic."""

from __future__ import annotations

import re

from lamplighter.notify.message import Message, ascii_line, cut_to
from lamplighter.notify.sender import Means, Sender

_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[\w-]{1,256}(\.fifo)?", re.ASCII)
_SUBJECT = 99
"""Of a subject SNS takes less than 100 characters, of ASCII, on one line (API reference, Publish)."""
_BODY = 262_144 - 1_024
"""Of a message 256 KiB, attributes included (API reference, Publish)."""


class Sns(Sender):
    """An SNS topic, called in its own region with the own credentials; the topic's policy may let other accounts in."""

    name = "sns"
    schemes = ("sns",)
    title = "SNS topic"
    why = "Reaches mail, queues, functions and chat through the topic's subscriptions, without a password anywhere."
    source = "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"
    address = "sns: and the ARN of the topic"
    example = "sns:arn:aws:sns:eu-central-1:111122223333:lamplighter"
    permissions = ("sns:Publish",)
    since = "0.1.0"

    def check(self, to: str) -> None:
        """Look at an address."""
        if _ARN.fullmatch(to.removeprefix("sns:")) is None:
            raise ValueError(f"{to!r} is not a topic; write {self.example}")

    def send(self, to: str, message: Message, means: Means) -> str:
        """Publish; the attribute `kind` lets subscriptions filter."""
        arn = to.removeprefix("sns:")
        # Repetitions within 5 minutes are dropped by a topic that keeps order.
        once = {"MessageGroupId": "lamplighter", "MessageDeduplicationId": message.key} if arn.endswith(".fifo") else {}
        means.session(arn.split(":")[3]).call(
            "sns",
            "publish",
            TopicArn=arn,
            Subject=ascii_line(message.subject, _SUBJECT) or "Lamplighter",
            Message=cut_to(message.text, _BODY) or message.subject,
            MessageAttributes={"kind": {"DataType": "String", "StringValue": message.kind}},
            **once,
        )
        return ""
