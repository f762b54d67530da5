"""Zips under keys by content, with what they were made of beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.deploy.hub import Hub, made

from lamplighter.deploy.push import Code, Pushed, code_of, push, push_release
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
    assert hub.objects == {}


def test_who_may_not_look_sends_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    good = hub.call

    def blind(service: str, operation: str, /, **params: Any) -> Any:
        if operation == "head_object":
            raise AccessDenied("Forbidden", code="403")
        return good(service, operation, **params)

    monkeypatch.setattr(hub, "call", blind)
    (sent,) = push(hub, "code", [made(tmp_path)])
    assert (sent.uploaded, list(hub.objects)) == (True, [sent.key])


def test_a_release_is_put_under_its_key() -> None:
    hub = Hub()
    assert push_release(hub, "code", "release.zip", b"all") == Pushed("release.zip", 3, True)
    assert hub.objects == {"release.zip": (b"all", {})}
