"""What an EC2 instance type is: needed before a resize, a hibernation, and for the price of Windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from lamplighter.errors import PriceBookError
from lamplighter.pricing.archive import Archive, bundled_archive

TABLE = "ec2_instance_types"


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An EC2 instance type, as DescribeInstanceTypes tells it (a copy of 2026-08).

    Attributes:
        name: for example `m5.large`.
        vcpu: default number of vCPUs.
        memory_mib: memory in MiB.
        architectures: `x86_64`, `i386`, `arm64`, `x86_64_mac`, `arm64_mac`; a resize keeps one of them.
        hypervisor: `nitro` or `xen`; empty for bare metal. Nitro types need NVMe and ENA drivers in the image.
        bare_metal: whether it runs without a hypervisor.
        hibernation: whether the type supports hibernation at all; the image and the volume must as well.
        burstable: whether it earns and spends CPU credits (t2, t3, t3a, t4g).
        instance_storage: whether it has local disks, which a stop empties.
        previous_generation: whether the Price List calls it previous generation (m3, c3, r3, d2, ...).
    """

    name: str
    vcpu: int
    memory_mib: int
    architectures: tuple[str, ...]
    hypervisor: str
    bare_metal: bool
    hibernation: bool
    burstable: bool
    instance_storage: bool
    previous_generation: bool


_COLUMNS = tuple(field.name for field in fields(InstanceType))
_FLAGS = {"1": True, "": False}


def find_type(name: str, archive: Archive | None = None) -> InstanceType | None:
    """An instance type by name; None means that nothing is known about it.

    Args:
        name: for example `m5.large`.
        archive: where to look; the packaged one when None.

    Raises:
        PriceBookError: the archive is damaged.
    """
    row = (archive or bundled_archive()).table(TABLE, _COLUMNS).get(name)
    if row is None:
        return None
    _, vcpu, memory_mib, architectures, hypervisor, *flags = row
    try:
        size = int(vcpu), int(memory_mib)
        return InstanceType(name, *size, tuple(architectures.split("|")), hypervisor, *(_FLAGS[flag] for flag in flags))
    except (KeyError, ValueError) as error:
        raise PriceBookError(f"the price book is damaged: instance type {name} reads {row}") from error


def type_table(types: Iterable[InstanceType]) -> list[tuple[str, ...]]:
    """The rows of the packaged table, header first, in order of name."""
    rows = [
        (
            kind.name,
            str(kind.vcpu),
            str(kind.memory_mib),
            "|".join(kind.architectures),
            kind.hypervisor,
            *("1" if flag else "" for flag in _flags(kind)),
        )
        for kind in types
    ]
    return [_COLUMNS, *sorted(rows)]


def _flags(kind: InstanceType) -> tuple[bool, ...]:
    return kind.bare_metal, kind.hibernation, kind.burstable, kind.instance_storage, kind.previous_generation
