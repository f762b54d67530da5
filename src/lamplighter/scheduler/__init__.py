"""Doing: find resources, plan, guard, act and keep the journal. Doors call what stands here."""
