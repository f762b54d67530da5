from __future__ import annotations

from decimal import Decimal

from tests.commitments.sizing.test_recommend import YEAR, by_hand, office, usd

from lamplighter.commitments.explorer_answers import Advice
from lamplighter.commitments.model import PlanKind
from lamplighter.commitments.sizing.compare import Subject, compare
from lamplighter.commitments.sizing.recommendation import Bought

REGION = "eu-west-1"


def advice(count: str | None, plan: PlanKind | None = None, commitment: str | None = None, **of: str) -> Advice:
    return Advice(
        "111122223333",
        of,
        plan,
        YEAR,
        None if count is None else Decimal(count),
        None if commitment is None else usd(commitment),
        usd("0"),
        usd("100"),
        None,
        None,
        None,
    )


def linux(count: str, instance_type: str) -> Advice:
    return advice(count, Region=REGION, InstanceType=instance_type, Platform="Linux/UNIX", Tenancy="shared")


def test_sizes_of_a_family_are_compared_in_units() -> None:
    """We buy 10 m5.large, 40 units; AWS 4 m5.large and 2 m5.xlarge, 32 units."""
    rows, unread = compare(by_hand(office()).lines, [linux("4", "m5.large"), linux("2", "m5.xlarge")])
    (row,) = rows
    assert row.subject == Subject(Bought.RESERVATION, "ec2", REGION, "m5")
    assert (row.ours, row.theirs) == (Decimal(40), Decimal(32))
    assert (row.our_saving, row.their_saving) == (usd("160.6"), usd("200"))
    assert row.said == "25 % more than AWS"
    assert unread == []


def test_the_same_and_what_only_one_buys() -> None:
    theirs = [
        linux("10", "m5.large"),
        advice(None, PlanKind.COMPUTE, "1.5"),
        advice(None, PlanKind.EC2_INSTANCE, "0.5", Region=REGION, InstanceFamily="c5"),
    ]
    rows, _ = compare(by_hand(office()).lines, theirs)
    assert [(row.subject.service, row.ours, row.theirs, row.said.partition(":")[0]) for row in rows] == [
        ("ec2", Decimal(40), Decimal(40), "the same"),
        ("Compute", None, Decimal("1.5"), "only AWS"),
        ("EC2Instance", None, Decimal("0.5"), "only AWS"),
    ]
    (alone,), _ = compare(by_hand(office()).lines, [])
    assert (alone.theirs, alone.said) == (None, "only here: AWS does not recommend it")
    (unheard,), _ = compare(by_hand(office()).lines, [], silent={"ec2"})
    assert (unheard.theirs, unheard.said) == (None, "AWS has said nothing of its kind")
    (other,), _ = compare(by_hand(office()).lines, [], silent={"rds", "savings-plans"})
    assert other.said == "only here: AWS does not recommend it"


def test_every_service_is_read_by_its_own_words() -> None:
    theirs = [
        advice("2", Region=REGION, InstanceType="db.r5.large", DatabaseEngine="MySQL", DeploymentOption="Single-AZ"),
        advice("3", Region=REGION, NodeType="cache.r6g.large", ProductDescription="redis"),
        advice("4", Region=REGION, InstanceClass="m5", InstanceSize="large.search"),
        advice("5", Region=REGION, NodeType="ra3.4xlarge"),
        advice("6", Region=REGION, CapacityUnits="WriteCapacityUnit-Hrs"),
        advice("7", Region=REGION, InstanceType="m5.large", Platform="Windows", Tenancy="shared"),
    ]
    rows, unread = compare([], theirs)
    assert unread == []
    assert {(row.subject.service, row.subject.family): row.theirs for row in rows} == {
        ("rds", "db.r5"): Decimal(8),
        ("elasticache", "cache.r6g"): Decimal(12),
        ("opensearch", "m5.large"): Decimal(4),
        ("redshift", "ra3.4xlarge"): Decimal(5),
        ("dynamodb", "write"): Decimal(6),
        ("ec2", "m5.large"): Decimal(7),
    }


def test_what_cannot_be_read_is_said() -> None:
    rows, unread = compare([], [advice("1", Something="odd"), advice(None, PlanKind.COMPUTE)])
    assert rows == []
    assert unread == ["not compared: odd", "not compared: a purchase without details"]
