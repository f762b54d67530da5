"""Keys of KMS."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Key(Part):
    """A key: there, usable, and renewed each year."""

    types = ("AWS::KMS::Key",)
    title = "KMS key"
    source = "https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html"
    permissions = (
        "kms:DescribeKey",
        "kms:GetKeyRotationStatus",
    )
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (
            _itself,
            _rotation,
        )


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    found = session.call("kms", "describe_key", KeyId=piece.physical)["KeyMetadata"]
    state, ends = found.get("KeyState", ""), found.get("DeletionDate")
    text = f"{state}, to be deleted at {ends:%Y-%m-%d %H:%M %Z}" if ends else str(state)
    yield held(
        state == "Enabled", "usable", text, "cancel the deletion or enable it: see docs/runbook.md, keys and roles"
    )


def _rotation(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    on = session.call("kms", "get_key_rotation_status", KeyId=piece.physical).get("KeyRotationEnabled")
    yield held(on is True, "renewed each year", "not renewed", DEPLOY_AGAIN)
