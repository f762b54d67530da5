"""Roles of IAM."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene
from lamplighter.resources.kind import Session


class Role(Part):
    """A role: there; when it was used last is told."""

    types = ("AWS::IAM::Role",)
    title = "IAM role"
    source = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html"
    permissions = ("iam:GetRole",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    role = session.call("iam", "get_role", RoleName=piece.physical)["Role"]
    used = role.get("RoleLastUsed", {}).get("LastUsedDate")
    yield Fact(Status.OK, f"there; last used {used:%Y-%m-%d}" if used else "there")
