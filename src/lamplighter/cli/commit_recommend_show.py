"""How `lamp commit recommend` and `lamp commit explain` look."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.cli.show import Column
from lamplighter.cli.views import counted

if TYPE_CHECKING:
    from lamplighter.cli.show import Cell, Printer, Record
    from lamplighter.commitments.sizing.recommendation import Explanation, Line, Recommendation
    from lamplighter.pricing.money import Money

_CENT: Final = Decimal("0.01")
_COLUMNS: Final = (
    Column("#", right=True),
    Column("Buy", whole=True),
    Column("Of"),
    Column("Where", whole=True),
    Column("Terms"),
    Column("Upfront", right=True),
    Column("A month", right=True),
    Column("Saves", right=True),
    Column("Used", right=True),
    Column("Range", whole=True),
    Column("Why"),
)


def show_recommendation(printer: Printer, found: Recommendation) -> None:
    """Show what to buy and what there is to say about it."""
    printer.answer(
        [*(line_record(found, line) for line in found.lines), total_record(found)],
        _COLUMNS,
        [_row(line) for line in found.lines],
        empty="nothing to buy: no commitment would be used often enough to pay",
    )
    if not printer.for_programs:
        printer.text("\n" + "\n".join(sentences(found)))
    for target in found.aside:
        printer.warn(f"{target.account}/{target.region}: {target.service} is left out: too few of its hours are known")
    if found.gaps:
        hours = sum(gap.hours for gap in found.gaps)
        printer.warn(
            f"{hours:,} hours of {counted(len(found.gaps), 'target')} are not known and not counted: `lamp usage gaps`"
        )
    for said in found.unknown:
        printer.warn(said)
    for said in found.assumptions:
        printer.note(said)


def _row(line: Line) -> list[Cell]:
    plan = line.what == "savings-plan"
    amount = f"{line.quantity:f} {line.hourly.currency}/h" if plan else f"{line.quantity:f}"
    limits = "" if line.low is None or line.high is None else f"{line.low:f} to {line.high:f}"
    return [
        str(line.number),
        amount,
        (f"{line.service} plan" if plan else line.service, line.resource_type, line.platform),
        (line.region or "everywhere", line.account),
        f"{line.terms.years} y {line.terms.payment}",
        _money(line.upfront),
        _money(line.monthly),
        _money(line.saving),
        "" if line.utilisation is None else f"{line.utilisation * 100:.1f} %",
        limits,
        line.why,
    ]


def sentences(found: Recommendation) -> Iterator[str]:
    """What the purchase comes to, and how good it is, a line each."""
    currency = found.before.currency
    share = found.saving.amount / found.before.amount * 100 if found.before.amount else Decimal(0)
    yield (
        f"A month costs {_money(found.before)} {currency} now and {_money(found.after)} with the purchase: "
        f"{_money(found.saving)} less ({share:.1f} %). All on demand: {_money(found.list_cost)}."
    )
    apart = sum((line.saving.amount for line in found.lines), Decimal(0))
    if apart - found.saving.amount > _CENT:
        yield (
            f"Line by line that would be {apart:,.2f}; but part of what the lines replace is covered by what is held, "
            "which covers something else then, or nothing."
        )
    yield (
        f"No purchase can cost less than {_money(found.bound)}: this one is at most {found.gap * 100:.3f} % "
        "above the best there is."
    )
    if found.range:
        low, high = found.range
        yield f"Drawing weeks anew, it saves {_money(low)} to {_money(high)} in 95 of 100 cases."
    if found.regret:
        regret = found.regret
        yield (
            f"Bought by the first {regret.trained:,} hours and judged by the {regret.scored:,} after them: "
            f"{_money(regret.cost)} a month in place of {_money(regret.before)}; "
            f"knowing them beforehand, {_money(regret.regret)} less."
        )
    if found.waste:
        waste = found.waste
        yield (
            f"Schedules put out {waste.off:,.0f} instance hours a month. Who buys as if they did not would commit "
            f"{_money(waste.bought)} in place of {_money(waste.committed)} a month, leave {_money(waste.unused)} of it "
            f"unused, and pay {_money(waste.wasted)} more."
        )
    for rung in found.ladder:
        parts = ", ".join(f"{amount.normalize():f} of line {number}" for number, amount in sorted(rung.buy.items()))
        yield f"Month {rung.month}: {parts or 'nothing'}; then {_money(rung.cost)} a month."
    if found.ladder:
        yield f"Buying by and by costs {_money(found.ladder_cost)} more in all than buying at once."
    time = f"from {found.begin:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC"
    yield f"By {found.known:,} of {found.hours:,} hours {time}."


def line_record(found: Recommendation, line: Line) -> Record:
    """A line for programs; amounts of money a month unless they say otherwise."""
    return {
        "record": "line",
        "line": line.number,
        "id": line.id,
        "what": line.what.value,
        "service": line.service,
        "region": line.region or None,
        "resource_type": line.resource_type or None,
        "platform": line.platform or None,
        "account": line.account or None,
        "quantity": line.quantity,
        "low": line.low,
        "high": line.high,
        "years": line.terms.years,
        "payment": line.terms.payment.value,
        "currency": line.monthly.currency,
        "upfront": line.upfront.amount,
        "hourly": line.hourly.amount,
        "monthly": _exact(line.monthly),
        "saving": _exact(line.saving),
        "utilisation": None if line.utilisation is None else round(line.utilisation, 6),
        "break_even": None if line.break_even is None else round(line.break_even, 6),
        "break_even_months": None if line.break_even_months is None else round(line.break_even_months, 2),
        "estimated": line.estimated,
        "source": line.source,
        "why": line.why,
        "ladder": [rung.buy.get(line.number, Decimal(0)) for rung in found.ladder],
    }


def total_record(found: Recommendation) -> Record:
    """What is true of all lines together."""
    waste, regret, limits = found.waste, found.regret, found.range
    return {
        "record": "total",
        "currency": found.before.currency,
        "begin": found.begin,
        "end": found.end,
        "hours": found.hours,
        "known_hours": found.known,
        "all_on_demand": _exact(found.list_cost),
        "before": _exact(found.before),
        "after": _exact(found.after),
        "monthly": _exact(found.committed),
        "saving": _exact(found.saving),
        "lower_bound": _exact(found.bound),
        "gap": round(found.gap, 8),
        "saving_low": _exact(limits[0]) if limits else None,
        "saving_high": _exact(limits[1]) if limits else None,
        "wasted_without_schedules": _exact(waste.wasted) if waste else None,
        "unused_without_schedules": _exact(waste.unused) if waste else None,
        "regret": _exact(regret.regret) if regret else None,
        "left_out": [f"{each.account}/{each.region}/{each.service}" for each in found.aside],
        "unknown": list(found.unknown),
        "assumptions": list(found.assumptions),
    }


def show_explanation(printer: Printer, line: Line, why: Explanation) -> None:
    """Show why a line is as large as it is."""
    printer.answer(
        [explanation_record(line, why)],
        (Column("What", whole=True), Column("A month", right=True), Column("More", right=True)),
        [[each.what, _money(each.cost), f"{each.more.amount:+,.2f}"] for each in why.alternatives],
        empty="nothing else was considered",
    )
    if printer.for_programs:
        return
    amount = f"{line.quantity:f} {line.hourly.currency} an hour" if why.ratio is None else f"{line.quantity:f}"
    years = "1 year" if line.terms.years == 1 else f"{line.terms.years} years"
    said = [f"Line {line.number}: {amount} of {line.title}, {years}, {line.terms.payment}."]
    curve = ", ".join(f"{level:g} in {percent} %" for percent, level in why.quantiles)
    said.append(f"At least so much of what it competes for is in use in so many of the hours: {curve}.")
    if why.ratio is not None and why.next_utilisation is not None:
        said.append(f"One costs {why.ratio * 100:.1f} % of its price on demand, so it pays if it is used more often.")
        last = (
            ""
            if why.last_utilisation is None
            else f"The last one is in use in {why.last_utilisation * 100:.1f} % of them; "
        )
        said.append(f"{last}one more would be in {why.next_utilisation * 100:.1f} %.")
    last = "" if why.last is None else f"The last one takes {why.last:.3f} of its price off what is on demand; "
    said.append(f"{last}one more would take {why.next:.3f} of it.")
    said.append(line.why[:1].upper() + line.why[1:] + ".")
    if line.break_even_months:
        said.append(f"What is paid upfront has come back after {line.break_even_months:.1f} months.")
    said.append(f"Price: {line.source}{', estimated' if line.estimated else ''}.")
    printer.text("\n" + "\n".join(said))


def explanation_record(line: Line, why: Explanation) -> Record:
    """An explanation for programs."""
    return {
        "line": line.number,
        "id": line.id,
        "quantity": line.quantity,
        "in_use": {str(percent): round(level, 6) for percent, level in why.quantiles},
        "break_even": why.ratio,
        "last_worth": why.last,
        "next_worth": why.next,
        "last_utilisation": why.last_utilisation,
        "next_utilisation": why.next_utilisation,
        "alternatives": [
            {"what": each.what, "cost": each.cost.amount, "more": each.more.amount} for each in why.alternatives
        ],
        "why": line.why,
    }


def _money(money: Money) -> str:
    return f"{money.rounded().amount:,.2f}"


def _exact(money: Money) -> Decimal:
    return money.rounded(6).amount.normalize() + 0
