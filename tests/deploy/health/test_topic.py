"""Topics that are as they should be, and that are not."""

from __future__ import annotations

from tests.deploy.health.conftest import AGAIN, DENIED, health

TYPE = "AWS::SNS::Topic"


def topic(**attributes: str) -> tuple[str, str, str]:
    return health(TYPE, get_topic_attributes={"Attributes": attributes})


def test_who_listens() -> None:
    assert topic(KmsMasterKeyId="k", SubscriptionsConfirmed="2") == ("ok", "encrypted; 2 subscriptions", "")
    status, text, hint = topic(KmsMasterKeyId="k", SubscriptionsConfirmed="0", SubscriptionsPending="1")
    assert (status, text) == ("warn", "encrypted; nobody listens; 1 did not confirm yet")
    assert hint == "subscribe to it, and confirm: alarms and messages go there"
    assert topic(SubscriptionsConfirmed="1") == ("fail", "not encrypted; 1 subscriptions", AGAIN)
    assert health(TYPE, get_topic_attributes=DENIED)[0] == "not known"
