"""The Terraform modules have the parameters of the templates.

No reader of HCL is among the dependencies: blocks are found by their first and last lines, which the generator always
writes at the beginning of a line.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamplighter.deploy.family import TEMPLATES, folder, switch
from lamplighter.deploy.terraform import MODULES, files, variables, write

ROOT = Path(__file__).parents[2] / "terraform"
EVERY = pytest.mark.parametrize("module", MODULES)


def blocks(text: str, kind: str) -> dict[str, str]:
    """Bodies of the blocks of a kind, by their last label."""
    found = re.findall(rf'^{kind} (?:"[\w-]+" )?"(\w+)" \{{\n(.*?)^\}}$', text, re.MULTILINE | re.DOTALL)
    assert len(found) == len(re.findall(rf"^{kind} ", text, re.MULTILINE))
    return dict(found)


@EVERY
def test_the_files_are_what_the_templates_make(module: str) -> None:
    for name, text in files(module).items():
        assert (ROOT / module / name).read_text() == text, "run `make templates`"
    assert sorted(path.name for path in (ROOT / module).iterdir()) == sorted(files(module))


@EVERY
def test_variables_are_the_parameters_that_no_other_stack_puts_out(module: str) -> None:
    found = blocks((ROOT / module / "variables.tf").read_text(), "variable")
    parameters = {name for stack in MODULES[module] for name in TEMPLATES[stack].data["Parameters"]}
    parameters |= {switch(TEMPLATES[stack]) for stack in MODULES[module] if TEMPLATES[stack].without}
    outputs = {name for stack in MODULES[module] for name in TEMPLATES[stack].data["Outputs"]}
    # What the module's own stacks do not put out must be given: the outputs of the hub, to members.
    assert set(found) == {name for name in parameters if name not in outputs} | (set(found) & {"MemberRole"})
    assert set(found) == set(variables(module))
    for name, body in found.items():
        parameter = variables(module)[name]
        assert ("default " in body) == ("Default" in parameter), name
        kinds = {"Number": "number", "CommaDelimitedList": "list(string)", "String": "string"}
        assert f"type        = {kinds[parameter['Type']]}\n" in body


@EVERY
def test_every_stack_gets_every_parameter(module: str) -> None:
    stacks = blocks((ROOT / module / "main.tf").read_text(), "resource")
    assert list(stacks) == list(MODULES[module])
    for name, body in stacks.items():
        given = dict(re.findall(r"^    (\w+) += (.+)$", body, re.MULTILINE))
        assert list(given) == list(TEMPLATES[name].data["Parameters"])
        for value in given.values():
            told = re.fullmatch(r'aws_cloudformation_stack\.(\w+)\.outputs\["(\w+)"\]', value)
            if told:
                assert told[2] in TEMPLATES[told[1]].data["Outputs"]
            else:
                named = re.fullmatch(r'var\.(\w+)|join\(",", var\.(\w+)\)', value)
                assert named
                assert (named[1] or named[2]) in variables(module)
        file = re.search(r'file\("\$\{path\.module\}/(.+)"\)', body)
        assert file
        assert (ROOT / module / file[1]).resolve() == (folder() / TEMPLATES[name].file).resolve()


def test_a_stack_that_can_be_left_out_is_made_unless_its_variable_says_no() -> None:
    text = files("hub")
    assert '  count = var.Watch == "yes" ? 1 : 0\n' in blocks(text["main.tf"], "resource")["watch"]
    assert text["main.tf"].count("count =") == 1
    assert 'default     = "yes"' in blocks(text["variables.tf"], "variable")["Watch"]
    dashboard = blocks(text["outputs.tf"], "output")["DashboardName"]
    assert 'one(aws_cloudformation_stack.watch[*].outputs["DashboardName"])' in dashboard


def test_the_first_run_needs_no_keys_of_zips_and_the_next_one_asks_for_them() -> None:
    text = files("hub")
    made = blocks(text["variables.tf"], "variable")
    for stack, key in (("hub", "CoreCodeKey"), ("data", "DataCodeKey")):
        assert '  default     = ""\n' in made[key]
        assert f'condition     = var.{key} != ""' in blocks(text["main.tf"], "resource")[stack]
    assert text["main.tf"].count("precondition {") == 2


def test_a_variable_allows_what_every_stack_allows() -> None:
    body = blocks(files("hub")["variables.tf"], "variable")["Runtime"]
    assert 'contains(["python3.12", "python3.13"], var.Runtime)' in body
    assert 'default     = "python3.12"' in body


def test_lists_are_joined_and_defaults_are_split() -> None:
    text = files("hub")
    assert 'join(",", var.Regions)' in text["main.tf"]
    assert "default     = []" in blocks(text["variables.tf"], "variable")["Regions"]


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    assert len(write(tmp_path)) == 4 * len(MODULES)
    assert write(tmp_path) == []
