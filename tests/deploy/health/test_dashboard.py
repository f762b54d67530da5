"""Dashboards that are as they should be, and that are not."""

from __future__ import annotations

from tests.deploy.health.conftest import AGAIN, DENIED, health

from lamplighter.errors import NotFound

TYPE = "AWS::CloudWatch::Dashboard"


def dashboard(body: str) -> tuple[str, str, str]:
    return health(TYPE, get_dashboard={"DashboardName": "it", "DashboardBody": body})


def test_a_dashboard() -> None:
    assert dashboard('{"widgets": [{"type": "text"}, {"type": "log"}]}') == ("ok", "2 widgets", "")
    assert dashboard('{"widgets": []}') == ("fail", "nothing is on it", AGAIN)
    assert dashboard("{") == dashboard("[]") == ("fail", "its body cannot be read", AGAIN)
    assert health(TYPE, get_dashboard=NotFound("no"))[:2] == ("fail", "it is not there")
    assert health(TYPE, get_dashboard=DENIED)[0] == "not known"
