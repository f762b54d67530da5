"""From a survey to the steps of a target: decide, then let each adjustment hold back, delay or add to what was decided.

An adjustment is one module with one function of the type `Adjustment`. It may ask AWS, but only about steps that act;
what it cannot find out it holds back with the reason, because nothing is done on doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from lamplighter.resources.kind import Kind, Resource, Session
from lamplighter.scheduler.idle import hold_what_is_used
from lamplighter.scheduler.instance_types import choose_types
from lamplighter.scheduler.order import keep_order
from lamplighter.scheduler.pace import keep_pace
from lamplighter.scheduler.plan import Step, held_back, plan_target
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.survey import Survey
from lamplighter.scheduler.windows import find_windows, hold_stops
from lamplighter.schedules.overrides import Override


@dataclass(frozen=True, slots=True)
class Scene:
    """What an adjustment works with.

    Attributes:
        session: calls in the target.
        config: definitions, guardrails and sections of the file.
        kinds: every kind by name.
        at: aware datetime that is decided for.
        only: schedules that the pass is for; None for all. The others are looked at for the order, and left alone.
        unseen: kinds that could not be looked at.
    """

    session: Session
    config: Configuration
    kinds: Mapping[str, Kind]
    at: datetime
    only: frozenset[str] | None = None
    unseen: frozenset[str] = frozenset()

    def means(self, resource: Resource) -> bool:
        """Whether the pass is for this resource."""
        return self.only is None or resource.schedule in self.only


Adjustment: TypeAlias = Callable[[Scene, Sequence[Step]], list[Step]]
"""Gets every step of a target and gives them back, in the same order."""

ADJUSTMENTS: tuple[Adjustment, ...] = (hold_what_is_used, keep_order, keep_pace)
"""In the order in which they are made."""


def decide_target(scene: Scene, found: Survey, overrides: Sequence[Override]) -> list[Step]:
    """The steps of a target: decisions for every resource of the survey that the pass is for, adjusted.

    Args:
        scene: session, definitions, kinds and time.
        found: the survey.
        overrides: all that are known.

    Raises:
        LamplighterError: an adjustment failed as a whole.
    """
    target = scene.session.target
    scene = replace(scene, unseen=frozenset(found.failures))
    windows = find_windows(scene.session, scene.config, found.resources, found.records, scene.at)
    steps = plan_target(
        scene.config, target, found.resources, found.records, overrides, scene.at, found.unsettled, windows.open
    )
    # It adds stops, so it comes before all that holds stops back.
    steps = hold_stops(choose_types(scene, steps), windows.doubts, scene.at)
    steps = [step if scene.means(step.resource) or not step.acts else _not_now(scene, step) for step in steps]
    for adjust in ADJUSTMENTS:
        steps = adjust(scene, steps)
    return [step for step in steps if scene.means(step.resource)]


def _not_now(scene: Scene, step: Step) -> Step:
    return held_back(step, "this pass is for other schedules", "other-schedules", at=scene.at)
