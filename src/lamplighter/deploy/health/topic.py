"""Topics of SNS."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Topic(Part):
    """A topic: there, encrypted, and somebody listens."""

    types = ("AWS::SNS::Topic",)
    title = "SNS topic"
    source = "https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html"
    permissions = ("sns:GetTopicAttributes",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    attributes = session.call("sns", "get_topic_attributes", TopicArn=piece.physical).get("Attributes", {})
    yield held(bool(attributes.get("KmsMasterKeyId")), "encrypted", "not encrypted", DEPLOY_AGAIN)
    confirmed = int(attributes.get("SubscriptionsConfirmed", "0"))
    if confirmed:
        yield Fact(Status.OK, f"{confirmed} subscriptions")
    else:
        pending = int(attributes.get("SubscriptionsPending", "0"))
        text = f"nobody listens{f'; {pending} did not confirm yet' if pending else ''}"
        yield Fact(Status.WARN, text, "subscribe to it, and confirm: alarms and messages go there")
