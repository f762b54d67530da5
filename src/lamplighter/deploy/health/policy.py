"""Managed policies of IAM."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Policy(Part):
    """A managed policy: there, and attached to a role."""

    types = ("AWS::IAM::ManagedPolicy",)
    title = "IAM managed policy"
    source = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html"
    permissions = ("iam:GetPolicy",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    policy = session.call("iam", "get_policy", PolicyArn=piece.physical)["Policy"]
    count = policy.get("AttachmentCount", 0)
    yield held(count > 0, f"attached to {count}", "attached to nothing: no role has its permissions", DEPLOY_AGAIN)
