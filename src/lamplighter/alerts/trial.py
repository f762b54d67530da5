"""A message that only tries whether an address works."""

from __future__ import annotations

from datetime import datetime

from lamplighter.alerts.addresses import Address
from lamplighter.alerts.outbox import Line, Outcome
from lamplighter.errors import LamplighterError
from lamplighter.notify.definitions import TOPICS
from lamplighter.notify.message import Message
from lamplighter.notify.registry import send
from lamplighter.notify.sender import Means

SUBJECT = "Lamplighter: a test message"


def send_trial(address: Address, means: Means, at: datetime, *, run: str) -> Line:
    """Send a test message, now and once; what failed is not tried again."""
    topics = ", ".join(topic for topic in TOPICS if address.about(topic))
    text = f"Messages get through. This address is told about: {topics}.\n"
    html = f"<p>Messages get through. This address is told about: {topics}.</p>\n"
    message = Message(f"test {run}", "test", at, SUBJECT, text, html, {"about": topics})
    try:
        return Line(address.to, SUBJECT, Outcome.SENT, note=send(address.to, message, means))
    except LamplighterError as error:
        return Line(address.to, SUBJECT, Outcome.GIVEN_UP, error)
