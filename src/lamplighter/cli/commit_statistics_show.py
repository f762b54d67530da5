"""How `lamp commit recommend --statistics` looks: levels of use of what reservations could serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lamplighter.cli.show import Column

if TYPE_CHECKING:
    from lamplighter.cli.show import Cell, Printer, Record
    from lamplighter.commitments.sizing.recommendation import PoolLine, Recommendation

_SHOWN: Final = ("p5", "p50", "p95", "mean", "most")
_COLUMNS: Final = (
    Column("Of"),
    Column("Where", whole=True),
    *(Column(name.upper() if name.startswith("p") else name.capitalize(), right=True) for name in _SHOWN),
    Column("Held", right=True),
    Column("Best alone", right=True),
    Column("Range", whole=True),
    Column("Pays from", right=True),
    Column("Hours", right=True),
)


def show_statistics(printer: Printer, found: Recommendation) -> None:
    """Show a row for each kind of reservation that there is usage for, and what the figures mean."""
    from lamplighter.commitments.sizing.statistics import MEANINGS

    printer.answer(
        [_record(pool) for pool in found.pools],
        _COLUMNS,
        [_row(pool) for pool in found.pools],
        empty="no usage that a reservation could serve",
    )
    for name in _SHOWN:
        printer.note(f"{name.upper() if name.startswith('p') else name.capitalize()}: {MEANINGS[name]}")
    printer.note("levels are counted in the type that is named, other sizes of its family by their normalised units")
    printer.note("best alone: how many to reserve if nothing else were bought, what is held taken off until it ends")


def _row(pool: PoolLine) -> list[Cell]:
    figures = ["" if pool.levels is None else f"{getattr(pool.levels, name):.6g}" for name in _SHOWN]
    best = pool.best
    return [
        (pool.service, pool.resource_type, pool.platform),
        (pool.region, pool.account),
        *figures,
        f"{pool.held.normalize():f}",
        "not known" if best is None else str(best.count),
        "" if best is None else f"{best.low} to {best.high}",
        "" if best is None else f"{best.ratio * 100:.1f} %",
        "0" if pool.levels is None else f"{pool.levels.hours:,}",
    ]


def _record(pool: PoolLine) -> Record:
    levels, best = pool.levels, pool.best
    return {
        "service": pool.service,
        "region": pool.region,
        "resource_type": pool.resource_type,
        "platform": pool.platform or None,
        "account": pool.account or None,
        "size_flexible": pool.flexible,
        "hours": levels.hours if levels else 0,
        **{name: getattr(levels, name) if levels else None for name in ("least", *_SHOWN)},
        "held": pool.held,
        "best": best.count if best else None,
        "best_low": best.low if best else None,
        "best_high": best.high if best else None,
        "break_even": round(best.ratio, 6) if best else None,
        "last_utilisation": best.last if best else None,
        "next_utilisation": best.next if best else None,
        "saving_share": round(best.saving, 6) if best else None,
        "regret_share": round(best.regret, 6) if best else None,
    }
