"""Time: definitions, schedules, timelines and decisions. Pure: no AWS, no clock, no network.

Start with `load_definitions` (lamplighter.yaml) or `load_instance_scheduler` (a config table of the
AWS Instance Scheduler); both give compiled schedules:

    schedule.state_at(instant)          what is wanted then, and why
    schedule.transitions(start, end)    when it changes
    schedule.lit_hours(start, end)      how long it is lit
"""

from __future__ import annotations

from lamplighter.schedules.dialects.instance_scheduler import Imported, load_instance_scheduler
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.timeline import Desired, State, Timeline, Transition

__all__ = ["Desired", "Imported", "Schedule", "State", "Timeline", "Transition", "load_instance_scheduler"]
