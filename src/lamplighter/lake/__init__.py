"""The lake: charges and usage as Parquet, asked in SQL.

from lamplighter.lake import Ledger
frame = Ledger.open("lake").pandas("SELECT * FROM cost_by_service")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamplighter.lake.cost import Cost, ask_cost
    from lamplighter.lake.dialects import translate
    from lamplighter.lake.engines import SparkLedger
    from lamplighter.lake.ledger import Answer, Ledger

__all__ = ["Answer", "Cost", "Ledger", "SparkLedger", "ask_cost", "translate"]

_HOMES = {
    "Answer": "ledger",
    "Cost": "cost",
    "Ledger": "ledger",
    "SparkLedger": "engines",
    "ask_cost": "cost",
    "translate": "dialects",
}


def __getattr__(name: str) -> object:
    """Names are imported when they are asked for, so that the months of a lake can be had without DuckDB."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
