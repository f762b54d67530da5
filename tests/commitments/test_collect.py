from __future__ import annotations

from tests.commitments.conftest import HERE, NOW, Answers
from tests.commitments.inventory.test_ec2 import row as reserved
from tests.commitments.inventory.test_savings_plans import row as planned

from lamplighter.aws.targets import Target
from lamplighter.commitments.collect import Answered, ask, homes
from lamplighter.commitments.inventory.ec2 import Ec2
from lamplighter.commitments.inventory.savings_plans import SavingsPlans
from lamplighter.errors import AccessDenied, LamplighterError
from lamplighter.resources.kind import Session

OTHER = Target("444455556666", "eu-west-1")
SOURCES = (Ec2(), SavingsPlans())
RESERVED = ("ec2", "describe_reserved_instances")
PLANNED = ("savingsplans", "describe_savings_plans")


def found(**sessions: Answers | LamplighterError) -> list[Answered]:
    """What comes of asking two accounts; by account, `here` and `other`."""
    given = {HERE.account: sessions["here"], OTHER.account: sessions.get("other", Answers({}))}

    def session_of(target: Target) -> Session:
        session = given[target.account]
        if isinstance(session, LamplighterError):
            raise session
        return session

    return ask(session_of, [HERE, OTHER], SOURCES, NOW, threads=2)


def test_every_source_is_asked_in_every_target_and_plans_once_an_account() -> None:
    here = Answers({RESERVED: [{"ReservedInstances": [reserved()]}], PLANNED: [{"savingsPlans": [planned()]}]})
    answers = found(here=here)
    assert [(one.source, one.target.key, len(one.held), one.whole) for one in answers] == [
        ("ec2", "111122223333/eu-west-1", 1, True),
        ("ec2", "444455556666/eu-west-1", 0, True),
        ("savings-plans", "111122223333/us-east-1", 1, True),
        ("savings-plans", "444455556666/us-east-1", 0, True),
    ]
    assert answers[0].held[0].account_name == "shop"
    assert answers[0].held[0].as_of == NOW


def test_a_refusal_belongs_to_its_source_and_target() -> None:
    refused = AccessDenied("refused")
    answers = found(here=Answers({RESERVED: [refused], PLANNED: [{"savingsPlans": [planned()]}]}))
    assert (answers[0].whole, answers[0].failures, answers[0].held) == (False, (refused,), ())
    assert (answers[2].whole, len(answers[2].held)) == (True, 1)


def test_an_account_that_cannot_be_entered_is_not_one_without_commitments() -> None:
    closed = AccessDenied("no way in")
    answers = found(here=closed)
    assert [(one.whole, one.failures) for one in answers if one.target.account == HERE.account] == [
        (False, (closed,)),
        (False, (closed,)),
    ]


def test_a_list_that_breaks_half_way_is_no_list() -> None:
    broken = AccessDenied("second page refused")
    answers = found(here=Answers({RESERVED: [{"ReservedInstances": [reserved()]}, broken]}))
    assert (answers[0].whole, answers[0].held, answers[0].failures) == (False, (), (broken,))


def test_a_row_that_cannot_be_read_is_said_and_the_others_stay() -> None:
    bad = {"ReservedInstancesId": "odd", "State": "active"}
    answers = found(here=Answers({RESERVED: [{"ReservedInstances": [bad, reserved()]}]}))
    assert len(answers[0].held) == 1
    assert answers[0].whole
    assert [str(one) for one in answers[0].failures] == [
        "111122223333/eu-west-1: EC2 Reserved Instances: odd cannot be read: InstanceType is missing"
    ]


def test_where_accounts_are_asked_for_what_holds_everywhere() -> None:
    china = Target("777788889999", "cn-north-1")
    assert [each.key for each in homes([HERE, Target(HERE.account, "us-west-2"), china])] == [
        "111122223333/us-east-1",
        "777788889999/cn-northwest-1",
    ]
