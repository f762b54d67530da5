from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from lamplighter.commitments.model import Attributes, Target
from lamplighter.commitments.sizing import demand
from lamplighter.commitments.sizing.demand import (
    NOBODY,
    Gap,
    build,
    scheduled,
    unscheduled,
    usable,
)
from lamplighter.commitments.sizing.pools import level, pools
from lamplighter.lake.usage import Look, Source, UsageSample

ACCOUNT, OTHER = "111122223333", "444455556666"
START = datetime(2026, 11, 2, tzinfo=UTC)
EC2 = Target(ACCOUNT, "eu-west-1", "ec2")


def sample(hour: int, quantity: str = "1", **changed: object) -> UsageSample:
    given: dict[str, object] = {
        "time": START + timedelta(hours=hour),
        "hours": 1,
        "account": ACCOUNT,
        "account_name": "shop",
        "region": "eu-west-1",
        "service": "ec2",
        "resource_type": "m5.large",
        "platform": "Linux",
        "deployment": "default",
        "zone": "eu-west-1a",
        "schedule": "",
        "quantity": Decimal(quantity),
    }
    return UsageSample(**{**given, **changed})  # type: ignore[arg-type]


def look(hour: int, source: Source | None = Source.COLLECTED, reason: str = "", **changed: object) -> Look:
    given: dict[str, object] = {
        "time": START + timedelta(hours=hour),
        "account": ACCOUNT,
        "account_name": "shop",
        "region": "eu-west-1",
        "service": "ec2",
        "source": source,
        "reason": reason,
    }
    return Look(**{**given, **changed})  # type: ignore[arg-type]


def test_hours_that_nobody_saw_are_left_out_and_counted() -> None:
    found = build(
        [sample(0, "2"), sample(1, "3")],
        [look(0), look(1), look(2), look(3, None, "access denied"), look(4, None, "access denied")],
        START,
        START + timedelta(hours=6),
    )
    assert found.known.tolist() == [[True, True, True, False, False, False]]
    assert found.quantity.tolist() == [[2.0, 3.0, 0.0, 0.0, 0.0, 0.0]]
    assert found.gaps == (Gap(EC2, 3, 6, "access denied"),)
    (pool,) = pools(found)
    assert level(found, pool).tolist() == [2.0, 3.0, 0.0]


def test_a_look_that_found_outweighs_one_that_failed() -> None:
    looks = [look(0, None, "timeout"), look(0, Source.LEDGER), look(1, None, "timeout")]
    found = build([sample(0), sample(1)], looks, START, START + timedelta(hours=2))
    assert found.known.tolist() == [[True, False]]
    assert found.quantity.tolist() == [[1.0, 0.0]]


def test_spot_is_taken_out_and_alike_samples_add_up() -> None:
    spot = sample(0, "5", spot=Decimal(2), platform="Linux")
    found = build([spot, sample(0, "0.5")], [look(0)], START, START + timedelta(hours=1))
    assert found.quantity.tolist() == [[3.5]]
    (key,) = found.keys
    assert key.attributes == Attributes("ec2", "eu-west-1", "m5", "Linux")
    assert (key.size, key.units, key.zone) == ("large", Decimal(4), "eu-west-1a")


def test_a_day_counts_in_each_of_its_hours() -> None:
    daily = {"service": "opensearch", "resource_type": "m5.large.search", "hours": 24}
    found = build(
        [sample(0, "2", platform="", deployment="", zone="", **daily)],
        [look(0, service="opensearch", hours=24), look(24, None, "no", service="opensearch", hours=24)],
        START + timedelta(hours=12),
        START + timedelta(hours=30),
    )
    assert found.quantity.tolist() == [[2.0] * 12 + [0.0] * 6]
    assert found.gaps[0].hours == 6


def test_what_no_schedule_wants_is_taken_out_and_told_apart() -> None:
    samples = [
        sample(0, "4", schedule="office"),
        sample(1, "4", schedule="office", scheduled_off=Decimal(0)),
        sample(0, "1"),
        sample(1, "1", schedule="gone"),
        sample(0, "0", scheduled_off=Decimal(3), schedule="nights"),
    ]
    made = build(samples, [look(0), look(1)], START, START + timedelta(hours=2))
    lit = {"office": np.array([True, False]), "nights": np.array([True, True])}
    found, missing = scheduled(made, lit)
    by_schedule = {key.schedule: row for row, key in enumerate(found.keys)}
    assert found.quantity[by_schedule["office"]].tolist() == [4.0, 0.0]
    assert found.quantity[by_schedule["gone"]].tolist() == [0.0, 1.0]
    assert missing == ("gone",)
    assert unscheduled(made).quantity[by_schedule["nights"]].tolist() == [3.0, 0.0]
    with pytest.raises(ValueError, match="hours"):
        scheduled(made, {"office": np.array([True])})


