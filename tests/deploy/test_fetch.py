"""`--fetch`: wheels for Lambda's Python and processors, fetched by pip from an index that is a folder here."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.deploy import contents
from lamplighter.deploy.contents import OWN, closure, fetch_wheels, glibc, misfits
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import ROOTS, WHERE_INSTALLED, open_package
from lamplighter.errors import UsageError

VERSIONS = {"lit-lamp": "1.2", "lit-wick": "0.3"}


def wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any") -> None:
    """A wheel whose one module says for what it was made."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{module}-{version}-{tag}.whl", "w") as archive:
        archive.writestr(f"{module}/__init__.py", f"TAG = {tag!r}\n")
        archive.writestr(f"{module}/tests/test_it.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip takes for its index, and nothing else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TARGET", "PIP_USER"):
        monkeypatch.delenv(name, raising=False)
    return folder


def fetched(stage: Path, python: str, machine: str) -> dict[str, str]:
    """The tag of the wheel that came, by module."""
    stage.mkdir(parents=True)
    fetch_wheels(VERSIONS, stage, python=python, machine=machine)
    assert not list(stage.rglob("tests"))
    assert not list(stage.rglob("RECORD"))
    return {path.parent.name: path.read_text().split("'")[1] for path in stage.glob("*/__init__.py")}


@pytest.mark.slow
def test_wheels_are_those_of_lambdas_python_processors_and_system(index: Path, tmp_path: Path) -> None:
    wheel(index, "lit-wick", "0.3")
    for tag in (
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-cp311-manylinux_2_28_x86_64",
        "cp312-cp312-manylinux_2_31_x86_64",
        "cp312-cp312-manylinux_2_35_x86_64",
        "cp312-cp312-manylinux_2_28_aarch64",
        "cp312-cp312-musllinux_1_2_x86_64",
        "cp312-cp312-macosx_11_0_arm64",
    ):
        wheel(index, "lit-lamp", "1.2", tag)
    wheel(index, "lit-lamp", "1.3")
    found = {
        (python, machine): fetched(tmp_path / f"{python}-{machine}" / "stage", python, machine)
        for python, machine in [("3.11", "x86_64"), ("3.12", "x86_64"), ("3.12", "arm64")]
    }
    # A newer one that the system lacks, and another version, are not taken.
    assert found == {
        ("3.11", "x86_64"): {"lit_lamp": "cp311-cp311-manylinux2014_x86_64", "lit_wick": "py3-none-any"},
        ("3.12", "x86_64"): {"lit_lamp": "cp312-cp312-manylinux_2_31_x86_64", "lit_wick": "py3-none-any"},
        ("3.12", "arm64"): {"lit_lamp": "cp312-cp312-manylinux_2_28_aarch64", "lit_wick": "py3-none-any"},
    }


@pytest.mark.slow
def test_what_lambdas_system_cannot_load_is_not_fetched(index: Path, tmp_path: Path) -> None:
    wheel(index, "lit-wick", "0.3")
    wheel(index, "lit-lamp", "1.2", "cp311-cp311-manylinux_2_28_x86_64")
    with pytest.raises(UsageError, match=r"cannot be fetched: .*lit-lamp==1\.2") as caught:
        fetched(tmp_path / "a" / "stage", "3.11", "x86_64")
    assert "glibc 2.26" in caught.value.hint


@pytest.mark.slow
def test_a_package_for_another_python_by_the_command(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    versions = closure((*ROOTS[Group.CORE], *WHERE_INSTALLED[Group.CORE]), python="3.12", machine="arm64")
    for name, version in versions.items():
        if name != OWN:
            wheel(index, name, version)
    words = ("deploy", "package", "--group", "core", "--python", "3.12", "--machine", "arm64", "--fetch", "-o", "json")
    said = Lamp()(*words)
    assert said.code == 0, said.err
    [row] = said.rows
    made = open_package(Path(row["file"]))
    assert (made.facts.python, made.facts.machine) == ("python3.12", "arm64")
    assert made.facts.dependencies == {name: version for name, version in versions.items() if name != OWN}
    with zipfile.ZipFile(made.path) as archive:
        names = archive.namelist()
        assert archive.read("botocore/__init__.py") == b"TAG = 'py3-none-any'\n"
        assert json.loads(archive.read("lamplighter/_build.json"))["python"] == "python3.12"
    # Bytecode would be that of this Python.
    assert [name for name in names if name.endswith(".pyc")] == []
    assert "lamplighter/lambdas/clock.py" in names
    assert Lamp()(*words).rows[0]["sha256"] == row["sha256"]
    (index / f"botocore-{versions['botocore']}-py3-none-any.whl").unlink()
    said = Lamp()(*words)
    assert said.code == 2
    assert "the wheels cannot be fetched: " in said.err
    assert "hint: see whether there are wheels for that Python" in said.err


# --- what fits


@pytest.mark.parametrize(("python", "minor"), [("3.11", 26), ("3.9", 26), ("3.12", 34), ("3.13", 34)])
def test_the_system_of_a_python(python: str, minor: int) -> None:
    assert glibc(python) == minor


@pytest.mark.parametrize("python", ["3", "3.x", "three", "3.12.1", ""])
def test_what_is_no_python(python: str) -> None:
    with pytest.raises(UsageError, match="is no version of Python"):
        glibc(python)


class Installed:
    """A distribution as it says what it is."""

    version = "1.2"

    def __init__(self, *tags: str) -> None:
        self._wheel = "".join(f"Tag: {tag}\n" for tag in tags)

    def read_text(self, _name: str) -> str:
        return self._wheel


@pytest.mark.parametrize(
    ("tags", "old", "new"),
    [
        (["py3-none-any"], None, None),
        (["cp311-abi3-manylinux_2_17_x86_64", "cp311-abi3-manylinux2014_x86_64"], None, None),
        (["cp311-cp311-manylinux_2_24_x86_64", "cp311-cp311-manylinux_2_28_x86_64"], None, None),
        (["cp311-cp311-manylinux_2_27_x86_64", "cp311-cp311-manylinux_2_28_x86_64"], "needs glibc 2.27", None),
        (["cp311-cp311-manylinux_2_35_x86_64"], "needs glibc 2.35", "needs glibc 2.35"),
        (["cp311-cp311-linux_x86_64"], "was compiled for another system", "was compiled for another system"),
        (["cp311-cp311-musllinux_1_2_x86_64"], "was compiled for another system", "was compiled for another system"),
    ],
)
def test_what_is_installed_may_need_a_newer_system(
    tags: list[str], old: str | None, new: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "_installed", lambda _name: Installed(*tags))
    assert misfits(["lamp"], "3.11") == ([f"lamp 1.2 {old}"] if old else [])
    assert misfits(["lamp"], "3.12") == ([f"lamp 1.2 {new}"] if new else [])
