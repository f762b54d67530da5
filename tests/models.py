"""botocore's models of services, each read once: that of EC2 alone takes half a second to read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator
from tests import calls


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


def check_request(service: str, method: str, params: Mapping[str, Any]) -> None:
    """Refuse what botocore would refuse, and note what a double was asked that holds its requests to it."""
    shape = operation_model(service, method).input_shape
    if shape is None:
        assert not params
    else:
        report = ParamValidator().validate(params, shape)
        assert not report.has_errors(), report.generate_report()
    calls.doubled.add((service, method))
