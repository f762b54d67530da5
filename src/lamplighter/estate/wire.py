"""Requests and answers of APIs that moto lacks, put through botocore's own service models both ways.

An answer is checked against the model of its operation and written in the service's protocol; what a client parses
from it is what AWS's would be. A request is read by the same model and checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

import botocore.session
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.validate import ParamValidator
from moto.core.model import ServiceModel as MotoModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict

from lamplighter.estate.answers import Answer
from lamplighter.estate.request import read_body

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from botocore.model import OperationModel, Shape
    from moto.core.parse import RequestDict

    from lamplighter.estate.request import AwsRequest


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def _moto_model(service: str) -> MotoModel:
    return get_service_model(service)


def operation(service: str, name: str) -> OperationModel:
    """The model of an operation, `DescribeReservedInstances` of `ec2`; services as botocore names them."""
    return _model(service).operation_model(name)


def check(shape: Shape | None, given: Mapping[str, Any], what: str) -> None:
    """Hold a request or an answer against its shape: names, types, what must be there.

    Raises:
        ValueError: it does not fit.
    """
    if shape is None:
        if given:
            raise ValueError(f"{what} has no members, but {', '.join(given)} is given")
        return
    unknown = set(given) - set(shape.members)
    report = ParamValidator().validate(dict(given), shape)
    if unknown or report.has_errors():
        said = f"unknown: {', '.join(sorted(unknown))}; " if unknown else ""
        raise ValueError(f"{what}: {said}{report.generate_report()}")


def answer_of(service: str, name: str, answer: Mapping[str, Any]) -> Answer:
    """An answer as AWS writes it on the wire.

    Raises:
        ValueError: it is no answer of this operation.
    """
    check(operation(service, name).output_shape, answer, f"the answer of {service} {name}")
    model = _moto_model(service)
    protocol = str(model.metadata["protocol"])
    serialised = get_serializer_class(service, protocol)(operation_model=model.operation_model(name)).serialize(answer)
    body = serialised["body"]
    return Answer(
        int(serialised["status_code"]),
        tuple((str(key), str(value)) for key, value in serialised["headers"].items()),
        body if isinstance(body, bytes) else str(body).encode(),
    )


def parsed(service: str, name: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What botocore makes of an answer after it went over the wire.

    Raises:
        ValueError: it is no answer of this operation.
    """
    sent = answer_of(service, name, answer)
    parser = create_parser(str(_model(service).metadata["protocol"]))
    found: Mapping[str, Any] = parser.parse(
        {"body": sent.body, "headers": dict(sent.headers), "status_code": sent.status},
        operation(service, name).output_shape,
    )
    return found


def parts(request: AwsRequest, environ: WSGIEnvironment) -> Mapping[str, Any]:
    """What `request_of` reads of a request."""
    values = MultiDict(request.params)
    if not request.params:
        values = MultiDict(parse_qsl(environ.get("QUERY_STRING", "")))
    return {
        "method": environ.get("REQUEST_METHOD", "GET"),
        "headers": {},
        "body": read_body(environ),
        "values": values,
        "url_path": environ.get("PATH_INFO", "/"),
        "url_params": {},
    }


def request_of(service: str, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a request that came over the wire.

    Args:
        service: botocore's name of the service.
        name: of the operation.
        request: as `parts` gives it.

    Raises:
        ValueError: it is no request of this operation.
    """
    model = _moto_model(service)
    parser = PROTOCOL_PARSERS[str(model.metadata["protocol"])](model.operation_model(name))
    found: dict[str, Any] = parser.parse(cast("RequestDict", request))
    check(operation(service, name).input_shape, found, f"the request of {service} {name}")
    return found
