"""Gaps at the borders of a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.lake.known import look

from lamplighter.commitments.kept import Inventory
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage_files import write_usage
from lamplighter.reports.ri_usage.page import Facts
from lamplighter.reports.ri_usage.pages.gaps import Gaps
from lamplighter.reports.sheet import Value

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def shown(ledger: Ledger, period: str) -> list[tuple[Value, ...]]:
    [sheet] = Gaps().sheets(Facts(ledger, period, "Example", Inventory(), None, "", FIRST))
    places = [[column.title for column in sheet.columns].index(title) for title in ("Service", "From", "To", "Hours")]
    return [tuple(row[place] for place in places) for row in sheet.rows]


def test_a_gap_is_clipped_to_the_month(tmp_path: Path) -> None:
    """EC2 is not known up to the border, RDS across it, ElastiCache from it on."""
    looks = [
        *(look(FIRST - 4 * HOUR), look(FIRST)),
        *(look(FIRST - 3 * HOUR, service="rds"), look(FIRST + 5 * HOUR, service="rds")),
        *(look(FIRST - HOUR, service="elasticache"), look(FIRST + HOUR, service="elasticache")),
    ]
    write_usage(tmp_path, [], looks, at=FIRST)
    with Ledger.open(tmp_path) as ledger:
        assert shown(ledger, "2026-10") == [
            ("ec2", FIRST - 3 * HOUR, FIRST, 3),
            ("rds", FIRST - 2 * HOUR, FIRST, 2),
        ]
        assert shown(ledger, "2026-11") == [
            ("rds", FIRST, FIRST + 5 * HOUR, 5),
            ("elasticache", FIRST, FIRST + HOUR, 1),
        ]
        assert shown(ledger, "2026-12") == []


def test_a_gap_of_months_fills_each_between(tmp_path: Path) -> None:
    write_usage(tmp_path, [], [look(FIRST - HOUR), look(FIRST + timedelta(days=70))], at=FIRST)
    with Ledger.open(tmp_path) as ledger:
        assert [hours for *_, hours in shown(ledger, "2026-11")] == [30 * 24]
        assert [hours for *_, hours in shown(ledger, "2026-12")] == [31 * 24]
