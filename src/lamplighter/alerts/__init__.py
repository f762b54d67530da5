"""Messages about passes: what was done, what went wrong, what will be put out soon; told once, and never lost.

    report of a pass -> troubles, coming stops, digest -> a message an address and topic -> outbox, memory -> sent

Doors call `after_pass`, or `after_failure` when there is no report.
"""

from lamplighter.alerts.service import Told, after_failure, after_pass, preview

__all__ = ["Told", "after_failure", "after_pass", "preview"]
