from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.commitments import apply as apply_module
from lamplighter.commitments.apply import apply
from lamplighter.commitments.model import Applied, Attributes, PlanKind, Reservation, SavingsPlan, Use
from lamplighter.commitments.units import normalization_factor, split_type

A, B, C = "111122223333", "222233334444", "333344445555"
REGION = "us-east-1"


def attributes(family: str) -> Attributes:
    return Attributes("ec2", REGION, family, "Linux")


def machine(id_: str, instance_type: str, zone: str, account: str = A, count: int = 1) -> Use:
    family, size = split_type(instance_type)
    return Use(
        id_,
        account,
        Decimal(count),
        Decimal("0.1"),
        {},
        attributes(family),
        size,
        f"{REGION}{zone}",
        normalization_factor(instance_type),
    )


def reserved(id_: str, instance_type: str, count: int, account: str = A, zone: str = "") -> Reservation:
    family, size = split_type(instance_type)
    units = normalization_factor(instance_type) if not zone else None
    return Reservation(id_, account, attributes(family), size, Decimal(count), f"{REGION}{zone}" if zone else "", units)


def covered(result: Applied) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = {}
    for portion in result.portions:
        if portion.commitment:
            row = found.setdefault(portion.use, {})
            row[portion.commitment] = row.get(portion.commitment, Decimal(0)) + portion.quantity
    return found


def test_reservations_scenario_1() -> None:
    result = apply(
        [
            machine("m3", "m3.large", "a", count=4),
            machine("m4", "m4.xlarge", "b", count=2),
            machine("c4", "c4.xlarge", "c"),
        ],
        [reserved("z", "m3.large", 4, zone="a"), reserved("r", "m4.large", 4), reserved("c", "c4.large", 1)],
    )
    assert covered(result) == {"m3": {"z": 4}, "m4": {"r": 2}, "c4": {"c": Decimal("0.5")}}
    assert result.on_demand == Decimal("0.05")
    assert set(result.unused.values()) == {0}


def test_reservations_scenario_2_smallest_first() -> None:
    result = apply(
        [machine("big", "m3.xlarge", "a", count=2), machine("small", "m3.large", "b", count=2)],
        [reserved("r", "m3.2xlarge", 1)],
    )
    assert covered(result) == {"small": {"r": 2}, "big": {"r": 1}}


def test_reservations_scenario_3_owner_first() -> None:
    result = apply(
        [
            machine("b-m4", "m4.xlarge", "a", B, 2),
            machine("m4x", "m4.xlarge", "a", count=2),
            machine("m42x", "m4.2xlarge", "b"),
            machine("c4x", "c4.xlarge", "a", count=2),
            machine("c42x", "c4.2xlarge", "b"),
        ],
        [reserved("m", "m4.xlarge", 4), reserved("c", "c4.xlarge", 2)],
    )
    assert covered(result) == {"m4x": {"m": 2}, "m42x": {"m": 1}, "c4x": {"c": 2}}


def test_reservations_scenario_4_others_zonal_before_own_regional() -> None:
    result = apply(
        [machine("a", "m4.xlarge", "a"), machine("b", "m4.xlarge", "b", B)],
        [reserved("regional", "m4.xlarge", 1), reserved("zonal", "m4.xlarge", 1, C, zone="a")],
    )
    assert covered(result) == {"a": {"zonal": 1}, "b": {"regional": 1}}
    assert {portion.use: portion.lent for portion in result.portions} == {"a": True, "b": True}


def charged(id_: str, quantity: str, rate: str, compute: str, ec2: str | None = None, family: str = "") -> Use:
    rates = {PlanKind.COMPUTE: Decimal(compute)} | ({PlanKind.EC2_INSTANCE: Decimal(ec2)} if ec2 else {})
    made = attributes(family) if family else None
    return Use(id_, A, Decimal(quantity), Decimal(rate), rates, made, "4xlarge", f"{REGION}a", Decimal(32))


USAGE = (
    charged("r5", "4", "1.00", "0.70", "0.60", "r5"),
    charged("vcpu", "400", "0.04", "0.03"),
    charged("gb", "1600", "0.004", "0.003"),
    charged("m5", "1", "10.00", "8.20", "7.80", "m5"),
    charged("gb-s", "1500000", "0.000015", "0.00001275"),
    charged("requests", "1", "0.20", "0.20"),
)


def compute(commitment: str) -> SavingsPlan:
    return SavingsPlan("csp", A, PlanKind.COMPUTE, Decimal(commitment))


@pytest.mark.parametrize(
    ("plans", "reservations", "on_demand", "unused"),
    [
        ([], [], "59.10", {}),
        ([compute("50.00")], [], "0", {"csp": "2.875"}),
        ([compute("2.00")], [], "56.243", {"csp": "0"}),
        ([compute("19.60")], [], "32.70", {"csp": "0"}),
        ([compute("18.20")], [reserved("ri", "r5.4xlarge", 2)], "32.70", {"csp": "0", "ri": "0"}),
        (
            [SavingsPlan("esp", A, PlanKind.EC2_INSTANCE, Decimal("3.00"), REGION, "r5"), compute("16.80")],
            [],
            "32.70",
            {"esp": "0.60", "csp": "0"},
        ),
    ],
    ids=["none", "1", "2", "3", "4", "5"],
)
def test_savings_plans_scenarios(
    plans: list[SavingsPlan], reservations: list[Reservation], on_demand: str, unused: dict[str, str]
) -> None:
    result = apply(USAGE, reservations, plans)
    assert result.on_demand.quantize(Decimal("0.001")) == Decimal(on_demand).quantize(Decimal("0.001"))
    assert {name: left.quantize(Decimal("0.000001")) for name, left in result.unused.items()} == {
        name: Decimal(left).quantize(Decimal("0.000001")) for name, left in unused.items()
    }


