"""Log groups that are as they should be, and that are not."""

from __future__ import annotations

from tests.deploy.health.conftest import AGAIN, DENIED, health

TYPE = "AWS::Logs::LogGroup"


def test_how_long_it_is_kept() -> None:
    groups = [{"logGroupName": "it-2", "retentionInDays": 1}, {"logGroupName": "it", "retentionInDays": 30}]
    assert health(TYPE, describe_log_groups={"logGroups": groups}) == ("ok", "kept for 30 days", "")
    for_ever = {"logGroups": [{"logGroupName": "it"}]}
    assert health(TYPE, describe_log_groups=for_ever) == ("fail", "kept for ever", AGAIN)
    assert health(TYPE, describe_log_groups={"logGroups": groups[:1]})[:2] == ("fail", "it is not there")
    assert health(TYPE, describe_log_groups=DENIED)[0] == "not known"
