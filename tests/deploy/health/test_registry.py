"""What holds for every member."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from tests.actions import ACTIONS
from tests.models import service_model

from lamplighter.deploy.health.part import Part
from lamplighter.deploy.health.registry import parts

TESTS = Path(__file__).parent
MEMBERS = list({type(part).__name__: part for part in parts().values()}.values())


@pytest.fixture(params=MEMBERS, ids=lambda part: type(part).__name__)
def part(request: pytest.FixtureRequest) -> Part:
    found: Part = request.param
    return found


def test_the_types_that_are_known() -> None:
    assert [name.removeprefix("AWS::") for name in parts()] == [
        "CloudWatch::Alarm",
        "CloudWatch::Dashboard",
        "DynamoDB::Table",
        "Events::EventBus",
        "Events::Rule",
        "IAM::ManagedPolicy",
        "IAM::Role",
        "KMS::Key",
        "Lambda::EventSourceMapping",
        "Lambda::Function",
        "Logs::LogGroup",
        "S3::Bucket",
        "SNS::Topic",
        "SQS::Queue",
        "Scheduler::Schedule",
        "Custom::LamplighterClock",
    ]


def test_a_member_says_what_it_is(part: Part) -> None:
    assert part.title
    assert part.source.startswith("https://docs.aws.amazon.com/")
    assert re.fullmatch(r"\d+\.\d+\.\d+", part.since)
    assert inspect.getdoc(type(part)) not in (None, inspect.getdoc(Part))
    assert part.asks()


def test_a_member_is_one_small_file_with_a_test_of_its_own(part: Part) -> None:
    module = type(part).__module__.rpartition(".")[2]
    assert (TESTS / f"test_{module}.py").is_file()
    source = inspect.getsourcefile(type(part))
    assert source is not None
    assert len(Path(source).read_text().splitlines()) < 100


def test_its_permissions_are_actions_of_aws(part: Part) -> None:
    operations = {only: call for call, (only, *_) in ACTIONS.items()}
    for action in part.permissions:
        service, operation = operations.get(action) or action.split(":")
        assert operation in service_model(service).operation_names, action
        assert operation.startswith(("Describe", "Get", "List")), "looking changes nothing"
    assert list(part.permissions) == sorted(part.permissions)
