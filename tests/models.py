"""botocore's models of services, each read once: that of EC2 alone takes half a second to read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel


@cache
def session() -> botocore.session.Session:
    """One session, with what it has read."""
    return botocore.session.get_session()


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service."""
    return session().get_service_model(service)


@cache
def _operations(service: str) -> Mapping[str, str]:
    return {xform_name(name): name for name in service_model(service).operation_names}


def operation_name(service: str, method: str) -> str:
    """The operation behind a method of a client: `describe_instances` is `DescribeInstances`."""
    return _operations(service)[method]


@cache
def operation_model(service: str, method: str) -> OperationModel:
    """The model of the operation behind a method of a client."""
    return service_model(service).operation_model(operation_name(service, method))
