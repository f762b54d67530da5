"""Types of EC2 instances: which an instance can have, and starting it with the first that can be had.

Sources: EC2 User Guide, "Change the instance type" (compatibility); API reference, `InstanceTypeInfo`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lamplighter.errors import AccessDenied, AwsError, CapacityUnavailable, NotSupported
from lamplighter.resources.batch import isolate
from lamplighter.resources.kind import Resource, Result, Session

_VALUES_AT_ONCE: Final = 200
"""Values that one filter takes (EC2 API reference, "Filter")."""

_LISTED: Final[tuple[tuple[str, Callable[[Mapping[str, Any]], Any], str], ...]] = (
    ("architecture", lambda facts: facts["ProcessorInfo"]["SupportedArchitectures"], "it runs {has} and not {needs}"),
    ("virtualization", lambda facts: facts["SupportedVirtualizationTypes"], "it takes {has} images and not {needs}"),
    ("boot", lambda facts: facts.get("SupportedBootModes"), "it boots by {has} and not by {needs}"),
    ("tpm", lambda facts: [facts.get("NitroTpmSupport")], "it has no NitroTPM"),
    ("enclaves", lambda facts: [facts.get("NitroEnclavesSupport")], "it has no Nitro Enclaves"),
)
"""A trait, what a type offers of it, and what to say if the trait is not among it."""

_TRY_ANOTHER: Final = (CapacityUnavailable, NotSupported, AwsError)
"""Exactly these classes speak of the type: no capacity, not possible here, a quota. Others would meet the next, too."""


def traits_of(instance: Mapping[str, Any]) -> dict[str, str]:
    """What a type must fit, from what DescribeInstances says of one instance; what is not said is left out.

    `fixed` says why its type cannot be changed at all.
    """
    boot = instance.get("BootMode") or instance.get("CurrentInstanceBootMode")
    said = {
        "architecture": instance.get("Architecture"),
        "virtualization": instance.get("VirtualizationType"),
        # With `uefi-preferred` it boots by whatever the type offers.
        "boot": boot if boot != "uefi-preferred" else None,
        "ena": "supported" if instance.get("EnaSupport") else None,
        "interfaces": str(len(instance.get("NetworkInterfaces") or ())),
        "tpm": "supported" if instance.get("TpmSupport") else None,
        "enclaves": "supported" if instance.get("EnclaveOptions", {}).get("Enabled") else None,
        "zone": instance.get("Placement", {}).get("AvailabilityZone"),
        "fixed": _fixed(instance),
    }
    return {name: value for name, value in said.items() if value}


def _fixed(instance: Mapping[str, Any]) -> str | None:
    if instance.get("InstanceLifecycle") == "spot":
        return "it is a Spot Instance, whose type cannot be changed"
    if instance.get("InstanceLifecycle"):
        return f"it was bought as {instance['InstanceLifecycle']}, which is for one type"
    if instance.get("Placement", {}).get("Tenancy") == "host":
        return "it lives on a Dedicated Host, which is for certain types"
    if instance.get("HibernationOptions", {}).get("Configured"):
        return "it is set up for hibernation, and a hibernated instance cannot change its type"
    return None


def misfits(session: Session, resources: Sequence[Resource]) -> dict[str, dict[str, str]]:
    """Which of the `types` of each instance do not fit it, and why: id -> type -> one clause.

    Raises:
        AwsError: what AWS offers cannot be found out.
    """
    free = [resource for resource in resources if "fixed" not in resource.traits]
    names = sorted({name for resource in free for name in (*resource.types, resource.instance_type)})
    facts = {each["InstanceType"]: each for each in _listed(session, "types", "InstanceTypes", names)}
    zones = _listed(session, "type_offerings", "InstanceTypeOfferings", names, LocationType="availability-zone")
    offered = {(each["InstanceType"], each["Location"]) for each in zones}
    return {
        resource.id: {
            name: reason
            for name in resource.types
            if name != resource.instance_type and (reason := _misfit(resource, name, facts, offered))
        }
        for resource in resources
    }


def _listed(session: Session, what: str, key: str, names: Sequence[str], **params: str) -> Iterator[Mapping[str, Any]]:
    """By filter: asked for by name, one type that does not exist fails the whole call."""
    for first in range(0, len(names), _VALUES_AT_ONCE):
        filters = [{"Name": "instance-type", "Values": list(names[first : first + _VALUES_AT_ONCE])}]
        yield from session.pages("ec2", f"describe_instance_{what}", key, Filters=filters, **params)


def _misfit(
    resource: Resource, name: str, facts: Mapping[str, Mapping[str, Any]], offered: set[tuple[str, str]]
) -> str | None:
    traits, wanted = resource.traits, facts.get(name)
    if "fixed" in traits:
        return traits["fixed"]
    if wanted is None:
        return f"there is no such type in {resource.region}"
    if "zone" in traits and (name, traits["zone"]) not in offered:
        return f"it is not offered in {traits['zone']}"
    for trait, offers, words in _LISTED:
        has = offers(wanted)
        if trait in traits and has and traits[trait] not in has:
            return words.format(has=", ".join(map(str, has)), needs=traits[trait])
    network = wanted["NetworkInfo"]
    if int(traits.get("interfaces", "0")) > network["MaximumNetworkInterfaces"]:
        most = network["MaximumNetworkInterfaces"]
        return f"it takes {most} network interfaces, and {traits['interfaces']} are attached"
    runs_on_ena = facts.get(resource.instance_type, {}).get("NetworkInfo", {}).get("EnaSupport") == "required"
    if network["EnaSupport"] == "required" and "ena" not in traits and not runs_on_ena:
        return "it needs ENA and NVMe drivers, and ENA is not enabled for the instance"
    return None


def start_with_types(session: Session, resources: Sequence[Resource]) -> list[Result]:
    """Start instances, each with the first of its `types` that can be had; without `types` as it is.

    In rounds: those whose next type is not the one they have get it by ModifyInstanceAttribute; then one
    StartInstances call starts all. Those that AWS has no capacity for, or refuses with this type, go on to the next
    round with their next type. Repeating it does no harm: a type that is right already is not set again.

    Returns:
        One result for each. The error of what could not be started names every type that was tried.
    """
    left = {each.id: list(each.types or (each.instance_type,)) for each in resources}
    now = {each.id: each for each in resources}
    refused: dict[str, list[AwsError]] = {each.id: [] for each in resources}
    tried: dict[str, list[str]] = {each.id: [] for each in resources}
    waiting = list(now)
    while waiting:
        outcomes: dict[str, AwsError | None] = {}
        for id_ in waiting:
            tried[id_].append(left[id_].pop(0))
            outcomes[id_], now[id_] = _set_type(session, now[id_], tried[id_][-1])
        denied = {id_ for id_, error in outcomes.items() if isinstance(error, AccessDenied)}
        ready = [id_ for id_, error in outcomes.items() if error is None]
        if ready:
            outcomes.update(isolate(ready, lambda ids: session.call("ec2", "start_instances", InstanceIds=list(ids))))
        for id_, error in outcomes.items():
            refused[id_] += [error] if error else []
        # Without the right to change types, the one it has may still be among them.
        waiting = [i for i, e in outcomes.items() if left[i] and e and (type(e) in _TRY_ANOTHER or i in denied)]
    return [_result(before, now[before.id], tried[before.id], refused[before.id]) for before in resources]


def _set_type(session: Session, resource: Resource, name: str) -> tuple[AwsError | None, Resource]:
    if resource.instance_type == name:
        return None, resource
    try:
        session.call("ec2", "modify_instance_attribute", InstanceId=resource.id, InstanceType={"Value": name})
    except AwsError as error:
        return error, resource
    prices = tuple(replace(key, resource_type=name) for key in resource.prices)
    return None, replace(resource, instance_type=name, prices=prices)


def _result(before: Resource, now: Resource, tried: Sequence[str], refused: Sequence[AwsError]) -> Result:
    changed = now if now.instance_type != before.instance_type else None
    failed = _said(zip(tried, refused, strict=False))
    if len(refused) == len(tried):
        return Result(before.id, _all_refused(before, failed, refused), now=changed)
    note = f"runs as {now.instance_type}, was {before.instance_type}" if changed else ""
    if refused:
        note = f"{note or f'runs as {now.instance_type}'}; could not be had: {failed}"
    return Result(before.id, note=note, now=changed)


def _said(refusals: Iterable[tuple[str, AwsError]]) -> str:
    return ", ".join(f"{name} ({error.code or type(error).__name__})" for name, error in refusals)


def _all_refused(resource: Resource, failed: str, refused: Sequence[AwsError]) -> AwsError:
    if len(refused) == 1 or type(refused[-1]) not in (*_TRY_ANOTHER, AccessDenied):
        return refused[-1]
    worst = next((error for error in refused if isinstance(error, CapacityUnavailable)), refused[0])
    return type(worst)(
        f"{worst.target}: {resource.name} could not be started with any of its types: {failed}",
        hint=worst.hint,
        service=worst.service,
        operation=worst.operation,
        code=worst.code,
        target=worst.target,
    )
