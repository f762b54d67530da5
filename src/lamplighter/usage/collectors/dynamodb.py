"""DynamoDB capacity that is provisioned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from lamplighter.errors import NotFound
from lamplighter.lake.usage import UsageSample
from lamplighter.resources.kind import Session
from lamplighter.usage.collector import HOURLY, Around, Charged, Collector, Seen

_METER: Final = re.compile(r"(?:^|-)(IA-)?(Repl)?(Read|Write)CapacityUnit-Hrs$")
_CLASSES: Final = MappingProxyType({"STANDARD": "", "STANDARD_INFREQUENT_ACCESS": "standard-ia"})
_CHARGED: Final = frozenset(("ACTIVE", "UPDATING"))
INFREQUENT, GLOBAL = "standard-ia", "global"


class DynamoDbUsage(Collector):
    """Read and write units that tables and their indexes have provisioned; tables on demand have none."""

    service: ClassVar[str] = "dynamodb"
    title: ClassVar[str] = "DynamoDB provisioned capacity"
    why: ClassVar[str] = "Provisioned units of the standard table class are what reserved capacity can cover."
    source: ClassVar[str] = (
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html"
    )
    since: ClassVar[str] = "0.1.0"
    hours: ClassVar[int] = HOURLY
    keys: ClassVar[tuple[str, ...]] = ("dynamodb",)
    permissions: ClassVar[tuple[str, ...]] = ("dynamodb:ListTables", "dynamodb:DescribeTable")
    product: ClassVar[str] = "AmazonDynamoDB"

    def look(self, session: Session, around: Around) -> Iterator[Seen]:  # noqa: ARG002 - nobody puts tables out
        """The names, then each table. One that is gone by then has no capacity any more."""
        for name in session.pages("dynamodb", "list_tables", "TableNames"):
            try:
                table = session.call("dynamodb", "describe_table", TableName=name)["Table"]
            except NotFound:
                continue
            yield from _capacity(table)

    def read(self, charged: Charged) -> Seen | None:
        """Hours of units."""
        meter = _METER.search(charged.usage_type)
        if meter is None:
            return None
        return Seen(
            meter[3].lower(),
            charged.quantity,
            deployment=GLOBAL if meter[2] else "",
            platform=INFREQUENT if meter[1] else "",
            covered=charged.covered,
        )

    def values(self, sample: UsageSample) -> Mapping[str, str]:
        """`read` and `write`."""
        return {"dynamodb": sample.resource_type}


def _capacity(table: Mapping[str, Any]) -> Iterator[Seen]:
    if table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST":
        return
    kept = _CLASSES.get(table.get("TableClassSummary", {}).get("TableClass", "STANDARD"), "")
    # Writes to a table that is kept in several regions are charged by another meter in each of them.
    written = GLOBAL if table.get("Replicas") else ""
    parts = [(table.get("TableStatus"), table)]
    parts += [(index.get("IndexStatus"), index) for index in table.get("GlobalSecondaryIndexes") or ()]
    for status, part in parts:
        units = part.get("ProvisionedThroughput", {})
        if status in _CHARGED:
            yield Seen("read", Decimal(units.get("ReadCapacityUnits", 0)), platform=kept)
            yield Seen("write", Decimal(units.get("WriteCapacityUnits", 0)), platform=kept, deployment=written)
