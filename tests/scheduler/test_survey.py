"""What the journal is told of a resource that was looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lamplighter.pricing.price import ec2_key
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.survey import price_texts
from lamplighter.schedules.decision import Live
from lamplighter.store import journal
from lamplighter.store.journal import Entry
from lamplighter.store.memory import MemoryStore

LARGE, SMALL = ec2_key("eu-west-1", "m5.large"), ec2_key("eu-west-1", "c5.large")
GROUP = Resource("autoscaling-group", "web", "arn:x", "111122223333", "eu-west-1", "web", {}, None, Live.RUNNING, "3")


def test_the_entry_of_a_group_of_thousands_of_mixed_instances_is_small() -> None:
    prices = price_texts(replace(GROUP, prices=(LARGE, SMALL) * 5_000))
    assert prices == (price_texts(replace(GROUP, prices=(SMALL,)))[0],) * 5_000 + price_texts(
        replace(GROUP, prices=(LARGE,) * 5_000)
    )
    at = datetime(2026, 11, 23, tzinfo=UTC)
    written = Entry("t", at, "r", "autoscaling-group/web", "web", "seen", "done", "3", "", "", prices=prices)
    store = MemoryStore()
    store.put_many([journal.put(written)])
    assert list(journal.read(store, "t")) == [written]
    assert [row[-1] for row in journal.put(written).data["prices"]] == [5_000, 5_000]  # type: ignore[index,union-attr]
