"""SSM Change Calendars: read over the wire, kept in the store, and what passes make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from tests.models import operation_model
from tests.scheduler.conftest import HERE, MONDAY, Stage, contents, decisions
from tests.schedules.test_calendars import change_calendar

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, LamplighterError, NotFound, NotSupported, StoreCorrupt
from lamplighter.estate.control import deny, start_thread
from lamplighter.estate.testing import MANAGEMENT, PRODUCTION, REGION, EstateProbe
from lamplighter.scheduler.change_calendars import PERMISSIONS, TABLE, Copy, fetch, keep, kept, live_reader, refresh
from lamplighter.scheduler.settings import Configuration, load_configuration
from lamplighter.schedules.calendars import CHANGE_CALENDAR
from lamplighter.store.memory import MemoryStore

FREEZE = change_calendar("DTSTART:20261124T150000Z DTEND:20261125T100000Z")
ARN = f"arn:aws:ssm:us-east-1:{PRODUCTION}:document/year-end"


def put_document(estate: EstateProbe, name: str, text: str, region: str = REGION, kind: str = "ChangeCalendar") -> None:
    """Create a document in the simulated AWS. moto takes JSON and YAML only: its text is put in behind the API."""
    placeholder = '{"schemaVersion": "2.2"}'
    estate.client("ssm", region=region).create_document(
        Name=name, Content=placeholder, DocumentType=kind, DocumentFormat="JSON"
    )
    set_text(name, text, region)


def set_text(name: str, text: str, region: str = REGION) -> None:
    """Change the text of a document of the simulated AWS."""
    from moto.ssm.models import ssm_backends

    ssm_backends[MANAGEMENT][region]._documents[name].get_default_version().content = text


class Session:
    """Answers GetDocument of one document, and remembers what it was asked."""

    def __init__(self, target: Target, aws: OneDocument) -> None:
        self.target, self._aws = target, aws

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        self._aws.asked.append((self.target.key, service, operation, params))
        if self._aws.error:
            raise self._aws.error
        return self._aws.answer


class OneDocument:
    """Stands for `Aws`: the own account is 111122223333."""

    def __init__(self, text: str = FREEZE, region: str | None = REGION, kind: str = "ChangeCalendar") -> None:
        self.answer = {"Content": text, "DocumentType": kind, "DocumentFormat": "TEXT"}
        self.region = region
        self.error: LamplighterError | None = None
        self.asked: list[tuple[str, str, str, Mapping[str, Any]]] = []

    def own_account(self) -> str:
        return MANAGEMENT

    def session_as(self, target: Target, role: None) -> Session:
        assert role is None
        return Session(target, self)


def aws_of(one: OneDocument) -> Aws:
    return cast(Aws, one)


def now() -> datetime:
    return MONDAY


# --- reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "target", "name"),
    [
        ("year-end", f"{MANAGEMENT}/{REGION}", "year-end"),
        (f"arn:aws:ssm:us-east-1:{MANAGEMENT}:document/year-end", f"{MANAGEMENT}/us-east-1", "year-end"),
        (ARN, f"{PRODUCTION}/us-east-1", ARN),  # shared: asked for by its ARN, with the own credentials
    ],
)
def test_where_a_change_calendar_is_asked_for(document: str, target: str, name: str) -> None:
    aws = OneDocument()
    assert fetch(aws_of(aws), document, now=now) == Copy(document, FREEZE, MONDAY, target)
    [(asked, service, operation, params)] = aws.asked
    assert (asked, params) == (target, {"Name": name})
    shape = operation_model(service, operation)
    assert set(params) <= set(shape.input_shape.members)
    assert f"{service}:{shape.name}" in PERMISSIONS
    assert set(aws.answer) <= set(shape.output_shape.members)


def test_without_a_home_region_a_name_is_not_enough() -> None:
    with pytest.raises(LamplighterError, match="there is no home region") as caught:
        fetch(aws_of(OneDocument(region=None)), "year-end", now=now)
    assert caught.value.hint == "set AWS_REGION, or write its whole ARN"
    assert fetch(aws_of(OneDocument(region=None)), ARN, now=now).source == f"{PRODUCTION}/us-east-1"


def test_another_document_is_no_change_calendar() -> None:
    with pytest.raises(NotSupported, match=r"SSM document 'year-end' is of the type Command, not ChangeCalendar"):
        fetch(aws_of(OneDocument(kind="Command")), "year-end", now=now)


# --- keeping ------------------------------------------------------------------------------------------------


def test_what_is_kept_is_what_was_read() -> None:
    store, copy = MemoryStore(), Copy("year-end", FREEZE, MONDAY, HERE.key)
    with pytest.raises(LamplighterError, match="no copy is kept yet") as caught:
        kept(store, "year-end")
    assert caught.value.hint == "read it from AWS with `lamp calendars refresh`"
    keep(store, copy)
    assert kept(store, "year-end") == copy
    keep(store, Copy("year-end", "other", MONDAY + timedelta(hours=1), HERE.key))
    assert kept(store, "year-end").text == "other"


@pytest.mark.parametrize("damage", [{"text": "other"}, {"as_of": "yesterday"}, {"sha256": None}])
def test_a_damaged_copy_is_not_used(damage: dict[str, Any]) -> None:
    store = MemoryStore()
    keep(store, Copy("year-end", FREEZE, MONDAY, HERE.key))
    item = store.get(TABLE, TABLE, "year-end")
    assert item is not None
    store.put(TABLE, TABLE, "year-end", {**item.data, **damage})
    with pytest.raises(StoreCorrupt, match="the copy of Change Calendar 'year-end' is damaged"):
        kept(store, "year-end")


def test_a_live_reader_keeps_a_copy_only_where_it_may() -> None:
    store = MemoryStore()
    assert live_reader(aws_of(OneDocument()), now)("year-end") == FREEZE
    assert contents(store, TABLE)[TABLE] == []
    assert live_reader(aws_of(OneDocument()), now, store)("year-end") == FREEZE
    assert kept(store, "year-end").as_of == MONDAY


def test_what_cannot_be_read_is_not_taken_from_the_copy() -> None:
    store, aws = MemoryStore(), OneDocument()
    live_reader(aws_of(aws), now, store)("year-end")
    aws.error = AccessDenied("refused")
    with pytest.raises(AccessDenied):
        live_reader(aws_of(aws), now, store)("year-end")
    assert kept(store, "year-end").text == FREEZE


def test_a_refresh_tells_what_is_new_and_goes_on_after_a_failure() -> None:
    store, aws = MemoryStore(), OneDocument()
    assert [(r.document, r.news) for r in refresh(aws_of(aws), store, ["a-1", "a-1", "b-1"], now=now)] == [
        ("a-1", "new"),
        ("b-1", "new"),
    ]
    assert [r.news for r in refresh(aws_of(aws), store, ["a-1"], now=now)] == ["unchanged"]
    aws.answer["Content"] = change_calendar()
    assert [r.news for r in refresh(aws_of(aws), store, ["a-1"], now=now)] == ["changed"]
    aws.error = NotFound("it is gone")
    [failed] = refresh(aws_of(aws), store, ["a-1"], now=now)
    assert (failed.news, failed.copy, failed.error) == ("", None, aws.error)
    assert kept(store, "a-1").text == change_calendar()


# --- over the wire ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def estate(_probe: EstateProbe) -> EstateProbe:
    _probe.fresh()
    return _probe


@pytest.fixture
def aws(estate: EstateProbe) -> Iterator[Aws]:
    with Aws(region=REGION, environ=estate.server.environment, retries=0) as aws:
        yield aws


def test_over_the_wire(estate: EstateProbe, aws: Aws) -> None:
    put_document(estate, "year-end", FREEZE)
    put_document(estate, "far-away", change_calendar(), "us-east-1")
    put_document(estate, "run-it", "{}", kind="Command")
    assert fetch(aws, "year-end", now=now) == Copy("year-end", FREEZE, MONDAY, f"{MANAGEMENT}/{REGION}")
    far = f"arn:aws:ssm:us-east-1:{MANAGEMENT}:document/far-away"
    assert fetch(aws, far, now=now).text == change_calendar()
    with pytest.raises(NotFound, match="InvalidDocument"):
        fetch(aws, "far-away", now=now)
    with pytest.raises(NotSupported, match="of the type Command"):
        fetch(aws, "run-it", now=now)
    estate.control.inject(deny(MANAGEMENT, "ssm:GetDocument"))
    with pytest.raises(AccessDenied):
        fetch(aws, "year-end", now=now)


# --- passes -------------------------------------------------------------------------------------------------

YAML = """
version: 1
calendars:
  year-end: {ssm: year-end}
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office}
  frozen: {periods: office, freeze: year-end}
  strict: {periods: office, freeze: year-end, enforced: true}
