"""AWS's own example, and that parts come to the whole.

Source: Cost and Usage Report user guide, "Example of split cost allocation data".
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from lamplighter.estate.bill.meters import Meter, container
from lamplighter.estate.bill.split import Host, hosts_of, shares, splits

INSTANCE = Meter(
    "i-0abc1234def567890", "444455556666", "us-east-1", "AmazonEC2", "Compute Instance", "BoxUsage:m5.xlarge",
    "RunInstances", "Hrs", Decimal(1), Decimal(1), "", instance_type="m5.xlarge",
)  # fmt: skip


def host(pods: list[tuple[str, str, str, str]], cost: str = "1", hours: str = "1") -> Host:
    """Pods as (vCPUs reserved, used, GB reserved, used)."""
    found = []
    for number, (cpus, used, gb, held) in enumerate(pods):
        name = f"arn:aws:eks:us-east-1:444455556666:pod/main/web/{number}"
        cpu, memory = container(INSTANCE, name, (Decimal(cpus), Decimal(gb)), {})
        found += [(2 * number, cpu, Decimal(used)), (2 * number + 1, memory, Decimal(held))]
    return Host("m5.xlarge", Decimal(hours), Decimal(cost), Decimal(2), found)


def test_the_example_of_the_guide() -> None:
    pods = [("1", "0.1", "4", "3"), ("1", "1.9", "4", "6"), ("1", "0.5", "2", "2"), ("1", "0.5", "2", "2")]
    lines = dict(splits(host(pods)))
    ratios = [round(lines[number].ratio, 3) for number in range(8)]
    assert ratios[0::2] == [Decimal(text) for text in ("0.204", "0.388", "0.204", "0.204")]
    assert ratios[1::2] == [Decimal(text) for text in ("0.25", "0.375", "0.125", "0.125")]
    totals = [sum(lines[at].cost + lines[at].unused for at in (pod, pod + 1)) for pod in range(0, 8, 2)]
    assert [round(total, 3) for total in totals] == [Decimal(text) for text in ("0.229", "0.400", "0.185", "0.185")]
    assert sum(totals) == 1
    assert sum(each.public_cost + each.public_unused for each in lines.values()) == 2


def test_what_nobody_was_allocated_is_shared_by_what_they_were() -> None:
    lines = dict(splits(host([("1", "0", "4", "4"), ("1", "0", "4", "4")], cost="0.52")))
    # Half of four vCPUs and of 16 GB; a vCPU-hour costs 0.09, a GB-hour 0.01.
    assert [(lines[at].cost, lines[at].unused) for at in (0, 1)] == [
        (Decimal("0.09"), Decimal("0.09")),
        (Decimal("0.04"), Decimal("0.04")),
    ]
    one = lines[0]
    assert [one.actual, one.reserved, one.usage, one.ratio] == [0, 1, 1, Decimal("0.25")]


def test_a_part_of_an_hour_has_a_part_of_the_capacity() -> None:
    lines = dict(splits(host([("4", "1", "16", "4")], cost="0.25", hours="0.25")))
    assert [lines[0].usage, lines[0].ratio, lines[0].unused] == [1, 1, 0]
    assert lines[0].cost + lines[1].cost == Decimal("0.25")


def test_parts_come_to_the_whole() -> None:
    parts = shares(Decimal("0.1000000000"), [Decimal(1)] * 3)
    assert parts == [Decimal("0.0333333333"), Decimal("0.0333333334"), Decimal("0.0333333333")]
    assert shares(Decimal(0), [Decimal(1), Decimal(0)]) == [0, 0]


def test_what_is_not_known_is_said() -> None:
    unknown = host([("1", "1", "1", "1")])
    unknown.instance_type = "m99.large"
    with pytest.raises(ValueError, match=r"m99\.large"):
        list(splits(unknown))


def test_hosts_are_what_containers_name() -> None:
    cpu, memory = container(INSTANCE, "arn:aws:ecs:us-east-1:444455556666:task/main/1", (Decimal(1), Decimal(1)), {})
    assert hosts_of([INSTANCE, cpu, memory]) == {INSTANCE.resource}
    assert (cpu.service, cpu.operation, cpu.usage_type) == ("AmazonECS", "ECSTask-EC2", "ECS-EC2-vCPU-Hours")
    assert memory.usage_type == "ECS-EC2-GB-Hours"
