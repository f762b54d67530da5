"""Hours and money of groups of resources, as a table and as records; for `simulate` and `savings`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.cli.grouping import Group, group_cells, group_columns, group_record
from lamplighter.cli.show import Cell, Column, Printer, Record
from lamplighter.cli.views import counted

if TYPE_CHECKING:
    from lamplighter.pricing.book import PriceBook
    from lamplighter.pricing.money import Money
    from lamplighter.savings.tally import Tally

Notes = Mapping[Group, Sequence[str]]
"""What was assumed in each group, one text for each resource it was assumed of."""


def show_tallies(
    printer: Printer,
    groups: Mapping[Group, Tally],
    by: Sequence[str],
    *,
    empty: str,
    standing: bool = False,
    notes: Notes | None = None,
    names: Mapping[str, str] | None = None,
) -> None:
    """Show a row for each group and the total of all.

    Args:
        printer: writes.
        groups: what to show, in order.
        by: what they are grouped by.
        empty: what to say when there are none.
        standing: whether it was asked what goes on being paid while resources are out.
        notes: what was assumed.
        names: of accounts, by id.
    """
    from lamplighter.savings.tally import add

    total = add(groups.values())
    currencies = sorted(total.cost_always_on)
    only = currencies[0] if len(currencies) == 1 else ""
    unit = f" {only}" if only else ""
    columns = [
        *group_columns(by),
        Column("No. (no price)" if total.unpriced else "No.", right=True),
        Column("Lit h", right=True),
        Column("Starts, stops", right=True),
        Column(f"Cost{unit}", right=True),
        Column(f"Saved{unit}", right=True),
        *([Column(f"Goes on{unit}", right=True)] if standing else []),
    ]
    told = notes or {}
    marks = {text: number for number, text in enumerate(dict.fromkeys(t for texts in told.values() for t in texts), 1)}

    def row(names: Sequence[str], one: Tally) -> list[Cell]:
        cells: list[Cell] = [
            *names,
            (str(one.resources), f"({one.unpriced})" if one.unpriced else ""),
            (_hours(one.lit_hours), f"of {_hours(one.all_hours)}"),
            (f"{one.starts},", str(one.stops)),
            _cost(one, only),
            _saved(one, only),
        ]
        return [*cells, _standing(one, only)] if standing else cells

    def mark(group: Group) -> str:
        numbers = sorted({marks[text] for text in told.get(group, ())})
        return f"[{','.join(map(str, numbers))}]" if numbers else ""

    printer.answer(
        [
            {**tally_record(by, group, one, currencies, standing), "notes": sorted(set(told.get(group, ())))}
            for group, one in groups.items()
        ],
        columns,
        [row(group_cells(group, mark(group), names), one) for group, one in groups.items()],
        empty=empty,
        foot=row(["Total", *[""] * (len(by) - 1)], total) if len(groups) > 1 else (),
    )
    for text, number in marks.items():
        count = sum(texts.count(text) for texts in map(list, told.values()))
        printer.note(f"{'' if printer.for_programs else f'[{number}] '}{counted(count, 'resource')}: {text}")
    _say_what_is_missing(printer, total)


def _say_what_is_missing(printer: Printer, total: Tally) -> None:
    if total.unpriced:
        printer.note(
            f"{counted(total.unpriced, 'resource has', 'resources have')} no known price: "
            "the hours are counted, the money is not"
        )
    if total.standing_unknown:
        printer.note(
            f"+ what goes on is not, or not wholly, known of {counted(total.standing_unknown, 'resource')}: "
            "it is missing in both costs"
        )
    if total.estimated:
        printer.note(f"~ with estimated prices, of {counted(total.estimated, 'resource')}")


def tally_record(
    by: Sequence[str], group: Group, one: Tally, currencies: Sequence[str], standing: bool = False
) -> Record:
    """A tally for programs; amounts by currency, null when nothing of it is known. Both costs hold what goes on."""
    known = None if _unpriced(one) else currencies
    goes_on = currencies if standing and not _unknown_standing(one) else None
    return {
        **group_record(by, group),
        "resources": one.resources,
        "lit_hours": exact(one.lit_hours),
        "all_hours": exact(one.all_hours),
        "starts": one.starts,
        "stops": one.stops,
        "cost": _by_currency(one.cost, known),
        "cost_always_on": _by_currency(one.cost_always_on, known),
        "saved": _by_currency(one.saved, known),
        "saved_share": None if one.saved_share is None else exact(one.saved_share),
        "goes_on": _by_currency(one.standing, goes_on),
        "unknown_prices": one.unpriced,
        "unknown_goes_on": one.standing_unknown if standing else None,
        "estimated_prices": one.estimated,
    }


def show_price_dates(printer: Printer, book: PriceBook) -> None:
    """Say what the prices are, and how old."""
    dates = book.as_of_range()
    if dates is not None:
        printer.note(f"on-demand list prices as of {dates[0]} to {dates[1]}, before discounts and commitments")


def exact(number: Decimal) -> Decimal:
    """A number for programs: to the millionth, without zeros at the end."""
    return number.quantize(Decimal("0.000001")).normalize() + 0


def _hours(hours: Decimal) -> str:
    return f"{hours:,.1f}" if hours < 1000 else f"{hours:,.0f}"


def _unpriced(one: Tally) -> bool:
    return bool(one.resources) and one.unpriced == one.resources


def _unknown_standing(one: Tally) -> bool:
    return bool(one.resources) and one.standing_unknown == one.resources and not one.standing


def _cost(one: Tally, only: str) -> Cell:
    if _unpriced(one):
        return "unknown"
    about, more = "~" if one.estimated else "", "+" if one.standing_unknown else ""
    return (_amounts(one.cost, only, about, more), f"of {_amounts(one.cost_always_on, only)}")


def _saved(one: Tally, only: str) -> Cell:
    if _unpriced(one):
        return "unknown"
    text = _amounts(one.saved, only, "~" if one.estimated else "")
    always = one.cost_always_on.get(only)
    if always is None or not always.amount or only not in one.saved:
        return text
    return (text, f"{one.saved[only].amount / always.amount * 100:.0f} %")


def _standing(one: Tally, only: str) -> Cell:
    if _unknown_standing(one):
        return "unknown"
    return _amounts(one.standing, only, more="+" if one.standing_unknown else "")


def _amounts(costs: Mapping[str, Money], only: str, about: str = "", more: str = "") -> str:
    if only or not costs:
        return f"{about}{costs[only].rounded().amount if only in costs else 0:,.2f}{more}"
    return "\n".join(
        f"{about}{cost.rounded().amount:,.2f}{more} {currency}" for currency, cost in sorted(costs.items())
    )


def _by_currency(costs: Mapping[str, Money], currencies: Iterable[str] | None) -> Mapping[str, Decimal] | None:
    """Amounts of all currencies of the answer, zero where nothing is paid in one; None for what is not known."""
    if currencies is None:
        return None
    return {name: exact(costs[name].amount) if name in costs else Decimal(0) for name in currencies}
