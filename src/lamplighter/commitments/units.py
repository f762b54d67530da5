"""Normalised units: how AWS compares instance sizes of one family.

Source: EC2 User Guide, "How Reserved Instances are applied"; RDS User Guide, "Size-flexible reserved DB instances";
ElastiCache User Guide, "Size flexible reserved nodes"; MemoryDB Developer Guide, "Size flexible reserved nodes".
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_NAMED: Final = {
    "nano": Decimal("0.25"),
    "micro": Decimal("0.5"),
    "small": Decimal(1),
    "medium": Decimal(2),
    "large": Decimal(4),
    "xlarge": Decimal(8),
}
_METAL: Final = {
    **dict.fromkeys(("a1",), 32),
    **dict.fromkeys(("m5zn", "x2iezn", "z1d"), 96),
    **dict.fromkeys(("c6g", "c6gd", "i3", "m6g", "m6gd", "r6g", "r6gd", "x2gd"), 128),
    **dict.fromkeys(("c5n",), 144),
    **dict.fromkeys(("c5", "c5d", "i3en", "m5", "m5d", "m5dn", "m5n", "r5", "r5b", "r5d", "r5dn", "r5n"), 192),
    **dict.fromkeys(("c6i", "c6id", "m6i", "m6id", "r6i", "r6id"), 256),
}
_RIGID: Final = frozenset(
    {"g4ad", "g4dn", "g5", "g5g", "g6", "g6e", "g6f", "gr6", "gr6f"}
    | {"hpc7a", "p5", "inf1", "inf2", "u7i-6tb", "u7i-8tb"}
)
"""EC2 families whose reservations are not size-flexible."""
_RDS_FLEXIBLE: Final = ("mysql", "mariadb", "postgres", "aurora", "db2", "oracle")
_LICENCE_INCLUDED: Final = "li"
_INSTANCES: Final = {"multi-az": 2, "multi-az-cluster": 3}
"""Instances that are paid for behind one DB instance (or cluster) of each deployment."""
_MEMORYDB_VALKEY: Final = Decimal("0.7")
_N_XLARGE: Final = re.compile(r"(\d+)xlarge")


def split_type(instance_type: str) -> tuple[str, str]:
    """(family, size) of `m5.large`, `db.m5.large`, `cache.m5.large`: ("m5", "large"), ("db.m5", "large"), ..."""
    family, _, size = instance_type.rpartition(".")
    return family, size


def normalization_factor(instance_type: str) -> Decimal | None:
    """Normalised units of one instance of this type; None when AWS publishes no factor for its size."""
    family, size = split_type(instance_type)
    if size in _NAMED:
        return _NAMED[size]
    if match := _N_XLARGE.fullmatch(size):
        return Decimal(8) * int(match[1])
    if size == "metal":
        known = _METAL.get(family)
        return Decimal(known) if known is not None else None
    if match := re.fullmatch(r"metal-(\d+)xl", size):
        return Decimal(8) * int(match[1])
    return None


def is_size_flexible(family: str, platform: str, tenancy: str) -> bool:
    """Whether a regional EC2 reservation of this family covers other sizes of it.

    Args:
        family: `m5`.
        platform: `Linux` for Linux/UNIX; RHEL, SUSE, Windows are never flexible.
        tenancy: `default` or `dedicated`.
    """
    return platform == "Linux" and tenancy == "default" and family.lower() not in _RIGID


def rds_is_size_flexible(engine: str, licence: str = "") -> bool:
    """Whether a reserved DB instance covers other sizes of its class family, in one zone or in several.

    Args:
        engine: the RDS API's engine value, `postgres`, `oracle-se2`.
        licence: `li` where the licence is included; Oracle and Db2 are flexible only with a licence of one's own.
    """
    return engine.startswith(_RDS_FLEXIBLE) and licence != _LICENCE_INCLUDED


def rds_units(instance_class: str, deployment: str) -> Decimal | None:
    """Normalised units of a DB instance: twice as many with a standby, three times for a cluster of three.

    Args:
        instance_class: `db.r5.large`.
        deployment: `single-az`, `multi-az` or `multi-az-cluster`.

    Returns:
        None when AWS publishes no factor for the size.
    """
    factor = normalization_factor(instance_class)
    return None if factor is None else factor * _INSTANCES.get(deployment, 1)


def memorydb_units(node_type: str, engine: str) -> Decimal | None:
    """Normalised units of a MemoryDB node; one of Valkey counts 0.7 of one of Redis OSS."""
    factor = normalization_factor(node_type)
    if factor is None:
        return None
    return factor * _MEMORYDB_VALKEY if engine == "valkey" else factor
