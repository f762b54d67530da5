"""Sessions that answer from a table; what is asked and answered is held to the services' models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from botocore.validate import validate_parameters
from tests.actions import actions_of
from tests.models import check_request, operation_model

from lamplighter.aws.targets import Target
from lamplighter.deploy.health.part import Piece, Scene
from lamplighter.deploy.health.registry import parts
from lamplighter.deploy.health.stack import look
from lamplighter.errors import AccessDenied

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
SCENE = Scene(NOW, "1.2.3")
HOME: Final = Target("111122223333", "eu-west-1")

DENIED = AccessDenied("not authorized", hint="allow the action")


@dataclass
class Answers:
    """A session.

    Attributes:
        by_operation: an answer, an error, or several in order.
        asked: IAM actions, in order.
        params: of each call.
    """

    by_operation: Mapping[str, Any]
    asked: list[str] = field(default_factory=list)
    params: list[dict[str, Any]] = field(default_factory=list)
    target: Target = HOME

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        check_request(service, operation, params)
        self.asked += actions_of((service, operation))
        self.params.append(params)
        answer = self.by_operation[operation]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        validate_parameters(answer, operation_model(service, operation).output_shape)
        return dict(answer)

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        yield from self.call(service, operation, **params).get(key, ())


def health(type_: str, physical: str = "it", **answers: Any) -> tuple[str, str, str]:
    """(status, what was found, what to do) of a resource of a type.

    Everything that was asked must be among the permissions of the member; where all was answered, be all of them.
    """
    session, part = Answers(answers), parts()[type_]
    found = look(session, Piece("lit", "Logical", physical, type_, "CREATE_COMPLETE"), SCENE, part)
    assert set(session.asked) <= set(part.permissions)
    assert found.name == "lit Logical"
    name, _, detail = found.detail.partition(": ")
    assert name == physical.partition(": ")[0]
    return found.status.value, detail, found.hint


AGAIN = "it is not as the template made it: deploy the stack again"
