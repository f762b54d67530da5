"""EC2 as strict as AWS: states, hibernation, types, protections, tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import StateReason

from lamplighter.estate.answers import EC2_NAMESPACE, Answer, Refusal
from lamplighter.estate.lifecycle import Key, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from moto.ec2.models.instances import Instance

    from lamplighter.estate.lifecycle import Lifecycle
    from lamplighter.estate.request import AwsRequest

CODES: Mapping[str, int] = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
"""EC2 instance states and their codes (API reference, InstanceState)."""

LAUNCHES = frozenset({"RunInstances", "RequestSpotInstances", "RequestSpotFleet", "CreateFleet"})
_INSTANCE_ID = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})")
_ENDED = frozenset({"shutting-down", "terminated"})
_ONLY_WHEN_STOPPED = frozenset(
    {"instanceType", "userData", "kernel", "ramdisk", "ebsOptimized", "enaSupport", "sriovNetSupport"}
)


def _write(instance: Instance, state: str) -> None:
    instance.instance_state.name = state
    instance.instance_state.code = CODES[state]


def _enter(instance: Instance, state: str, at: datetime, timing: str | None) -> None:
    if state == "pending":
        instance.launch_time = at.replace(tzinfo=None)
        # moto gives instances the words of its image, also where no such hardware exists.
        if instance.virtualization_type not in _virtualization(instance):
            instance.virtualization_type = "hvm"
    elif state in {"stopping", "shutting-down"}:
        instance._reason = f"User initiated ({at:%Y-%m-%d %H:%M:%S} GMT)"  # noqa: SLF001
        word = "Hibernate" if timing == "ec2-hibernate" else "Shutdown"
        code = f"Client.UserInitiated{word}"
        instance.state_reason = StateReason(f"{code}: User initiated {word.lower()}", code)


def _virtualization(instance: Instance) -> Collection[str]:
    facts = INSTANCE_TYPES.get(instance.instance_type, {})
    return cast("Collection[str]", facts.get("SupportedVirtualizationTypes", ("hvm", "paravirtual")))


EC2_INSTANCE: Kind[Instance] = Kind(
    name="ec2-instance",
    read=lambda instance: str(instance.state),
    write=_write,
    enter=_enter,
    entrance={"running": "pending", "stopped": "stopping", "terminated": "shutting-down"},
    then={
        "pending": ("ec2-start", "running"),
        "stopping": ("ec2-stop", "stopped"),
        "shutting-down": ("ec2-terminate", "terminated"),
    },
    born_slowly=True,
)


def instances(account: str, region: str) -> Iterator[tuple[str, Instance]]:
    """(id, instance) of all instances in an account and region."""
    for reservation in list(ec2_backends[account][region].reservations.values()):
        for instance in reservation.instances:
            yield instance.id, instance


def named(request: AwsRequest) -> list[Instance]:
    """The instances a request names and that exist, in the order named."""
    ids = [*request.listed("InstanceId"), *request.listed("ResourceId"), request.params.get("InstanceId", "")]
    wanted = {id_ for id_ in ids if id_}
    found: dict[str, Instance] = {}
    for id_, instance in instances(request.account, request.region) if wanted else ():
        if id_ in wanted:
            found[id_] = instance
            if len(found) == len(wanted):
                break
    return [found[id_] for id_ in ids if id_ in found]


def types_of(request: AwsRequest) -> str:
    """The types of the instances an EC2 request names, as words."""
    return " ".join(instance.instance_type for instance in named(request)) if request.service == "ec2" else ""


def refuse(request: AwsRequest, lives: Lifecycle) -> Refusal | None:
    """What AWS would refuse and moto would not; None lets moto handle the request.

    A batch with one instance that forbids the call is refused whole, as AWS does.
    """
    if request.dry_run:
        return None
    if request.action in _BATCHES:
        return _unknown(request.listed("InstanceId"), request) or next(
            (found for instance in named(request) if (found := _BATCHES[request.action](instance, request, lives))),
            None,
        )
    special = {"ModifyInstanceAttribute": _modify, "RunInstances": _run, "CreateTags": _tags}.get(request.action)
    return special(request) if special else None


def _unknown(ids: list[str], request: AwsRequest) -> Refusal | None:
    malformed = next((id_ for id_ in ids if not _INSTANCE_ID.fullmatch(id_)), None)
    if malformed is not None:
        return Refusal("InvalidInstanceID.Malformed", f'Invalid id: "{malformed}"')
    existing = {instance.id for instance in named(request)}
    missing = [id_ for id_ in ids if id_ not in existing]
    if len(missing) == 1:
        return Refusal("InvalidInstanceID.NotFound", f"The instance ID '{missing[0]}' does not exist")
    if missing:
        return Refusal("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(missing)}' do not exist")
    return None


def _start(instance: Instance, _request: AwsRequest, _lives: Lifecycle) -> Refusal | None:
    if instance.state == "stopping" or instance.state in _ENDED:
        return Refusal(
            "IncorrectInstanceState", f"The instance '{instance.id}' is not in a state from which it can be started."
        )
    return None


def _stop(instance: Instance, request: AwsRequest, lives: Lifecycle) -> Refusal | None:
    id_ = instance.id
    if instance.state in _ENDED:
        return Refusal(
            "IncorrectInstanceState", f"This instance '{id_}' is not in a state from which it can be stopped."
        )
    if instance.state == "pending" and not lives.has_run(Key(request.account, request.region, "ec2-instance", id_)):
        return Refusal(
            "IncorrectInstanceState",
            f"Instance '{id_}' cannot be stopped as it has never reached the 'running' state.",
        )
    if instance.disable_api_stop is True:
        return Refusal(
            "OperationNotPermitted",
            f"The instance '{id_}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.",
        )
    if instance.lifecycle == "spot":
        return Refusal(
            "UnsupportedOperation",
            f"You can't stop the Spot Instance '{id_}' because it is associated with a one-time Spot Instance "
            "request. You can only stop Spot Instances associated with persistent Spot Instance requests.",
        )
    if hibernates(request) and not (instance.hibernation_options or {}).get("Configured"):
        return Refusal(
            "UnsupportedHibernationConfiguration",
            f"The instance can't be hibernated because it was not configured at launch for hibernation: {id_}",
        )
    return None


def _terminate(instance: Instance, _request: AwsRequest, _lives: Lifecycle) -> Refusal | None:
    if instance.disable_api_termination is True:
        return Refusal(
            "OperationNotPermitted",
            f"The instance '{instance.id}' may not be terminated. "
            "Modify its 'disableApiTermination' instance attribute and try again.",
        )
    return None


def _reboot(instance: Instance, _request: AwsRequest, _lives: Lifecycle) -> Refusal | None:
    if instance.state not in {"running", "pending"}:
        return Refusal("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'running' state.")
    return None


_BATCHES: Mapping[str, Callable[[Instance, AwsRequest, Lifecycle], Refusal | None]] = {
    "StartInstances": _start,
    "StopInstances": _stop,
    "TerminateInstances": _terminate,
    "RebootInstances": _reboot,
}


def hibernates(request: AwsRequest) -> bool:
    """Whether a stop asks for hibernation."""
    return request.params.get("Hibernate", "").lower() == "true"


def _modify(request: AwsRequest) -> Refusal | None:
    id_ = request.params.get("InstanceId", "")
    if unknown := _unknown([id_], request):
        return unknown
    attribute, value = request.params.get("Attribute", ""), request.params.get("Value", "")
    for key, given in request.params.items():
        if key.endswith(".Value"):
            attribute, value = key[0].lower() + key.removesuffix(".Value")[1:], given
    if attribute not in _ONLY_WHEN_STOPPED:
        return None
    if attribute == "instanceType" and value not in INSTANCE_TYPES:
        return Refusal("InvalidInstanceAttributeValue", f"Invalid value '{value}' for InstanceType.")
    if named(request)[0].state != "stopped":
        return Refusal("IncorrectInstanceState", f"The instance '{id_}' is not in the 'stopped' state.")
    return None


def _run(request: AwsRequest) -> Refusal | None:
    wanted = request.params.get("InstanceType")
    if wanted is None:
        return None
    facts = INSTANCE_TYPES.get(wanted)
    if facts is None:
        return Refusal("InvalidParameterValue", f"Invalid value '{wanted}' for InstanceType.")
    asks = request.params.get("HibernationOptions.Configured", "").lower() == "true"
    if asks and not facts.get("HibernationSupported"):
        return Refusal(
            "UnsupportedHibernationConfiguration", f"The instance type '{wanted}' does not support hibernation."
        )
    return None


def _tags(request: AwsRequest) -> Refusal | None:
    for name, value in request.params.items():
        if re.fullmatch(r"Tag\.\d+\.Key", name):
            if value.lower().startswith("aws:"):
                return Refusal("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
            if len(value) > 128:
                return Refusal("InvalidParameterValue", "Tag key exceeds the maximum length of 128 characters")
        elif re.fullmatch(r"Tag\.\d+\.Value", name) and len(value) > 256:
            return Refusal("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters")
    return _unknown([id_ for id_ in request.listed("ResourceId") if id_.startswith("i-")], request)


def state_changes(request: AwsRequest, answer: Answer, before: Mapping[str, str]) -> Answer:
    """The answer to a start, stop or termination with the states as they truly were and are.

    Args:
        request: the request moto has handled.
        answer: what moto answered; an error stays as it is.
        before: instance id → state before the request.
    """
    if answer.status != 200 or request.action not in {"StartInstances", "StopInstances", "TerminateInstances"}:
        return answer
    items = "".join(
        f"<item><instanceId>{instance.id}</instanceId>"
        f"<currentState>{_state(instance.state)}</currentState>"
        f"<previousState>{_state(before.get(instance.id, instance.state))}</previousState></item>"
        for instance in named(request)
    )
    name = f"{request.action}Response"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{EC2_NAMESPACE}">'
    return answer.with_body(
        f"{body}<requestId>request-id</requestId><instancesSet>{items}</instancesSet></{name}>".encode()
    )


def _state(name: str) -> str:
    return f"<code>{CODES[name]}</code><name>{name}</name>"
