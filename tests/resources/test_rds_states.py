from __future__ import annotations

import pytest

from lamplighter.resources.rds_states import live_state
from lamplighter.schedules.decision import Live


@pytest.mark.parametrize(
    ("status", "live"),
    [
        ("available", Live.RUNNING),
        ("stopped", Live.STOPPED),
        ("starting", Live.STARTING),
        ("stopping", Live.STOPPING),
        ("deleting", Live.GONE),
        ("creating", Live.BUSY),
        ("backing-up", Live.BUSY),
        ("modifying", Live.BUSY),
        ("upgrading", Live.BUSY),
        ("rebooting", Live.BUSY),
        ("storage-full", Live.BUSY),
        ("storage-optimization", Live.BUSY),
        ("storage-initialization", Live.BUSY),
        ("configuring-enhanced-monitoring", Live.BUSY),
        ("incompatible-parameters", Live.BUSY),
        ("failed", Live.BUSY),
        ("inaccessible-encryption-credentials-recoverable", Live.BUSY),
    ],
)
def test_states_over_all_kinds(status: str, live: Live) -> None:
    assert live_state(status) is live
