"""Hours and money of groups of resources, as a table and as records; for `simulate` and `savings`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from lamplighter.cli.show import Column, Printer, Record
from lamplighter.cli.views import counted

if TYPE_CHECKING:
    from lamplighter.pricing.book import PriceBook
    from lamplighter.pricing.money import Money
    from lamplighter.savings.tally import Tally


class By(StrEnum):
    """What hours and money are grouped by."""

    SCHEDULE = "schedule"
    ACCOUNT = "account"
    RESOURCE = "resource"


def grouped(labelled: Iterable[tuple[str, Tally]]) -> Mapping[str, Tally]:
    """The sum of the tallies of each label, in the order of the labels."""
    from lamplighter.savings.tally import add

    groups: dict[str, list[Tally]] = {}
    for label, one in labelled:
        groups.setdefault(label, []).append(one)
    return {label: add(parts) for label, parts in sorted(groups.items())}


def show_tallies(printer: Printer, groups: Mapping[str, Tally], by: By, *, empty: str) -> None:
    """Show a row for each group and the total of all."""
    from lamplighter.savings.tally import add

    total = add(groups.values())
    currencies = sorted(total.all_cost)
    only = currencies[0] if len(currencies) == 1 else ""
    unit = f" {only}" if only else ""
    columns = [
        Column(by.value.capitalize(), whole=by is not By.RESOURCE),
        Column("No.", right=True),
        Column("Lit h", right=True),
        Column("of h", right=True),
        Column("Starts", right=True),
        Column("Stops", right=True),
        Column(f"Cost{unit}", right=True),
        Column(f"Always on{unit}", right=True),
        Column(f"Saved{unit}", right=True),
        Column("Saved h", right=True),
        *([Column("No price", right=True)] if total.unpriced else []),
    ]

    def row(label: str, one: Tally) -> list[str]:
        cells = [
            label,
            str(one.resources),
            _hours(one.lit_hours),
            _hours(one.all_hours),
            str(one.starts),
            str(one.stops),
            _amounts(one, one.lit_cost, only),
            _amounts(one, one.all_cost, only),
            _amounts(one, one.saved, only),
            "-" if one.saved_share is None else f"{one.saved_share * 100:.0f} %",
        ]
        return [*cells, str(one.unpriced)] if total.unpriced else cells

    printer.answer(
        [tally_record(by, label, one) for label, one in groups.items()],
        columns,
        [row(label, one) for label, one in groups.items()],
        empty=empty,
        foot=row("Total", total) if len(groups) > 1 else (),
    )
    if total.unpriced:
        printer.note(
            f"{counted(total.unpriced, 'resource has', 'resources have')} no known price: "
            "the hours are counted, the money is not"
        )
    if total.estimated:
        printer.note(f"~ with estimated prices, of {counted(total.estimated, 'resource')}")


def tally_record(by: By, label: str, one: Tally) -> Record:
    """A tally for programs; amounts by currency, null when no price is known."""
    return {
        "by": by.value,
        "group": label,
        "resources": one.resources,
        "lit_hours": _exact(one.lit_hours),
        "all_hours": _exact(one.all_hours),
        "starts": one.starts,
        "stops": one.stops,
        "cost": _by_currency(one, one.lit_cost),
        "cost_always_on": _by_currency(one, one.all_cost),
        "saved": _by_currency(one, one.saved),
        "saved_share": None if one.saved_share is None else _exact(one.saved_share),
        "unknown_prices": one.unpriced,
        "estimated_prices": one.estimated,
    }


def show_price_dates(printer: Printer, book: PriceBook) -> None:
    """Say what the prices are, and how old."""
    dates = book.as_of_range()
    if dates is not None:
        printer.note(f"on-demand list prices as of {dates[0]} to {dates[1]}, before discounts and commitments")


def _exact(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.000001")).normalize() + 0


def _hours(hours: Decimal) -> str:
    return f"{hours:,.1f}"


def _amounts(one: Tally, costs: Mapping[str, Money], only: str) -> str:
    if one.resources and one.unpriced == one.resources:
        return "unknown"
    about = "~" if one.estimated else ""
    if only:
        return f"{about}{costs[only].rounded().amount:,.2f}" if only in costs else "0.00"
    return "\n".join(f"{about}{cost.rounded().amount:,.2f} {currency}" for currency, cost in sorted(costs.items()))


def _by_currency(one: Tally, costs: Mapping[str, Money]) -> Mapping[str, Decimal] | None:
    if one.resources and one.unpriced == one.resources:
        return None
    return {currency: _exact(cost.amount) for currency, cost in sorted(costs.items())}
