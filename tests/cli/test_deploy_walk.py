"""The block "By hand" of docs/deployment.md, walked line by line as it is written, against the simulated AWS."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from tests.cli.deployment import names, parameters_of, zips
from tests.deploy.test_deployed import fitted, unfolded, without_functions

from lamplighter.cli.testing import Lamp
from lamplighter.deploy.yamls import load
from lamplighter.estate.testing import EstateProbe

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()
BLOCK = re.search(r"^### By hand\n.*?^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"\$\(output (\w+) (\w+)\)")


def output(estate: EstateProbe, stack: str, key: str) -> str:
    """What the shell's function of the block says."""
    (found,) = estate.client("cloudformation").describe_stacks(StackName=f"lamplighter-{stack}")["Stacks"]
    (value,) = [each["OutputValue"] for each in found["Outputs"] if each["OutputKey"] == key]
    return str(value)


def deploy(estate: EstateProbe, words: list[str]) -> None:
    """`aws cloudformation deploy`: only parameters that the template has, and every one that has no default."""
    options = {name: words[words.index(name) + 1] for name in ("--stack-name", "--template-file")}
    given = dict(each.split("=", 1) for each in words if re.match(r"[A-Z]\w+=", each))
    template = load(Path(options["--template-file"]).read_text())
    parameters = template["Parameters"]
    if options["--stack-name"] == "lamplighter-state":
        # moto takes the tags of a key in a template for those of the API and fails: the key is made beforehand.
        given["ExistingKeyArn"] = estate.client("kms").create_key()["KeyMetadata"]["Arn"]
    assert set(given) <= set(parameters)
    assert {name for name, each in parameters.items() if "Default" not in each} <= set(given)
    whole = {name: str(each.get("Default")) for name, each in parameters.items()} | given
    estate.client("cloudformation").create_stack(
        StackName=options["--stack-name"],
        TemplateBody=json.dumps(fitted(unfolded(without_functions(template), "Schedule"), set())),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in whole.items()],
    )


@pytest.mark.filterwarnings("ignore:Tried to parse AWS")  # what is not made there is held to service models
def test_the_block_works_as_it_is_written(
    lamp: Lamp, estate: EstateProbe, definitions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BLOCK is not None
    done: list[str] = []
    for line in BLOCK[1].replace("\\\n", " ").splitlines():
        told = OUTPUT.sub(lambda found: output(estate, found[1], found[2]), line).replace("$AWS_REGION", "eu-west-1")
        words = shlex.split(told, comments=True)
        match words:
            case ["export", variable]:
                assert variable == "AWS_REGION=eu-central-1"
                monkeypatch.setenv("AWS_REGION", "eu-west-1")
            case ["lamp", "deploy", "package", *_]:
                zips(tmp_path / "dist")  # wheels are fetched in tests/deploy/test_fetch.py
            case ["lamp", *rest]:
                said = lamp(*rest)
                assert said.code == 0, f"{line}: {said.err}"
                done.append(said.out)
            case ["aws", "cloudformation", "deploy", *_]:
                deploy(estate, words)
    order = ["data", "hub", "member", "state", "watch"]
    assert names(estate) == [f"lamplighter-{name}" for name in order]
    hub = parameters_of(estate, "lamplighter-hub")
    assert (hub["Runtime"], hub["Regions"]) == ("python3.12", "eu-central-1,eu-west-1")
    assert hub["CoreCodeKey"].startswith("code/core/")
    assert "as here" in done[-2]
    assert "not deployed" in done[-2], "application, lake and pipeline"
    assert lamp("deploy", "status").code == 0
    stored = estate.client("dynamodb").scan(TableName="lamplighter-definitions")["Items"]
    assert any("lamplighter.yaml" in row["sort"]["S"] for row in stored)
