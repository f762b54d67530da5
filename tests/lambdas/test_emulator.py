"""Every handler out of its package under Lambda's emulator; and what the emulator does to functions that fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.lambdas.emulator import Emulator, available, emulated

from lamplighter.deploy.handlers import HANDLERS

pytestmark = pytest.mark.slow

ENVIRON = {
    "AWS_ACCESS_KEY_ID": "simulated",
    "AWS_SECRET_ACCESS_KEY": "simulated",
    "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "LAMPLIGHTER_STORE": "memory:",
    "LAMPLIGHTER_QUEUE_URL": "http://127.0.0.1:9/lamplighter-passes",
    # Nobody listens there: whatever would be asked of AWS fails at once.
    "LAMPLIGHTER_ENDPOINT_URL": "http://127.0.0.1:9",
}
TRIVIAL: Mapping[str, tuple[object, Mapping[str, Any] | str]] = {
    # These two ask AWS whatever the event; nobody answers, they fail, and are called again.
    "clock": ({}, "Unreachable: sts GetCallerIdentity: EndpointConnection"),
    "collect": ({}, "Unreachable: sts GetCallerIdentity: EndpointConnection"),
    "events": ({"source": "x"}, {"did": "parked", "reason": "it is no event of EventBridge"}),
    "passes": ({"Records": []}, {"batchItemFailures": []}),
    "custom_resource": ({}, {"Status": "PARKED"}),
    "ingest": ({"source": "x"}, {"did": "parked"}),
    "report": ({"period": "2026-13"}, "UsageError: '2026-13' is no month"),
    "remote": ({"command": ["rm"]}, {"code": 2, "out": ""}),
}
"""An event for which nobody has to answer from AWS, and the answer; a text for the exception that is right for it."""

FAILING = """
import time
def handler(event, context):
    print("begun")
    if event.get("seconds"):
        time.sleep(event["seconds"])
    if event.get("boom"):
        raise ValueError("boom")
    return {"left": context.get_remaining_time_in_millis()}
"""


@pytest.mark.parametrize("name", TRIVIAL)
def test_a_handler_answers_out_of_its_package(request: pytest.FixtureRequest, name: str) -> None:
    event, wanted = TRIVIAL[name]
    with emulated(
        request.getfixturevalue(f"{HANDLERS[name].group.value}_task"), HANDLERS[name].entry, ENVIRON
    ) as function:
        answer = function.invoke(event)
    if isinstance(wanted, str):
        assert answer.error.startswith(wanted), answer
    else:
        assert answer.error == "", answer
        assert {key: answer.value[key] for key in wanted} == wanted


def test_every_handler_is_seen() -> None:
    assert sorted(TRIVIAL) == sorted(HANDLERS)


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Emulator]:
    """A function of one second that sleeps or fails when it is told to."""
    (tmp_path / "failing.py").write_text(FAILING)
    with emulated(tmp_path, "failing.handler", {}, timeout=1) as function:
        yield function


def test_an_exception_is_seen_and_the_function_goes_on(failing: Emulator) -> None:
    answer = failing.invoke({"boom": 1})
    assert (answer.value, answer.error) == (None, "ValueError: boom")
    assert "begun" in answer.log
    assert failing.invoke({}).error == ""


def test_a_function_that_takes_too_long_is_ended(failing: Emulator) -> None:
    answer = failing.invoke({"seconds": 30})
    assert (answer.value, answer.error) == (None, "Task timed out after 1.00 seconds")
    again = failing.invoke({})
    assert 0 < again.value["left"] <= 1000


def test_nothing_of_this_environment_is_found(tmp_path: Path) -> None:
    (tmp_path / "looking.py").write_text(
        "import os, sys\n"
        "def handler(event, context):\n"
        "    return {'path': sys.path, 'names': sorted(os.environ), 'yaml': 'yaml' in sys.modules}\n"
    )
    with emulated(tmp_path, "looking.handler", {"MINE": "1"}) as function:
        seen = function.invoke({}).value
    assert "MINE" in seen["names"]
    assert not [name for name in seen["names"] if name.startswith(("PYTEST", "VIRTUAL", "HOME"))]
    assert not [folder for folder in seen["path"] if "site-packages" in folder]
    assert {str(tmp_path), str(available() / "runtime")} <= set(seen["path"])