"""


def configured(text: str | LamplighterError) -> Configuration:
    def read(name: str) -> str:
        assert name == f"{CHANGE_CALENDAR}year-end"
        if isinstance(text, LamplighterError):
            raise text
        return text

    return load_configuration(YAML, name="lamplighter.yaml", read_text=read)


def staged(text: str | LamplighterError) -> Stage:
    stage = Stage()
    stage.configure(configured(text))
    return stage


def test_a_freeze_holds_everything_and_nothing_is_lost() -> None:
    stage = staged(FREEZE)  # from Tuesday 15:00 to Wednesday 10:00
    frozen, strict, free = (stage.cloud.instance(name) for name in ("frozen", "strict", "office"))
    stage.run(8, day=1)
    stage.cloud.effects.clear()
    for hour in (15, 18, 23):
        stage.run(hour, day=1)
    assert [(effect.id, effect.action) for effect in stage.cloud.effects] == [(free, "stop")]
    stage.cloud.by_hand(strict, "stopped")
    report = stage.run(9, day=2)
    assert decisions(report)[frozen] == decisions(report)[strict] == ("none", "frozen")
    [step] = [step for step in report.steps if step.resource.id == frozen]
    assert step.decision.reason == (
        "period office is on; but calendar year-end forbids change until 2026-11-25 10:00 UTC"
    )
    stage.cloud.effects.clear()
    stage.run(10, day=2)
    assert [(effect.id, effect.action) for effect in stage.cloud.effects] == [(strict, "start")]
    assert stage.stored(frozen) == "running"
    stage.run(18, day=2)
    assert stage.stored(frozen) == "stopped"
    assert stage.cloud.wasted == []


def test_a_missed_stop_is_done_when_change_is_allowed_again() -> None:
    stage = staged(change_calendar("DTSTART:20261123T170000Z DTEND:20261123T200000Z"))
    id_ = stage.cloud.instance("frozen")
    for hour in (8, 18, 19):
        stage.run(hour)
    assert (stage.cloud.state(id_), stage.stored(id_)) == ("running", "running")
    stage.run(20)
    assert (stage.cloud.state(id_), stage.stored(id_)) == ("stopped", "stopped")


def test_what_is_first_seen_in_a_freeze_is_new_after_it() -> None:
    stage = staged(change_calendar("DTSTART:20261123T000000Z DTEND:20261123T200000Z"))
    id_ = stage.cloud.instance("frozen", state="running")
    stage.run(19)
    assert (stage.cloud.state(id_), stage.stored(id_)) == ("running", "unknown")
    stage.run(20)
    assert (stage.cloud.state(id_), stage.stored(id_)) == ("stopped", "stopped")


def test_a_calendar_that_cannot_be_read_stops_only_the_schedules_that_need_it() -> None:
    stage = staged(AccessDenied("ssm GetDocument: AccessDenied"))
    frozen, free = stage.cloud.instance("frozen"), stage.cloud.instance("office")
    report = stage.run(8)
    assert decisions(report) == {frozen: ("none", "invalid-schedule"), free: ("start", "schedule")}
    [step] = [step for step in report.steps if step.resource.id == frozen]
    assert step.decision.reason == (
        "schedule 'frozen' is not valid: calendar 'year-end' is not defined or not valid: ssm GetDocument: AccessDenied"
    )
    stage.configure(configured(change_calendar()))
    stage.run(9)
    assert stage.stored(frozen) == "running"
