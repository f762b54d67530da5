"""A user's own prices: rows of text, from CSV or YAML, read strictly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from lamplighter.errors import PriceBookError
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, SINGLE_AZ, Price, PriceKey, ec2_key, rds_key

REQUIRED = ("service", "region", "resource_type", "amount", "currency", "as_of")
OPTIONAL = ("operating_system", "engine", "deployment", "unit", "source", "estimated")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def read_rows(rows: Iterable[Mapping[str, str]]) -> dict[PriceKey, Price]:
    """Prices that somebody wrote down.

    Args:
        rows: one mapping a price. `service`, `region`, `resource_type`, `amount`, `currency` and `as_of` (ISO date) are
            required; `operating_system` (default `Linux` for ec2), `engine`, `deployment` (default `single-az` for
            rds), `unit` (default `Hrs`), `source` and `estimated` are optional. An empty text counts as absent.

    Raises:
        PriceBookError: a row cannot be read, or prices what an earlier row prices. Nothing is skipped: a price
            that its owner believes to be in use, and that is not, would falsify every report.
    """
    prices: dict[PriceKey, Price] = {}
    for number, row in enumerate(rows, start=1):
        key, price = _read(number, row)
        if key in prices:
            raise PriceBookError(f"price row {number}: {key} has a price already", hint="keep one row for it")
        prices[key] = price
    return prices


def _read(number: int, row: Mapping[str, str]) -> tuple[PriceKey, Price]:
    where = f"price row {number}"
    if strange := sorted(set(row) - {*REQUIRED, *OPTIONAL}):
        known = ", ".join((*REQUIRED, *OPTIONAL))
        raise PriceBookError(f"{where}: there is no column {strange[0]!r}", hint=f"the columns are {known}")
    cells = {name: text.strip() for name, text in row.items()}
    if absent := [name for name in REQUIRED if not cells.get(name)]:
        raise PriceBookError(f"{where}: {absent[0]} is missing", hint="leave the row out if the price is not known")
    try:
        price = Price(
            rate=Money(Decimal(cells["amount"]), cells["currency"]),
            unit=cells.get("unit") or HOURS,
            as_of=date.fromisoformat(cells["as_of"]),
            source=cells.get("source") or "own price",
            estimated=_FLAGS[cells.get("estimated", "").lower()],
        )
    except InvalidOperation as error:
        raise PriceBookError(f"{where}: {cells['amount']!r} is not a number") from error
    except KeyError as error:
        raise PriceBookError(f"{where}: estimated is {error}", hint="write true or false") from error
    except ValueError as error:
        raise PriceBookError(f"{where}: {error}") from error
    return _key(cells), price


def _key(cells: Mapping[str, str]) -> PriceKey:
    service, region, kind = cells["service"].lower(), cells["region"], cells["resource_type"]
    if service == "ec2":
        return ec2_key(region, kind, cells.get("operating_system") or "Linux")
    if service == "rds":
        return rds_key(region, kind, cells.get("engine", ""), cells.get("deployment") or SINGLE_AZ)
    return PriceKey(
        service,
        region,
        kind,
        cells.get("operating_system", ""),
        cells.get("engine", ""),
        cells.get("deployment", ""),
    )
