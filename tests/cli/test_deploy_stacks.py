"""`lamp deploy` as people type it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import Facts
from lamplighter.deploy.yamls import load
from lamplighter.estate.testing import EstateProbe
from lamplighter.scheduler import kept_definitions
from lamplighter.store.sqlite import SqliteStore


def zips(folder: Path) -> None:
    """Small packages of both groups."""
    folder.mkdir(exist_ok=True)
    for group in Group:
        with zipfile.ZipFile(folder / f"lamplighter-{group.value}-1.2.3-x.zip", "w") as archive:
            facts = Facts(group, "1.2.3", None, "", "python3.11", "x86_64", {})
            archive.writestr("lamplighter/_build.json", facts.text())


def test_templates_are_listed_and_printed(lamp: Lamp, tmp_path: Path) -> None:
    assert "AppRegistry" in lamp("deploy", "template").out
    assert lamp("deploy", "template", "hub").out.startswith("AWSTemplateFormatVersion")
    zips(tmp_path / "dist")
    done = lamp("deploy", "template", "hub", "--bucket", "example-code", "--out", "hub.yaml")
    assert done.code == 0
    assert 'Default: "code/core/1.2.3-' in (tmp_path / "hub.yaml").read_text()
    assert "watch" not in [row["name"] for row in lamp("deploy", "template", "--without", "watch", "-o", "json").rows]
    pipeline = load(lamp("deploy", "template", "pipeline", "--without", "watch").out)
    assert pipeline["Parameters"]["Watch"]["Default"] == "no"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("template", "hubs"), 2, "hub"),
        (("template", "hub", "--bucket", "b"), 2, "make them with `lamp deploy package`"),
        (("template", "hub", "--without", "watch"), 2, "template hub does not make the stack watch"),
        (("template", "--without", "state"), 2, "what can be left out: watch"),
        (("push",), 2, "--bucket NAME"),
        (("push", "--bucket", "b"), 2, "there are no zips in dist"),
        (("push", "--bucket", "b", "--parameters", "x"), 2, "add --release"),
        (("package", "--group", "all"), 2, "core"),
        (("package", "--machine", "vax"), 2, "x86_64 or arm64"),
        (("package", "--group", "core", "--python", "2.7"), 2, "--fetch"),
        (("status",), 2, "set AWS_REGION"),
        (("definitions",), 2, "there is no definition file"),
    ],
)
def test_what_is_used_wrongly_is_said(lamp: Lamp, words: tuple[str, ...], code: int, said: str) -> None:
    done = lamp("deploy", *words)
    assert done.code == code
    assert said in done.err


def test_definitions_go_into_the_store_with_the_calendars_they_name(lamp: Lamp, definitions: Path) -> None:
    ics = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n"
    (definitions.parent / "days.ics").write_text(ics)
    definitions.write_text(definitions.read_text() + "calendars: {days: {ical: days.ics}}\n")
    done = lamp("deploy", "definitions", "--store", "state.sqlite", "-o", "json")
    assert done.code == 0, done.err
    assert [(each["file"], each["version"]) for each in json.loads(done.out)] == [
        ("lamplighter.yaml", 1),
        ("days.ics", 1),
    ]
    store = SqliteStore(definitions.parent / "state.sqlite")
    kept = kept_definitions.read(store)
    store.close()
    assert dict(kept.files) == {"lamplighter.yaml": definitions.read_text(), "days.ics": ics}


def test_definitions_that_are_not_fit_for_use_stay_out(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("targets: {accounts: [12]}\n")
    done = lamp("deploy", "definitions", "--store", "state.sqlite")
    assert done.code == 2
    assert "nothing was put into the store" in done.err


def test_from_zips_to_stacks_and_away(lamp: Lamp, estate: EstateProbe, tmp_path: Path) -> None:
    estate.client("s3").create_bucket(
        Bucket="example-code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    zips(tmp_path / "dist")
    (tmp_path / "parameters.yaml").write_text("hub: {TagName: Plan, Regions: [eu-west-1, us-east-1]}\n")
    done = lamp("deploy", "push", "--bucket", "example-code", "--release", "--parameters", "parameters.yaml")
    assert done.code == 0, done.err
    assert "release.zip" in done.out
    assert "there already" in lamp("deploy", "push", "--bucket", "example-code").out
    missing = lamp("deploy", "push", "--bucket", "no-such-bucket")
    assert missing.code == 1
    before = lamp("deploy", "status")
    assert (before.code, before.out.count("not deployed"), before.out.count("left out")) == (0, 6, 1)
    template = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}, "Parameters": {"CoreCodeKey": {"Type": "String"}}}'
    key = [{"ParameterKey": "CoreCodeKey", "ParameterValue": "code/core/old.zip"}]
    estate.client("cloudformation").create_stack(StackName="lamplighter-hub", TemplateBody=template, Parameters=key)
    done = lamp("deploy", "status")
    assert done.code == 3
    assert "other than here" in done.out
    done = lamp("deploy", "destroy")
    assert done.code == 2
    assert "would be deleted" in done.out
    done = lamp("deploy", "destroy", "--yes")
    assert done.code == 0, done.err
    assert "being deleted" in done.out
    assert "there is no stack lamplighter-..." in lamp("deploy", "destroy", "--yes").err