def test_pools_of_an_organisation_and_of_its_accounts() -> None:
    samples = [
        sample(0, "2"),
        sample(0, "1", resource_type="m5.xlarge", zone="eu-west-1b"),
        sample(0, "4", account=OTHER),
        sample(0, "1", platform="Windows"),
        sample(0, "1", platform="Windows", resource_type="m5.xlarge"),
    ]
    made = build(samples, [look(0), look(0, account=OTHER)], START, START + timedelta(hours=1))
    together = {(pool.attributes.platform, pool.size): level(made, pool)[0] for pool in pools(made)}
    # m5.large counts one, m5.xlarge two; Windows is not size-flexible.
    assert together == {("Linux", "large"): 8.0, ("Windows", "large"): 1.0, ("Windows", "xlarge"): 1.0}
    apart = {
        (pool.account, pool.attributes.platform, pool.size): level(made, pool)[0] for pool in pools(made, shared=False)
    }
    assert apart[ACCOUNT, "Linux", "large"] == 4.0
    assert apart[OTHER, "Linux", "large"] == 4.0


def test_dynamodb_is_bought_in_hundreds() -> None:
    made = build(
        [sample(0, "450", service="dynamodb", resource_type="read", platform="", deployment="", zone="")],
        [look(0, service="dynamodb")],
        START,
        START + timedelta(hours=1),
    )
    (pool,) = pools(made)
    assert (pool.block, level(made, pool).tolist()) == (100, [4.5])


def test_targets_with_few_known_hours_are_set_aside_so_that_enough_remain() -> None:
    hours = 10
    samples = [sample(hour, account=account) for hour in range(hours) for account in (ACCOUNT, OTHER)]
    looks = [look(hour) for hour in range(hours)]
    looks += [look(hour, Source.COLLECTED if hour < 2 else None, "denied", account=OTHER) for hour in range(hours)]
    made = build(samples, looks, START, START + timedelta(hours=hours))
    found, aside = usable(made)
    assert aside == (Target(OTHER, "eu-west-1", "ec2"),)
    assert [key.account for key in found.keys] == [ACCOUNT]
    assert found.known_for(range(len(found.keys))).sum() == hours
    everything, nobody = usable(made, least=0.2)
    assert (len(everything.keys), nobody) == (2, ())


def test_a_target_without_usage_does_not_stand_in_the_way() -> None:
    made = build(
        [sample(0), sample(1)],
        [look(0), look(1), look(0, None, "denied", region="us-east-1")],
        START,
        START + timedelta(hours=2),
    )
    found, aside = usable(made)
    assert aside == ()
    assert found.known_for([0]).all()
    assert [(gap.target.region, gap.hours, gap.reason) for gap in found.gaps] == [("us-east-1", 2, "denied")]


def test_nobody_looked_is_a_reason() -> None:
    made = build([sample(0)], [], START, START + timedelta(hours=3))
    assert made.gaps == (Gap(EC2, 2, 3, NOBODY),)
    complete = build([sample(0)], [], START, START + timedelta(hours=3), known=True)
    assert complete.gaps == ()


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (START.replace(tzinfo=None), START, "aware"),
        (START.replace(minute=5), START + timedelta(hours=2), "full hour"),
        (START, START, "empty"),
    ],
)
def test_periods_that_are_none(start: datetime, end: datetime, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build([], [], start, end)


def test_the_key_of_what_is_alike_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[UsageSample] = []

    def counted(given: UsageSample) -> demand.UsageKey:
        asked.append(given)
        return made(given)

    made = demand.key_of
    monkeypatch.setattr(demand, "key_of", counted)
    samples = [sample(hour, schedule=name) for hour in range(3) for name in ("", "office")]
    found = build(samples, [], START, START + timedelta(hours=3))
    assert len(asked) == 2
    assert [key.schedule for key in found.keys] == ["", "office"]
    assert found.quantity.tolist() == [[1.0] * 3] * 2
