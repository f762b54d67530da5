"""Sections of lamplighter.yaml that say how passes work: plain models, compiled by nobody."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lamplighter.schedules.definitions import Model


class GuardrailsDefinition(Model):
    """What a pass may do at most."""

    max_changes: int | None = Field(default=None, ge=0, description="A pass that would change more is refused.")
    max_changes_percent: int | None = Field(
        default=None, ge=0, le=100, description="The same, as a share of the resources found."
    )
    actions: tuple[Literal["start", "stop"], ...] = Field(
        default=("start", "stop"), description="Actions a pass may take: start, stop."
    )
    opt_out_tag: str = Field(
        default="lamplighter:opt-out",
        min_length=1,
        max_length=128,
        description="A resource with this tag key is never started or stopped by a pass.",
    )
