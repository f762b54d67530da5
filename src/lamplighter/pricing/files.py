"""Files of AWS's own figures, of whatever kind, recognised by what stands in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from lamplighter.errors import PriceBookError
from lamplighter.pricing.plan_list import read_offering_rates, read_plan_csv, read_plan_file
from lamplighter.pricing.price_list import Listed, read_offer_file, read_products

_KINDS = "a price list file of a service or of Savings Plans, or what `aws pricing get-products` or "
_HINT = f"known are: {_KINDS}`aws savingsplans describe-savings-plans-offering-rates` wrote"


def read_files(paths: Iterable[Path]) -> Listed:
    """Read price files; of several figures for the same thing that of the later file counts.

    The answer of DescribeSavingsPlansOfferingRates carries no date: the day its file was written stands for it.

    Raises:
        PriceBookError: a file is absent, damaged, or of no known kind; its name is said.
    """
    listed = Listed()
    for path in paths:
        try:
            listed.add(_read(path))
        except PriceBookError as error:
            raise PriceBookError(f"{path}: {error.message}", hint=error.hint) from error
        except OSError as error:
            raise PriceBookError(f"{path} cannot be read: {error.strerror or error}", hint="check the path") from error
        except UnicodeDecodeError as error:
            raise PriceBookError(f"{path} is no text in UTF-8", hint="unpack it first") from error
    return listed


def _read(path: Path) -> Listed:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        start = lines.read(16)
        lines.seek(0)
        if start.startswith(("FormatVersion", '"FormatVersion')):
            return read_plan_csv(lines)
        try:
            document = json.load(lines)
        except ValueError as error:
            raise PriceBookError(f"this is neither JSON nor a price list as CSV: {error}", hint=_HINT) from error
    found = document if isinstance(document, dict) else {}
    terms = found.get("terms")
    if isinstance(terms, dict):
        return read_plan_file(found) if "savingsPlan" in terms else read_offer_file(found)
    if isinstance(products := found.get("PriceList"), list):
        return read_products(_parsed(products))
    if isinstance(results := found.get("searchResults"), list):
        return read_offering_rates(results, datetime.fromtimestamp(path.stat().st_mtime, UTC).date())
    if "regions" in found or "offers" in found:
        raise PriceBookError("this is an index of price lists", hint="download one of the files that it names")
    raise PriceBookError("this holds no prices that are known", hint=_HINT)


def _parsed(products: Iterable[object]) -> list[dict[str, object]]:
    try:
        found = [json.loads(each) if isinstance(each, str) else each for each in products]
    except ValueError as error:
        raise PriceBookError(f"a product of it cannot be read: {error}", hint=_HINT) from error
    mappings = [each for each in found if isinstance(each, dict)]
    if len(mappings) < len(found):
        raise PriceBookError("a product of it is no mapping", hint=_HINT)
    return mappings
