"""Zips under keys by content, with what they were made of beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.deploy.hub import Hub, made

from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.push import Code, Pushed, code_of, push, push_release, push_template, url_of
from lamplighter.errors import AccessDenied, AwsError

KEY = "code/core/1.2.3-abababababababab.zip"


def test_code_lies_under_keys_by_content_and_is_sent_once(tmp_path: Path) -> None:
    hub, one = Hub(), made(tmp_path)
    assert push(hub, "code", [one]) == [Pushed(KEY, 3, True)]
    assert push(hub, "code", [one]) == [Pushed(KEY, 3, False)]
    assert {key: content for key, (content, _) in hub.objects.items()} == {KEY: b"zip"}


def test_what_a_zip_was_made_of_is_read_without_fetching_it(tmp_path: Path) -> None:
    hub = Hub()
    push(hub, "code", [made(tmp_path)])
    assert code_of(hub, "code", KEY) == Code(KEY, "1.2.3", "2026-11-20T09:30:00Z", "c0ffee", True)
    hub.objects["code/core/1.2.2-cdcdcdcdcdcdcdcd.zip"] = b"", {}
    old = code_of(hub, "code", "code/core/1.2.2-cdcdcdcdcdcdcdcd.zip")
    assert (old.version, old.built, old.there) == ("1.2.2", "", True)
    assert "other means" in old.why


def test_what_cannot_be_found_out_about_a_zip_has_its_reason() -> None:
    hub = Hub()
    gone = code_of(hub, "code", KEY)
    assert (gone.version, gone.built, gone.there) == ("1.2.3", "", False)
    assert "not in the bucket" in gone.why
    assert code_of(hub, "code", "mine.zip").version == ""
    hub.error = AwsError("no such bucket", code="NoSuchBucket")
    assert code_of(hub, "code", KEY) == Code(KEY, "1.2.3", why="no such bucket")


def test_a_bucket_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    hub = Hub()
    hub.error = AwsError("no such bucket", code="NoSuchBucket")
    with pytest.raises(AwsError, match="no such bucket"):
        push(hub, "code", [made(tmp_path)])
    hub.error = AccessDenied("no", code="403")
    with pytest.raises(AccessDenied):
        push(hub, "code", [made(tmp_path)])


def test_a_template_lies_under_a_key_by_content_and_has_an_address() -> None:
    hub = Hub()
    first = push_template(hub, "code", TEMPLATES["member"])
    assert re.fullmatch(r"templates/member-[0-9a-f]{16}\.yaml", first.key)
    assert first.uploaded
    assert hub.objects[first.key] == (TEMPLATES["member"].text.encode(), {})
    assert not push_template(hub, "code", TEMPLATES["member"]).uploaded
    assert url_of("code", first.key, "eu-west-1") == f"https://code.s3.eu-west-1.amazonaws.com/{first.key}"
    assert url_of("code", "k", "cn-north-1") == "https://code.s3.cn-north-1.amazonaws.com.cn/k"


def test_a_release_is_put_under_its_key() -> None:
    hub = Hub()
    assert push_release(hub, "code", "release.zip", b"all") == Pushed("release.zip", 3, True)
    assert hub.objects == {"release.zip": (b"all", {})}
