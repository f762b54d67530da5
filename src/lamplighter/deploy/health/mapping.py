"""What hands messages of a queue to a function."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Mapping(Part):
    """An event source mapping: there, and on."""

    types = ("AWS::Lambda::EventSourceMapping",)
    title = "Lambda event source mapping"
    source = "https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"
    permissions = ("lambda:GetEventSourceMapping",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    answer = session.call("lambda", "get_event_source_mapping", UUID=piece.physical)
    state = answer.get("State", "")
    yield held(state == "Enabled", "on", f"it is {state or 'in no state'}", "messages are not taken up: enable it")
