"""Nodes of OpenSearch Service domains."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from lamplighter.lake.usage import UsageSample
from lamplighter.resources.kind import Session
from lamplighter.usage.collector import DAILY, Around, Charged, Collector, Seen

_METER: Final = re.compile(r"(?:^|-)(?:ESInstance|HeavyUsage):(.+)$")
_LEGACY, _TODAY = ".elasticsearch", ".search"
_DOMAINS_AT_ONCE: Final = 5
"""Source: OpenSearch Service API reference, "DescribeDomains"."""


class OpenSearchUsage(Collector):
    """Data, dedicated master and UltraWarm nodes of domains by type, once a day."""

    service: ClassVar[str] = "opensearch"
    title: ClassVar[str] = "OpenSearch Service nodes"
    why: ClassVar[str] = "Instance hours are what reserved instances can cover; domains cannot be stopped."
    source: ClassVar[str] = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ri.html"
    since: ClassVar[str] = "0.1.0"
    hours: ClassVar[int] = DAILY
    keys: ClassVar[tuple[str, ...]] = ("es",)
    permissions: ClassVar[tuple[str, ...]] = ("es:ListDomainNames", "es:DescribeDomains")
    product: ClassVar[str] = "AmazonES"

    def look(self, session: Session, around: Around) -> Iterator[Seen]:  # noqa: ARG002 - nobody puts domains out
        """The names, then the domains, five a call."""
        names = [each["DomainName"] for each in session.pages("opensearch", "list_domain_names", "DomainNames")]
        for first in range(0, len(names), _DOMAINS_AT_ONCE):
            part = names[first : first + _DOMAINS_AT_ONCE]
            for domain in session.call("opensearch", "describe_domains", DomainNames=part)["DomainStatusList"]:
                if domain.get("Created", True) and not domain.get("Deleted"):
                    yield from _nodes(domain.get("ClusterConfig", {}))

    def read(self, charged: Charged) -> Seen | None:
        """Instance hours."""
        meter = _METER.search(charged.usage_type)
        return Seen(_today(meter[1]), charged.quantity, covered=charged.covered) if meter else None

    def values(self, sample: UsageSample) -> Mapping[str, str]:
        """By type, with the suffix that types had before the service was renamed: keys go on as they began."""
        return {"es": sample.resource_type.removesuffix(_TODAY) + _LEGACY}


def _today(kind: str) -> str:
    return kind.removesuffix(_LEGACY).removesuffix(_TODAY) + _TODAY


def _nodes(config: Mapping[str, Any]) -> Iterator[Seen]:
    for kind, count, there in (
        ("InstanceType", "InstanceCount", True),
        ("DedicatedMasterType", "DedicatedMasterCount", config.get("DedicatedMasterEnabled")),
        ("WarmType", "WarmCount", config.get("WarmEnabled")),
    ):
        if there and config.get(kind) and config.get(count):
            yield Seen(_today(config[kind]), Decimal(config[count]))