def test_a_plan_that_is_not_shared_serves_its_account_only() -> None:
    use = charged("r5", "1", "1.00", "0.70")
    plan = SavingsPlan("csp", B, PlanKind.COMPUTE, Decimal(1), shared=False)
    assert apply([use], [], [plan]).unused == {"csp": 1}
    lent = apply([use], [], [SavingsPlan("csp", B, PlanKind.COMPUTE, Decimal(1))])
    assert lent.unused == {"csp": Decimal("0.30")}
    assert [portion.lent for portion in lent.portions] == [True]


def test_an_instance_plan_is_for_its_family_and_region() -> None:
    other = SavingsPlan("esp", A, PlanKind.EC2_INSTANCE, Decimal(3), "eu-west-1", "r5")
    assert apply(USAGE, [], [other]).on_demand == Decimal("59.10")


TYPES = ["m5.large", "m5.xlarge", "m5.2xlarge", "c5.large"]


@given(
    uses=st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from("ab"), st.sampled_from([A, B]), st.integers(1, 4))),
    bought=st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from(["", "a"]), st.sampled_from([A, B, C]))),
    commitments=st.lists(st.tuples(st.sampled_from(list(PlanKind)), st.integers(0, 300), st.sampled_from([A, B]))),
)
def test_nothing_is_lost_or_counted_twice(
    uses: list[tuple[str, str, str, int]],
    bought: list[tuple[str, str, str]],
    commitments: list[tuple[PlanKind, int, str]],
) -> None:
    usage = []
    for number, (instance_type, zone, account, count) in enumerate(uses):
        made = machine(f"u{number}", instance_type, zone, account, count)
        rates = {PlanKind.COMPUTE: Decimal("0.07"), PlanKind.EC2_INSTANCE: Decimal("0.063")}
        usage.append(
            Use(
                made.id,
                made.account,
                made.quantity,
                made.rate,
                rates,
                made.attributes,
                made.size,
                made.zone,
                made.units,
            )
        )
    reservations = [reserved(f"r{n}", kind, 1, owner, zone) for n, (kind, zone, owner) in enumerate(bought)]
    plans = [
        SavingsPlan(f"p{n}", owner, kind, Decimal(cents) / 100, REGION, "m5")
        for n, (kind, cents, owner) in enumerate(commitments)
    ]
    result = apply(usage, reservations, plans)
    for use in usage:
        mine = [portion for portion in result.portions if portion.use == use.id]
        assert abs(sum(portion.quantity for portion in mine) - use.quantity) < Decimal("1e-20")
        assert all(portion.quantity > 0 for portion in mine)
    for plan in plans:
        assert result.used[plan.id] + result.unused[plan.id] == plan.commitment
        assert result.unused[plan.id] >= 0
        drawn = sum((p.cost for p in result.portions if p.commitment == plan.id), Decimal(0))
        assert abs(drawn - result.used[plan.id]) < Decimal("1e-20")
    for reservation in reservations:
        assert result.unused[reservation.id] >= 0
    # A commitment with something left has left nothing on demand that it could serve.
    if any(result.unused[plan.id] > 0 and plan.kind is PlanKind.COMPUTE for plan in plans):
        assert result.on_demand == 0


def test_plans_of_one_kind_bought_at_different_terms_have_rates_of_their_own() -> None:
    """Two Compute plans: 0.35 at 0.07 covers 5 of them, and 0.25 of 0.30 at its own 0.05 the other 5."""
    use = Use(
        "u",
        A,
        Decimal(10),
        Decimal("0.1"),
        {PlanKind.COMPUTE: Decimal("0.07")},
        own_rates={"long": Decimal("0.05")},
    )
    plans = [
        SavingsPlan("short", A, PlanKind.COMPUTE, Decimal("0.35")),
        SavingsPlan("long", A, PlanKind.COMPUTE, Decimal("0.30")),
    ]
    found = apply([use], (), plans)
    assert found.used == {"short": Decimal("0.35"), "long": Decimal("0.25")}
    assert found.on_demand == 0


def test_a_reservation_is_held_against_nothing_but_usage_of_its_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of many kinds costs as many comparisons as there are kinds, not their square."""
    asked: list[str] = []
    real = apply_module.covers

    def counted(use: Use, reservation: Reservation) -> bool:
        asked.append(use.id)
        return real(use, reservation)

    monkeypatch.setattr(apply_module, "covers", counted)
    kinds = [f"m{number}.large" for number in range(5, 25)]
    uses = [machine(kind, kind, "a", count=2) for kind in kinds]
    applied = apply(uses, [reserved(kind, kind, 1, zone="a") for kind in kinds])
    assert set(applied.used.values()) == {Decimal(1)}
    assert len(asked) == len(kinds)
