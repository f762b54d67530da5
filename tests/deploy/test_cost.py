"""The model of running costs: what grows with what, and sums worked out by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lamplighter.deploy.cost import PARTS, SCHEDULING, Estate, Line, asked, lamplighter, total
from lamplighter.deploy.cost_compared import instance_scheduler, requests
from lamplighter.deploy.cost_facts import FACTS
from lamplighter.deploy.handlers import HANDLERS
from lamplighter.deploy.unit_prices import unit_prices
from lamplighter.errors import UsageError

DOC = (Path(__file__).parents[2] / "docs" / "cost-of-running.md").read_text()
QUIET = Estate(resources=0, events=Decimal(0), collect=False, bill_lines=0, reports=0)
LARGE = Estate(accounts=100, regions=4, resources=10_000)


def quantity(lines: Iterable[Line], part: str, price: str) -> Decimal:
    return sum((each.quantity for each in lines if (each.part, each.price) == (part, price)), Decimal(0))


def test_nothing_due_sends_nothing_but_the_slow_reconciliation() -> None:
    found = lamplighter(QUIET)
    # 20 targets, every 4 hours of 730.
    assert asked(QUIET).all == Decimal(3650)
    assert asked(QUIET).transition == asked(QUIET).watch == asked(QUIET).event == 0
    assert quantity(found, "clock", "sqs.requests") == 365
    assert quantity(found, "events", "lambda.requests") == 0
    # Six ticks in 4 hours: one an hour, the one that is set to reconcile, and the one to see what came of it.
    assert quantity(found, "clock", "lambda.requests") == Decimal(1095)


@pytest.mark.parametrize("frequency", [1, 2, 10, 60])
def test_the_frequency_costs_nothing_while_nothing_is_watched(frequency: int) -> None:
    assert total(lamplighter(replace(LARGE, frequency=frequency))) == total(lamplighter(LARGE))
    theirs = total(instance_scheduler(replace(LARGE, frequency=frequency)))
    assert (theirs > total(instance_scheduler(LARGE))) == (frequency < 5)


def test_what_is_watched_is_looked_at_in_each_interval() -> None:
    watched = replace(LARGE, watched=Decimal(10), frequency=5)
    assert asked(watched).watch == 40 * 8760
    assert asked(replace(watched, frequency=1)).watch == 40 * 43_800


def test_cost_grows_with_transitions() -> None:
    once, twice = LARGE, replace(LARGE, transitions=2 * LARGE.transitions)
    assert asked(twice).transition == 2 * asked(once).transition
    assert twice.changes == 2 * once.changes
    assert total(lamplighter(twice)) > total(lamplighter(once))


def test_units_of_a_small_estate_by_hand() -> None:
    # One target, one transition a day of its one schedule, ten machines; reconciled once a day.
    small = replace(
        QUIET, accounts=1, regions=1, resources=10, schedules=1, transitions=Decimal(1), reconcile=24, log_days=30
    )
    found, days = lamplighter(small), Decimal(730) / 24
    assert quantity(found, "passes", "lambda.requests") == 2 * days
    # 7 read units and 2 of the states; 4 write units a pass, 3 more of the one that is noted, and 8 for each of the
    # 10 machines.
    assert quantity(found, "passes", "dynamodb.reads") == pytest.approx(2 * days * (7 + 2))
    assert quantity(found, "passes", "dynamodb.writes") == pytest.approx(2 * days * 4 + days * 3 + days * 10 * 8)
    assert quantity(found, "events", "dynamodb.reads") == pytest.approx(days * 10 * 3)
    # 11 calls to the store, 10 kinds and a role: 22 calls a pass, 3 to note one, and 1.2 for the machines, of 50 ms and
    # 3 ms of a processor, of which 512 MB are a share; a millisecond of it for each machine; a cold start each pass.
    slower = Decimal(1769) / 512
    calls = 2 * days * 22 + days * 3 + days * Decimal("1.2")
    own = calls * Decimal("0.003") + 2 * days * 10 * Decimal("0.001") + 2 * days * Decimal("0.8")
    spent = calls * Decimal("0.05") + own * slower
    assert quantity(found, "passes", "lambda.gb-seconds") == pytest.approx(spent / 2)


def test_the_others_formula_gives_the_figures_that_are_known_of_it() -> None:
    # 600 requests of 4 s in 5 minutes: $174 a month of 720 hours for the functions; $35 for the log of 10,000 machines.
    estate = Estate(accounts=50, regions=4, resources=10_000)
    assert requests(estate) == 600
    found = instance_scheduler(estate, Decimal(4))
    month = Decimal(720) / 730
    work = total(each for each in found if each.part == "passes" and each.price.startswith("lambda"))
    assert work * month == pytest.approx(Decimal(174), rel=Decimal("0.01"))
    logged = 10_000 * 8760 * Decimal(814) * month / 10**9 * Decimal("0.5")
    assert logged == pytest.approx(Decimal(35), rel=Decimal("0.03"))
    assert quantity(found, "passes", "logs.ingested") >= logged / Decimal("0.5")


def test_replaced_versions_of_months_by_hand() -> None:
    found = lamplighter(replace(QUIET, bill_lines=2_000_000))
    (versions,) = [each for each in found if each.what == "months that were replaced"]
    # 90 deliveries a month of half of 200 MB, each kept for 30 days of the month's 30.42.
    assert versions.quantity == pytest.approx(90 * Decimal("0.1") * 30 * 24 / 730)
    assert versions.usd == pytest.approx(versions.quantity * Decimal("0.023"))


def test_it_costs_less_than_what_it_replaces() -> None:
    """Requirement: it costs less to run, from the size at which its alarms and metrics are no longer most of it."""
    for estate in (LARGE, Estate(accounts=20, regions=3, resources=2000), Estate(50, 4, 20_000)):
        scheduling = total(each for each in lamplighter(estate) if each.part in SCHEDULING)
        assert scheduling < total(lamplighter(estate)) < total(instance_scheduler(estate))


def test_no_metric_and_no_alarm_is_paid_for_each_account() -> None:
    few, many = (quantity(lamplighter(replace(LARGE, accounts=n)), "watching", "cloudwatch.alarms") for n in (1, 100))
    assert few == many
    series = quantity(lamplighter(replace(LARGE, accounts=1000)), "watching", "cloudwatch.metrics")
    assert series <= 30


def test_what_has_no_price_is_unknown_and_in_no_sum() -> None:
    found = lamplighter(replace(LARGE, scanned=Decimal(100)))
    (line,) = [each for each in found if each.price == "athena.scanned"]
    assert line.usd is None
    assert total(found) == total(lamplighter(LARGE))


def test_elsewhere_every_price_is_an_estimate() -> None:
    assert all(each.estimated for each in lamplighter(replace(LARGE, region="eu-central-1")))
    assert not all(each.estimated for each in lamplighter(LARGE))


def test_parts_prices_and_functions_are_known() -> None:
    everything = replace(LARGE, explorer=10, scanned=Decimal(1))
    found = [*lamplighter(everything), *instance_scheduler(everything)]
    assert {each.part for each in found} == set(PARTS)
    assert {each.price for each in found} | {"s3.reads"} == set(unit_prices())
    works = {each.what.removeprefix("work of ") for each in lamplighter(everything) if each.what.startswith("work of")}
    # Those that people and stacks call are not called by themselves.
    assert works == set(HANDLERS) - {"custom_resource", "remote"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": 0},
        {"frequency": 7},
        {"scheduled": Decimal(101)},
        {"watched": Decimal(-1)},
        {"transitions": Decimal("NaN")},
        {"resources": -1},
        {"region": "nowhere"},
        {"kinds": 0},
    ],
    ids=lambda each: next(iter(each)),
)
def test_what_cannot_be_is_refused_with_a_hint(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        Estate(**wrong)
    assert refused.value.hint
    assert next(iter(wrong)) in refused.value.message.replace(" ", "_")


SIZES = {
    "small": Estate(accounts=3, regions=1, resources=60),
    "medium": Estate(accounts=20, regions=3, resources=2000),
    "large": LARGE,
    "very large": Estate(accounts=500, regions=5, resources=50_000),
}


def rows() -> list[str]:
    """The lines of the tables of the document, as the calculator says now."""
    found = []
    for name, estate in SIZES.items():
        ours = lamplighter(estate)
        scheduling = total(each for each in ours if each.part in SCHEDULING)
        theirs, slow = total(instance_scheduler(estate)), total(instance_scheduler(estate, Decimal(4)))
        size = f"{estate.accounts} x {estate.regions}, {estate.resources:,}"
        less = total(lamplighter(replace(estate, watch=False)))
        sums = [scheduling, total(ours), less, theirs, slow]
        found.append(f"| {name} | {size} | " + " | ".join(f"{each:,.2f}" for each in sums) + " |")
    for part in PARTS:
        own, other = (
            total(each for each in lines if each.part == part)
            for lines in (lamplighter(LARGE), instance_scheduler(LARGE))
        )
        found.append(f"| {part} | {own:,.2f} | {f'{other:,.2f}' if part in SCHEDULING else '-'} |")
    for frequency in (1, 5, 15):
        plain = replace(LARGE, frequency=frequency)
        watched = replace(plain, watched=Decimal(20))
        sums = [total(lamplighter(plain)), total(lamplighter(watched)), total(instance_scheduler(plain))]
        found.append(f"| {frequency} | " + " | ".join(f"{each:,.2f}" for each in sums) + " |")
    return found


def test_the_document_says_what_the_calculator_says() -> None:
    missing = [row for row in rows() if row not in DOC]
    assert missing == [], "docs/cost-of-running.md should have these rows"


def test_the_document_names_every_assumption_with_its_value() -> None:
    table = dict(re.findall(r"^\| (.+?) \| ([\d.]+) \|$", DOC, re.MULTILINE))
    assumed = {each.what: str(each.value) for each in FACTS.values() if each.estimated}
    assert {what: table.get(what) for what in assumed} == assumed


def test_the_document_names_every_price_with_its_value() -> None:
    for each in unit_prices().values():
        shown = "unknown" if each.usd is None else format(each.usd, "f")
        row = f"| `{each.name}` | {each.unit} | {shown} | {each.as_of or '-'} |"
        assert row in DOC, row


def test_the_document_names_every_input() -> None:
    other = {"explorer": "explorer-pages", "region": "hub-region", "watch": "without"}
    for each in fields(Estate):
        name = other.get(each.name, each.name.replace("_", "-"))
        assert f"`--{name}`" in DOC, name
