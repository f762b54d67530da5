"""Dashboards of CloudWatch."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene
from lamplighter.resources.kind import Session


class Dashboard(Part):
    """A dashboard: there, and with something on it."""

    types = ("AWS::CloudWatch::Dashboard",)
    title = "CloudWatch dashboard"
    source = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetDashboard.html"
    permissions = ("cloudwatch:GetDashboard",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    body = session.call("cloudwatch", "get_dashboard", DashboardName=piece.physical).get("DashboardBody", "")
    try:
        widgets = json.loads(body).get("widgets", [])
    except (ValueError, AttributeError):
        yield Fact(Status.FAIL, "its body cannot be read", DEPLOY_AGAIN)
        return
    if widgets:
        yield Fact(Status.OK, f"{len(widgets)} widgets")
    else:
        yield Fact(Status.FAIL, "nothing is on it", DEPLOY_AGAIN)
