from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.scheduler.tag_text import PLACEHOLDERS, check_key, check_template, fill, fit, times


@pytest.mark.parametrize(
    "key", ["IS-LastAction", "lamplighter:last-action", "lamplighter:error", "Last action @ team/ops +1 = x.y", "größe"]
)
def test_keys_that_are_taken(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("a,b", "a tag key cannot hold ','"),
        ("a\tb", "a tag key cannot hold '\\t'"),
        ("aws:x", "keys that begin with aws: are reserved for AWS"),
        ("AWS:x", "keys that begin with AWS: are reserved for AWS"),
        ("rds:x", "keys that begin with rds: are reserved for AWS"),
        ("Name", "the tag Name is read, so it is not written"),
        ("IS-MinDesiredMax", "the tag IS-MinDesiredMax is read"),
        ("IS-PreferredInstanceTypes", "the tag IS-PreferredInstanceTypes is read"),
        (
            "lamplighter:size",
            "of the keys that begin with lamplighter: only these are written: lamplighter:last-action",
        ),
    ],
)
def test_keys_that_are_refused(key: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_key(key)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{hours}", "there is no placeholder {hours}; did you mean {hour}?"),
        ("{}", "there is no placeholder {}; known: {scheduler} {schedule} {state} {reason} {year}"),
        ("{ year }", "there is no placeholder { year }; did you mean {year}?"),
        ("{year", "a tag value cannot hold '{'"),
        ("{{year}}", "a tag value cannot hold '{'"),
        ("year, month", "a tag value cannot hold ','"),
    ],
)
def test_templates_that_are_refused(template: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_template(template)


def test_every_placeholder_is_filled_in() -> None:
    template = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert check_template(template) == template
    moment = datetime(2026, 3, 1, 23, 5, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))
    values = {"scheduler": "lamp", "schedule": "office", "state": "running", "reason": "period x", **times(moment)}
    assert fill(template, values) == "lamp office running period x 2026 03 02 00 05 Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("Insufficient capacity (m5.large), sorry!\nTry\tagain", "Insufficient capacity m5.large sorry Try again"),
        ("  a   b ", "a b"),
        ("größer als 日本 ½", "größer als 日本 ½"),
        ("x" * 300, "x" * 256),
        ("x" * 255 + " y", "x" * 255),
        ("", "-"),
        ("!?", "-"),
        ("aws:aws: RDS:it", "it"),
        ("rds:", "-"),
    ],
)
def test_values_are_made_fit(text: str, value: str) -> None:
    assert fit(text) == value


@given(st.text() | st.text("aws:rds: AR", max_size=20) | st.text("ab ,", min_size=250, max_size=270))
def test_a_fit_value_is_one_that_every_service_takes(text: str) -> None:
    value = fit(text)
    assert 1 <= len(value) <= 256
    assert re.fullmatch(r"[^\W]*", re.sub(r"[ .:/=+@_-]", "", value))
    assert not value.lower().startswith(("aws:", "rds:"))
    assert value == value.strip()
    assert fit(value) == value
