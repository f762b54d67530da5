"""Passes on a store in DynamoDB, over the wire: a day, a death in the middle, and what an idle pass asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest
from tests.scheduler.conftest import KINDS, Cloud, Stage, configuration
from tests.scheduler.test_wire import ROLE, TAGS, YAML, Wire
from tests.store.dynamodb_servers import OneByOne, Plain, caller, no_sleep, way

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, PRODUCTION, REGION, SANDBOX, EstateProbe
from lamplighter.scheduler.passes import World
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Connection
from lamplighter.store.dynamodb_tables import create_tables

_prefixes = count(1)


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        made = EstateProbe(server)
        yield made
        made.close()


def empty(aws: Aws) -> tuple[DynamoDBStore, Plain]:
    """A store with its tables, and what is asked of DynamoDB."""
    spy = Plain(caller(aws))
    # moto's transactions of several threads undo each other's writes.
    store = DynamoDBStore(Connection(OneByOne(spy), REGION), f"pass{next(_prefixes)}", sleep=no_sleep)
    create_tables(store, no_sleep)
    spy.made.clear()
    return store, spy


def test_a_day_in_three_accounts(probe: EstateProbe) -> None:
    probe.fresh()
    probe.control.seed_organization(
        [{"id": account, "name": name} for account, name in ((PRODUCTION, "production"), (SANDBOX, "sandbox"))]
    )
    probe.control.seed_roles([{"account": MANAGEMENT, "name": ROLE}])
    with Aws(region=REGION, environ=probe.server.environment, retries=0) as aws:
        store, _ = empty(aws)
        wire = Wire(probe, World(aws, store, configuration(YAML), KINDS, probe.control.now))
        here = probe.launch(2, TagSpecifications=TAGS)
        keys = probe.assume(f"arn:aws:iam::{PRODUCTION}:role/{ROLE}")
        there = probe.launch(1, keys=keys, TagSpecifications=TAGS)
        for hours in (20, 32, 42, 43):
            report = wire.run(hours)
            assert not report.partial, report
        actions = ("stop", "start", "stop")
        assert wire.journal() == [(id_, action, "done") for action in actions for id_ in sorted(here)]
        assert wire.journal(PRODUCTION) == [(there[0], action, "done") for action in actions]
        assert probe.states(here) == ["stopped"] * 2
        assert store.partitions("intents") == []


@pytest.mark.parametrize("moment", [0, 20, 30])
def test_a_pass_that_dies_is_finished_by_the_next(probe: EstateProbe, moment: int) -> None:
    probe.fresh()
    with way(probe.server.url) as aws:
        store, _ = empty(aws)
        stage = Stage(cloud=Cloud(quick=True), store=store)
        ids = [stage.cloud.instance(), stage.cloud.instance()]
        stage.run(7)
        stage.clock.at(8)
        if moment:
            assert stage.kill(moment)
        else:
            # The call has taken effect, and nothing of it is written down.
            stage.kill_after("start_instances")
        stage.run(8, 6)
        stage.run(8, 12)
        done = [(id_, action) for id_, action, outcome in stage.journal() if outcome in ("done", "found")]
        assert sorted(done) == [(id_, "start") for id_ in ids]
        assert [effect.id for effect in stage.cloud.effects] == ids
        assert stage.intents() == []
        assert {stage.stored(id_) for id_ in ids} == {"running"}


def test_what_an_idle_pass_over_ten_targets_asks(probe: EstateProbe) -> None:
    """The figures of docs/store.md."""
    probe.fresh()
    targets = tuple(Target("111122223333", f"eu-west-{n}") for n in range(1, 11))
    with way(probe.server.url) as aws:
        store, spy = empty(aws)
        stage = Stage(store=store, cloud=Cloud(*targets, quick=True))
        for target in targets:
            for _ in range(3):
                stage.cloud.instance(at=target)
        stage.run(7)
        spy.made.clear()
        stage.run(7, 10)
        counted = Counter((operation, _table(asked)) for operation, asked in spy.made)
        assert counted == {
            ("query", "overrides"): 1,
            ("get_item", "leases"): 10,
            ("query", "state"): 10,
            ("query", "intents"): 10,
            # Taken, held before acting, given back.
            ("update_item", "leases"): 30,
            ("update_item", "passes"): 1,
        }


def _table(asked: object) -> str:
    assert isinstance(asked, dict)
    return str(asked.get("TableName", "")).partition("-")[2]
