"""Rules that are as they should be, and that are not."""

from __future__ import annotations

import pytest
from tests.deploy.health.conftest import DENIED, SCENE, Answers, health

from lamplighter.deploy.health.part import Piece
from lamplighter.deploy.health.registry import parts
from lamplighter.deploy.health.stack import look
from lamplighter.errors import NotFound

TYPE = "AWS::Events::Rule"


def test_on_and_off() -> None:
    assert health(TYPE, describe_rule={"State": "ENABLED"}) == ("ok", "on", "")
    hint = "enable it, unless it was put off on purpose"
    assert health(TYPE, describe_rule={"State": "DISABLED"}) == ("fail", "it is off", hint)
    assert health(TYPE, describe_rule=DENIED)[0] == "not known"


@pytest.mark.parametrize(
    ("physical", "params"), [("tags", {"Name": "tags"}), ("lit|tags", {"Name": "tags", "EventBusName": "lit"})]
)
def test_on_its_bus(physical: str, params: dict[str, str]) -> None:
    session = Answers({"describe_rule": {"State": "ENABLED"}})
    look(session, Piece("lit", "Tags", physical, TYPE, "CREATE_COMPLETE"), SCENE, parts()[TYPE])
    assert session.params == [params]


def test_on_a_bus_that_its_id_does_not_name() -> None:
    gone, buses = NotFound("no such rule"), {"EventBuses": [{"Name": "default"}, {"Name": "lit"}]}
    found = health(TYPE, describe_rule=[gone, gone, {"State": "ENABLED"}], list_event_buses=buses)
    assert found == ("ok", "on", "")
    nowhere = health(TYPE, describe_rule=[gone, gone, gone], list_event_buses=buses)
    assert nowhere[:2] == ("fail", "it is not there")
