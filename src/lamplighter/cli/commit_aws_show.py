"""What Cost Explorer states, as tables for people and records for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.cli import exits
from lamplighter.cli.show import Cell, Column, Printer, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lamplighter.commitments.explorer_answers import Advice, Coverage, Utilisation
    from lamplighter.commitments.explorer_questions import Replied
    from lamplighter.errors import LamplighterError
    from lamplighter.pricing.money import Money

_OF = (Column("Of", whole=True), Column("What"), Column("Time", whole=True))
_COVERAGE = (
    *_OF,
    Column("Covered", right=True),
    Column("Hours", right=True),
    Column("Of hours", right=True),
    Column("Covered cost", right=True),
    Column("On demand", right=True),
)
_UTILISATION = (
    *_OF,
    Column("Used", right=True),
    Column("Bought", right=True),
    Column("Paid", right=True),
    Column("Unused", right=True),
    Column("Saved", right=True),
)
_ADVICE = (
    Column("Of", whole=True),
    Column("Buy"),
    Column("Terms"),
    Column("How much", right=True),
    Column("Upfront", right=True),
    Column("Saves a month", right=True),
    Column("Share", right=True),
    Column("Used", right=True),
    Column("Even after", right=True),
)


def show_replies(printer: Printer, replies: Sequence[Replied]) -> int:
    """Show everything that was answered, then why the rest was not; return the exit code."""
    from lamplighter.commitments.explorer_questions import COVERAGE, RECOMMENDATIONS, UTILISATION

    if printer.for_programs:
        printer.data([record for reply in replies for record in records_of(reply)])
    else:
        for topic, columns in ((COVERAGE, _COVERAGE), (UTILISATION, _UTILISATION), (RECOMMENDATIONS, _ADVICE)):
            chosen = [reply for reply in replies if reply.question.topic == topic and reply.error is None]
            if chosen:
                rows = [row for reply in chosen for row in _rows(reply)]
                if rows:
                    printer.text(f"{topic.capitalize()} as Cost Explorer states it:")
                printer.answer([], columns, rows, empty=f"{topic}: Cost Explorer has nothing to say")
    return show_unanswered(printer, replies)


def show_unanswered(printer: Printer, replies: Sequence[Replied]) -> int:
    """Say what could not be answered, and why; return the exit code."""
    from lamplighter.commitments.explorer import NO_DATA
    from lamplighter.errors import GuardrailError

    silent = [reply for reply in replies if getattr(reply.error, "code", "") == NO_DATA]
    if silent:
        about = dict.fromkeys(f"{reply.question.topic} of {reply.question.service}" for reply in silent)
        printer.note(f"Cost Explorer has no data: {', '.join(about)}")
    _show_failures(printer, [reply for reply in replies if reply not in silent])
    failed = [reply.error for reply in replies if reply.error is not None and reply not in silent]
    if len(failed) == len(replies) and failed and all(isinstance(error, GuardrailError) for error in failed):
        return exits.REFUSED
    return exits.PARTIAL if failed else exits.OK


def _show_failures(printer: Printer, replies: Iterable[Replied]) -> None:
    """The same failure of several questions is said once."""
    places: dict[str, tuple[LamplighterError, list[str]]] = {}
    for reply in replies:
        if reply.error is not None:
            _, where = places.setdefault(reply.error.message, (reply.error, []))
            where.append(f"{reply.question.topic} of {reply.question.service}")
    for error, where in places.values():
        printer.failure(error, subject=", ".join(dict.fromkeys(where)))


def records_of(reply: Replied) -> list[Record]:
    """What a question came to, for programs."""
    from lamplighter.commitments.explorer_answers import Advice, Coverage

    if reply.asked is None:
        return []
    about = {
        "topic": reply.question.topic,
        "service": reply.question.service,
        "as_of": reply.asked.as_of,
        "kept": reply.asked.paid == 0,
    }
    found: list[Record] = []
    for one in reply.records:
        if isinstance(one, Coverage):
            found.append({**about, **_coverage_record(one)})
        elif isinstance(one, Advice):
            found.append({**about, **_advice_record(one)})
        else:
            found.append({**about, **_utilisation_record(one)})
    return found


def _coverage_record(one: Coverage) -> Record:
    return {
        "start": one.start or None,
        "end": one.end or None,
        "of": dict(one.of),
        "share": one.share,
        "covered_hours": one.covered_hours,
        "total_hours": one.total_hours,
        "covered_cost": _amount(one.covered_cost),
        "on_demand_cost": _amount(one.on_demand_cost),
        "currency": _currency(one.covered_cost, one.on_demand_cost),
    }


def _utilisation_record(one: Utilisation) -> Record:
    return {
        "start": one.start or None,
        "end": one.end or None,
        "of": dict(one.of),
        "share": one.share,
        "bought_hours": one.bought_hours,
        "used_hours": one.used_hours,
        "commitment": _amount(one.commitment),
        "unused": _amount(one.unused),
        "on_demand_cost": _amount(one.on_demand_cost),
        "amortised": _amount(one.amortised),
        "saving": _amount(one.saving),
        "currency": _currency(one.commitment, one.unused, one.on_demand_cost, one.amortised, one.saving),
    }


def _advice_record(one: Advice) -> Record:
    return {
        "account": one.account or None,
        "of": dict(one.of),
        "plan": one.plan.value if one.plan else None,
        "years": one.terms.years if one.terms else None,
        "payment": one.terms.payment.value if one.terms else None,
        "offering_class": one.terms.offering_class.value if one.terms else None,
        "count": one.count,
        "commitment": _amount(one.commitment),
        "upfront": _amount(one.upfront),
        "monthly_saving": _amount(one.monthly_saving),
        "saving_share": one.saving_share,
        "utilisation": one.utilisation,
        "break_even_months": one.break_even_months,
        "currency": _currency(one.commitment, one.upfront, one.monthly_saving),
    }


def _rows(reply: Replied) -> list[list[Cell]]:
    from lamplighter.commitments.explorer_answers import Advice, Coverage

    service, rows = reply.question.service, []
    for one in reply.records:
        if isinstance(one, Coverage):
            rows.append(_coverage_row(service, one))
        elif isinstance(one, Advice):
            rows.append(_advice_row(service, one))
        else:
            rows.append(_utilisation_row(service, one))
    return rows


def _coverage_row(service: str, one: Coverage) -> list[Cell]:
    return [
        service,
        _what(one.of),
        _time(one.start, one.end),
        _percent(one.share),
        _number(one.covered_hours),
        _number(one.total_hours),
        _money(one.covered_cost),
        _money(one.on_demand_cost),
    ]


def _utilisation_row(service: str, one: Utilisation) -> list[Cell]:
    bought = _number(one.bought_hours) + " h" if one.bought_hours is not None else _money(one.commitment)
    return [
        service,
        _what(one.of),
        _time(one.start, one.end),
        _percent(one.share),
        bought,
        _money(one.amortised),
        _money(one.unused),
        _money(one.saving),
    ]


def _advice_row(service: str, one: Advice) -> list[Cell]:
    terms = f"{one.terms.years} y {one.terms.payment}" if one.terms else ""
    much = _number(one.count) if one.commitment is None else f"{_money(one.commitment)} an hour"
    of = {name: value for name, value in one.of.items() if name not in ("CurrentGeneration", "OfferingId")}
    even = "" if one.break_even_months is None else f"{one.break_even_months:.1f} months"
    return [
        service,
        " ".join(part for part in (one.plan or "", _what(of)) if part),
        terms,
        much,
        _money(one.upfront),
        _money(one.monthly_saving),
        _percent(one.saving_share),
        _percent(one.utilisation),
        even,
    ]


def _what(of: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in of.items() if value) or "all"


def _time(start: str, end: str) -> str:
    return f"{start} - {end}" if start else "all of it"


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share * 100:.1f} %"


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _money(money: Money | None) -> str:
    return "" if money is None else f"{money.amount:,.2f} {money.currency}"


def _amount(money: Money | None) -> Decimal | None:
    return None if money is None else money.amount


def _currency(*amounts: Money | None) -> str | None:
    return next((money.currency for money in amounts if money is not None), None)
