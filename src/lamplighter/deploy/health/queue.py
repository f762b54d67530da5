"""Queues of SQS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Queue(Part):
    """A queue: there; nothing waits in it for long, and nothing at all where dead letters end."""

    types = ("AWS::SQS::Queue",)
    title = "SQS queue"
    source = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html"
    permissions = (
        "cloudwatch:GetMetricStatistics",
        "sqs:GetQueueAttributes",
    )
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, scene: Scene) -> Iterator[Fact]:
    names = ["ApproximateNumberOfMessages", "KmsMasterKeyId", "RedrivePolicy", "SqsManagedSseEnabled"]
    answer = session.call("sqs", "get_queue_attributes", QueueUrl=piece.physical, AttributeNames=names)
    attributes = answer.get("Attributes", {})
    waiting = int(attributes.get("ApproximateNumberOfMessages", "0"))
    encrypted = bool(attributes.get("KmsMasterKeyId")) or attributes.get("SqsManagedSseEnabled") == "true"
    yield held(encrypted, "encrypted", "not encrypted", DEPLOY_AGAIN)
    if "RedrivePolicy" not in attributes:
        # Nothing is sent on from here: it is where dead letters end.
        hint = "read them, then send them back (docs/runbook.md, dead letters)"
        yield held(waiting == 0, "no dead letters", f"{waiting} dead letters", hint)
    elif waiting == 0:
        yield Fact(Status.OK, "nothing waits")
    else:
        yield _age(session, piece, scene, waiting)


def _age(session: Session, piece: Piece, scene: Scene, waiting: int) -> Fact:
    points = session.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": piece.physical.rpartition("/")[2]}],
        StartTime=scene.now - _WINDOW,
        EndTime=scene.now,
        Period=60,
        Statistics=["Maximum"],
    ).get("Datapoints", ())
    if not points:
        return Fact(Status.UNKNOWN, f"{waiting} wait, for how long is not known: CloudWatch has no values yet")
    newest = max(points, key=lambda point: point["Timestamp"])
    seconds = int(newest["Maximum"])
    text = f"{waiting} wait, the oldest for {seconds} s"
    return held(
        timedelta(seconds=seconds) <= LONG, text, text, "passes are slow or fail: see docs/runbook.md, late passes"
    )


LONG = timedelta(minutes=15)
"""What waits longer is late; the alarm `late-passes` says so too."""

_WINDOW = timedelta(minutes=15)
