from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.commitments.conftest import HERE, NOW, WHERE
from tests.commitments.inventory.test_ec2 import row as reserved
from tests.commitments.inventory.test_savings_plans import row as planned

from lamplighter.aws.targets import Target
from lamplighter.commitments.collect import LEDGER, Answered
from lamplighter.commitments.holdings import Held
from lamplighter.commitments.inventory.ec2 import Ec2
from lamplighter.commitments.inventory.savings_plans import SavingsPlans
from lamplighter.commitments.kept import Inventory, Trouble, keep, load_inventory, merged
from lamplighter.errors import AccessDenied, LakeError

LATER = NOW + timedelta(days=30)
EC2 = Ec2().held(reserved(), WHERE)
PLAN = SavingsPlans().held(planned(), WHERE)


def answered(*held: Held, target: Target = HERE, source: str = "ec2") -> Answered:
    return Answered(source, target, held)


def refused(target: Target = HERE) -> Answered:
    return Answered("ec2", target, (), (AccessDenied("refused", hint="allow it"),), whole=False)


def test_it_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    assert load_inventory(tmp_path) == Inventory()
    kept = keep(tmp_path, [answered(EC2), answered(PLAN, source="savings-plans")], NOW)
    assert kept.held == [EC2, PLAN]
    assert kept.as_of == NOW
    assert load_inventory(tmp_path) == kept


def test_a_new_answer_takes_the_place_of_the_old_one() -> None:
    old = merged(Inventory(), [answered(EC2), answered(PLAN, source="savings-plans")], NOW)
    other = replace(EC2, id="other", as_of=LATER)
    new = merged(old, [answered(other)], LATER)
    assert new.held == [other, PLAN]
    assert new.as_of == NOW


def test_what_has_ended_stays_when_aws_lists_it_no_more() -> None:
    ending = replace(EC2, id="ending", end=NOW + timedelta(days=10))
    new = merged(merged(Inventory(), [answered(EC2, ending)], NOW), [answered(EC2)], LATER)
    assert new.held == [EC2, ending]
    assert ending.in_force(NOW + timedelta(days=9))
    again = merged(new, [answered(EC2, replace(ending, state="retired"))], LATER)
    assert [one.state for one in again.held] == ["active", "retired"]


def test_what_is_gone_before_its_end_is_gone() -> None:
    assert merged(merged(Inventory(), [answered(EC2)], NOW), [answered()], LATER).held == []


def test_a_refusal_stands_beside_what_was_known() -> None:
    new = merged(merged(Inventory(), [answered(EC2)], NOW), [refused()], LATER)
    assert new.held == [EC2]
    assert new.as_of == NOW
    assert new.unknown[0].troubles == (Trouble(LATER, "refused", "allow it"),)
    assert merged(new, [answered(EC2)], LATER).unknown == []


def test_where_nobody_ever_answered_there_is_no_time() -> None:
    found = merged(Inventory(), [refused()], NOW)
    assert (found.held, found.as_of) == ([], None)
    assert len(found.unknown) == 1


def test_a_part_of_it() -> None:
    far = Target("444455556666", "us-west-2")
    there = replace(EC2, id="there", account=far.account, account_name=far.account, region=far.region)
    plans = answered(PLAN, source="savings-plans", target=Target(HERE.account, "us-east-1", "shop"))
    whole = merged(Inventory(), [answered(EC2), answered(there, target=far), plans], NOW)
    assert whole.only(["shop"]).held == [EC2, PLAN]
    assert whole.only(["444455556666"]).held == [there]
    assert whole.only(regions=["us-west-2"]).held == [there, PLAN]
    assert whole.only(regions=["all"]).held == [EC2, there, PLAN]


def test_what_some_sources_tell() -> None:
    whole = merged(Inventory(), [answered(EC2), answered(PLAN, source="savings-plans"), refused()], NOW)
    assert whole.told_by(["savings-plans"]).held == [PLAN]
    assert whole.told_by(["savings-plans"]).unknown == []


def test_what_holds_everywhere_is_missing_in_every_region() -> None:
    home = Target(HERE.account, "us-east-1")
    plans = replace(refused(home), source="savings-plans", everywhere=True)
    bills = replace(refused(LEDGER), source="dynamodb", everywhere=True)
    whole = merged(Inventory(), [refused(), plans, bills], NOW)
    assert [each.source for each in whole.only([HERE.account], ["us-west-2"]).unknown] == ["dynamodb", "savings-plans"]
    assert [each.source for each in whole.only(["444455556666"]).unknown] == ["dynamodb"]


def test_a_damaged_file_is_said_and_left_alone(tmp_path: Path) -> None:
    keep(tmp_path, [answered(EC2)], NOW)
    path = tmp_path / "commitments" / "inventory.json"
    path.write_text('{"known": [{"source": 1}]}')
    with pytest.raises(LakeError, match="cannot be read: it is no inventory of this version"):
        load_inventory(tmp_path)
    with pytest.raises(LakeError):
        keep(tmp_path, [answered(EC2)], NOW)
    assert path.read_text() == '{"known": [{"source": 1}]}'


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    with pytest.raises(LakeError, match="cannot be written"):
        keep(tmp_path / "lake", [answered(EC2)], NOW)
