"""Event source mappings that are as they should be, and that are not."""

from __future__ import annotations

from tests.deploy.health.conftest import DENIED, health

TYPE = "AWS::Lambda::EventSourceMapping"
UUID = "00000000-0000-4000-8000-000000000001"


def test_on_and_off() -> None:
    assert health(TYPE, UUID, get_event_source_mapping={"State": "Enabled"}) == ("ok", "on", "")
    hint = "messages are not taken up: enable it"
    assert health(TYPE, UUID, get_event_source_mapping={"State": "Disabled"}) == ("fail", "it is Disabled", hint)
    assert health(TYPE, UUID, get_event_source_mapping=DENIED)[0] == "not known"
