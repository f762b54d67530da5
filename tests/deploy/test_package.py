"""Zips: the same bytes each time, within Lambda's limits, and every handler works from its zip alone."""

from __future__ import annotations

import ast
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

import pytest
from botocore.session import get_session

import lamplighter
from lamplighter.deploy import contents
from lamplighter.deploy import package as module
from lamplighter.deploy.contents import LEFT_OUT, SERVICES, closure, needed
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import HANDLERS, Group
from lamplighter.deploy.package import (
    DIRECT,
    ROOTS,
    RUNTIMES,
    UNPACKED,
    WHERE_INSTALLED,
    Facts,
    Package,
    build,
    contents_of,
    open_package,
    outdated,
    read_facts,
)
from lamplighter.errors import UsageError

EPOCH = {"SOURCE_DATE_EPOCH": "1795424400"}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Group, Package]:
    """Both zips."""
    out = tmp_path_factory.mktemp("dist")
    # Bytecode of numpy takes seconds, and that of the core shows as well how it is made. It is tried out here, whose
    # system may be newer than Lambda's.
    return {
        group: build(group, out, environ=EPOCH, bytecode=group is Group.CORE, for_lambda=group is Group.CORE)
        for group in Group
    }


@pytest.fixture(scope="module")
def unpacked(packages: Mapping[Group, Package], tmp_path_factory: pytest.TempPathFactory) -> dict[Group, Path]:
    """Where both zips are unpacked."""
    found = {}
    for group, made in packages.items():
        found[group] = tmp_path_factory.mktemp(group.value)
        with zipfile.ZipFile(made.path) as archive:
            archive.extractall(found[group])
    return found


@pytest.mark.slow
def test_the_same_input_makes_the_same_bytes(packages: Mapping[Group, Package], tmp_path: Path) -> None:
    again = build(Group.CORE, tmp_path, environ=EPOCH)
    first = packages[Group.CORE]
    assert again.digest == first.digest
    assert again.path.read_bytes() == first.path.read_bytes()
    assert again.key == f"code/core/{lamplighter.__version__}-{first.digest[:16]}.zip"


AGAIN = """
import os, sys, time
from pathlib import Path
os.umask(0o077)
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import build
import lamplighter
assert Path(lamplighter.__file__).is_relative_to(sys.argv[1]), lamplighter.__file__
made = build(Group.DATA, Path("out"), bytecode=False, for_lambda=False, environ={"SOURCE_DATE_EPOCH": sys.argv[2]})
print(made.digest)
"""


@pytest.mark.slow
def test_the_data_zip_has_the_same_bytes_wherever_and_whenever_it_is_made(
    packages: Mapping[Group, Package], tmp_path: Path
) -> None:
    """Sources elsewhere, of another time and mode; another folder, time zone, mask, locale and seed of hashes."""
    source = Path(lamplighter.__file__).parent
    elsewhere = tmp_path / "elsewhere"
    copied = elsewhere / "src" / "lamplighter"
    shutil.copytree(source, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for path in copied.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    (copied / "deploy" / "__pycache__").mkdir()
    environ = {
        "PYTHONPATH": str(copied.parent),
        "PYTHONHASHSEED": "77",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PATH": os.environ["PATH"],
        # Which commit it is, is part of what goes in.
        **_git_of(source, elsewhere),
    }
    command = [sys.executable, "-c", AGAIN, str(copied.parent), EPOCH["SOURCE_DATE_EPOCH"]]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == packages[Group.DATA].digest
    [made] = (tmp_path / "out").iterdir()
    assert made.name == packages[Group.DATA].path.name


def _git_of(source: Path, root: Path) -> dict[str, str]:
    """Variables with which git takes a folder for the root of the repository that a source lies in."""
    done = subprocess.run(
        ["git", "-C", str(source), "rev-parse", "--absolute-git-dir"], capture_output=True, text=True, check=False
    )
    return {"GIT_DIR": done.stdout.strip(), "GIT_WORK_TREE": str(root)} if done.returncode == 0 else {}


def test_what_lambdas_system_cannot_load_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "misfits", lambda names, python: ["numpy 9.9 needs glibc 2.99"])
    with pytest.raises(UsageError, match=r"core would not run: numpy 9\.9 needs glibc 2\.99, and Lambda has") as caught:
        build(Group.CORE, tmp_path)
    assert "--fetch" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_the_templates_allow_the_pythons_that_zips_are_made_for() -> None:
    for group, name in ((Group.CORE, "hub"), (Group.DATA, "data")):
        runtime = TEMPLATES[name].data["Parameters"]["Runtime"]
        assert runtime["AllowedValues"] == [f"python{each}" for each in RUNTIMES[group]]
        assert runtime["Default"] == "python3.12"


def test_slack_is_in_the_core_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = contents_of(Group.CORE, for_lambda=False)
    assert versions["slack-sdk"] == distribution("slack-sdk").version
    monkeypatch.setattr(module, "WHERE_INSTALLED", {Group.CORE: ("lit-lamp-that-nobody-has",)})
    assert contents_of(Group.CORE, for_lambda=False) == {
        name: version for name, version in versions.items() if name != "slack-sdk"
    }


@pytest.mark.slow
def test_zips_are_within_the_limits_of_lambda(packages: Mapping[Group, Package]) -> None:
    assert packages[Group.CORE].size < DIRECT
    for made in packages.values():
        assert made.unpacked < UNPACKED
        with zipfile.ZipFile(made.path) as archive:
            assert sum(member.file_size for member in archive.infolist()) == made.unpacked
            # Bytecode, which the data zip lacks here, is about as large as what it is made of.
            source = sum(member.file_size for member in archive.infolist() if member.filename.endswith(".py"))
            assert made.unpacked + 1.5 * source < UNPACKED
            assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert archive.namelist() == sorted(archive.namelist())


@pytest.mark.slow
def test_version_and_time_of_the_build_are_inside(packages: Mapping[Group, Package]) -> None:
    facts = read_facts(packages[Group.DATA].path)
    assert facts == packages[Group.DATA].facts
    assert facts.version == lamplighter.__version__
    assert facts.built is not None
    assert facts.built.isoformat() == "2026-11-23T09:00:00+00:00"
    assert facts.python == f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert {"duckdb", "numpy", "highspy", "xlsxwriter", "sqlglot"} <= set(facts.dependencies)
    assert open_package(packages[Group.DATA].path) == packages[Group.DATA]


@pytest.mark.slow
def test_only_what_is_needed_is_inside(packages: Mapping[Group, Package]) -> None:
    names = zipfile.ZipFile(packages[Group.CORE].path).namelist()
    tops = {name.split("/")[0] for name in names}
    assert not tops & {"duckdb", "numpy", "highspy", "xlsxwriter", "boto3", "moto", "pytest"}
    assert not [name for name in names if name.startswith("lamplighter/estate/")]
    assert not [name for name in names if "/tests/" in name or name.endswith((".pyi", "/RECORD", "direct_url.json"))]
    _only_distributions(packages)
    data = {name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2}
    assert data <= {*SERVICES, "__pycache__"}
    texts = [name for name in names if name.endswith((".py", ".json", "METADATA"))]
    archive = zipfile.ZipFile(packages[Group.CORE].path)
    home = str(Path(lamplighter.__file__).parents[2]).encode()
    assert not [name for name in (*texts, *[n for n in names if n.endswith(".pyc")]) if home in archive.read(name)]


def _only_distributions(packages: Mapping[Group, Package]) -> None:
    """What lies in a zip belongs to a distribution that is needed, and each of those is there."""
    for group, made in packages.items():
        with zipfile.ZipFile(made.path) as archive:
            infos = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
            tops = {name.split("/")[0] for name in archive.namelist()} - infos - {"lamplighter", "__pycache__"}
        wanted = set(closure((*ROOTS[group], *WHERE_INSTALLED[group]))) - {"lamplighter"}
        assert {_normal(name) for name in infos} == wanted
        owned = {
            str(file).split("/")[0]
            for name in wanted
            for file in distribution(name).files or ()
            if ".." not in str(file)
        }
        assert tops <= owned


def _normal(info: str) -> str:
    """`typing_extensions-4.1.dist-info` is `typing-extensions`."""
    name, _, _version = info.removesuffix(".dist-info").partition("-")
    return re.sub(r"[-_.]+", "-", name).lower()


ASK = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
name = sys.argv[2]
module = importlib.import_module(f"lamplighter.lambdas.{name}")
assert module.__file__.startswith(sys.argv[1]), module.__file__
assert callable(module.handler)
from lamplighter.lambdas.runtime import Runtime
from lamplighter.store.memory import MemoryStore
loaded = sorted({each.split(".")[0] for each in sys.modules})
print(json.dumps(loaded))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_is_imported_from_its_zip_alone(unpacked: dict[Group, Path], name: str) -> None:
    handler = HANDLERS[name]
    loaded = json.loads(_run(ASK, unpacked[handler.group], name))
    # What is not needed for every event is not loaded before one comes.
    assert not {"duckdb", "numpy", "highspy", "xlsxwriter", "botocore", "holidays", "pydantic"} & set(loaded)


WORK = """
import json, sys
sys.path.insert(0, sys.argv[1])
from lamplighter.lambdas.runtime import Runtime
from lamplighter.lambdas import custom_resource, events, passes
with_ = Runtime({"LAMPLIGHTER_STORE": "memory:", "LAMPLIGHTER_QUEUE_URL": "https://queue", "AWS_REGION": "eu-west-1"})
assert custom_resource.answer({}, None, with_)["Status"] == "PARKED"
assert events.answer({"source": "x"}, with_)["did"] == "parked"
assert passes.answer({"Records": []}, None, with_) == {"batchItemFailures": []}
from lamplighter.scheduler.kept_definitions import put_files
put_files(with_.store, {"lamplighter.yaml": "calendars: {de: {holidays: {country: DE}}}"})
assert with_.configuration().problems == ()
import botocore.session
for service in sys.argv[2].split(","):
    botocore.session.get_session().create_client(service, region_name="eu-west-1")
from lamplighter.cli.main import main
import slack_sdk.errors, slack_sdk.webhook
assert slack_sdk.webhook.WebhookClient.__module__ == "slack_sdk.webhook.client"
"""


@pytest.mark.slow
def test_handlers_work_from_the_zip_alone(unpacked: dict[Group, Path]) -> None:
    _run(WORK, unpacked[Group.CORE], "s3,sqs,scheduler,rds,ec2")


@pytest.mark.slow
def test_the_data_zip_has_what_it_needs(unpacked: dict[Group, Path]) -> None:
    ask = (
        "import sys; sys.path.insert(0, sys.argv[1]); import duckdb, numpy, highspy, xlsxwriter, sqlglot;"
        "print(duckdb.sql('select 42').fetchall()[0][0] + numpy.arange(3).sum())"
    )
    assert _run(ask, unpacked[Group.DATA], "").strip() == "45"


def _run(code: str, place: Path, word: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "ignore", "-c", code, str(place), word],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_service_that_the_code_calls_is_kept() -> None:
    known = set(get_session().get_available_services())
    called: set[str] = set()
    for path in Path(lamplighter.__file__).parent.rglob("*.py"):
        if "estate" not in path.parts:
            called |= {name for name in _first_words(path) if name in known}
    assert {"ec2", "rds", "sqs", "ssm", "s3"} <= called
    assert called <= set(SERVICES), "put it into SERVICES of deploy/contents.py"
    assert set(SERVICES) <= known


def _first_words(path: Path) -> Iterator[str]:
    """Texts that calls in a module begin with, and the services that members of families name."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="call" | "pages" | "download"), args=[ast.Constant(value=str(name)), *_]
            ):
                yield name
            case ast.AnnAssign(target=ast.Name(id="service"), value=ast.Constant(value=str(name))):
                yield name


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("pydantic/main.py", True),
        ("pydantic/main.pyi", False),
        ("numpy/_core/tests/test_x.py", False),
        ("numpy/_core/include/numpy/x.h", False),
        ("pydantic-2.0.dist-info/METADATA", True),
        ("pydantic-2.0.dist-info/licenses/LICENSE", True),
        ("pydantic-2.0.dist-info/RECORD", False),
        ("pydantic-2.0.dist-info/direct_url.json", False),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/examples-1.json", False),
        ("botocore/data/zocalo/2016-11-15/service-2.json.gz", False),
        ("botocore/data/endpoints.json", True),
    ],
)
def test_files_that_are_needed(place: str, wanted: bool) -> None:
    assert needed(PurePosixPath(place)) is wanted


def test_what_distributions_need_is_found_without_boto3() -> None:
    found = closure(["lamplighter"])
    assert {"botocore", "pydantic", "typer", "jmespath", "urllib3"} <= set(found)
    assert not set(found) & {*LEFT_OUT, "duckdb", "moto", "pytest"}
    assert "duckdb" in closure(["lamplighter[lake]"])


def test_what_is_not_installed_is_said() -> None:
    with pytest.raises(UsageError, match="no-such-thing is not installed"):
        closure(["no-such-thing"])


def test_what_is_installed_fits_one_python_and_machine_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not 3\.13 on linux and x86_64") as caught:
        build(Group.CORE, tmp_path, python="3.13")
    assert "--fetch" in caught.value.hint


@pytest.mark.parametrize(
    ("system", "processors", "libc", "here"),
    [
        ("darwin", "arm64", "", "darwin and arm64"),
        ("darwin", "x86_64", "", "darwin and x86_64"),
        ("win32", "AMD64", "", "win32 and x86_64"),
        ("linux", "aarch64", "glibc", "linux and arm64"),
        ("linux", "x86_64", "musl", "linux without glibc and x86_64"),
    ],
)
def test_what_is_installed_elsewhere_than_on_such_a_linux_is_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, processors: str, libc: str, here: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: processors)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, "2.36"))
    with pytest.raises(UsageError) as caught:
        build(Group.CORE, tmp_path)
    assert f"on {here}, not 3." in caught.value.message
    assert "--fetch" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_what_only_another_system_needs_is_not_for_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    class Needing:
        version = "1.0"
        requires = (
            "colorama; sys_platform == 'win32'",
            "greenlet; platform_machine == 'aarch64' and os_name == 'posix'",
            "tomli; python_version < '3.11'",
        )

    asked: list[str] = []

    def installed(name: str) -> Needing:
        asked.append(name)
        return Needing()

    monkeypatch.setattr(contents, "_installed", installed)
    assert list(closure(["lamp"])) == ["lamp"]
    assert list(closure(["lamp"], machine="arm64")) == ["greenlet", "lamp"]
    assert list(closure(["lamp"], python="3.10")) == ["lamp", "tomli"]


def facts(version: str, commit: str) -> Facts:
    return Facts(Group.CORE, version, None, commit, "python3.11", "x86_64", {})


def test_a_zip_of_another_version_or_commit_is_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_git", lambda *_: "c0ffee" * 7)
    ours = lamplighter.__version__
    assert outdated(facts(ours, "c0ffee" * 7)) == ""
    assert outdated(facts(ours, "")) == ""
    assert outdated(facts(ours, "decade" * 7)) == "is of commit decadedecade, and this is c0ffeec0ffee"
    assert outdated(facts("0.0.1", "")) == f"is of version 0.0.1, and this is {ours}"
    monkeypatch.setattr(module, "_git", lambda *_: "")
    assert outdated(facts(ours, "decade" * 7)) == ""


def test_a_time_of_the_build_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH is 'now'"):
        build(Group.CORE, tmp_path, environ={"SOURCE_DATE_EPOCH": "now"})


def test_a_repository_around_it_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An installed lamplighter in the .venv of somebody's project, which is ignored there.
    inside = tmp_path / ".venv" / "lamplighter"
    inside.mkdir(parents=True)
    (inside / "__init__.py").touch()
    (tmp_path / ".gitignore").write_text(".venv\n")
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    for words in (["init", "-q"], ["add", ".gitignore"], [*who, "commit", "-q", "-m", "theirs"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, env=own)
    monkeypatch.setattr(lamplighter, "__file__", str(inside / "__init__.py"))
    assert module._source({}) == (None, "")
    subprocess.run(["git", "-C", str(tmp_path), "add", "-f", str(inside)], check=True, env=own)
    subprocess.run(["git", "-C", str(tmp_path), *who, "commit", "-q", "-m", "ours"], check=True, env=own)
    at, commit = module._source({})
    assert (at is not None, len(commit)) == (True, 40)


def test_without_git_and_epoch_the_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_git", lambda *_: "")
    assert module._source({}) == (None, "")


@pytest.mark.parametrize("content", [b"", b"text"])
def test_what_is_no_package_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no package of Lamplighter"):
        open_package(path)


def test_a_zip_without_facts_is_no_package(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lamplighter/_build.json", '{"built": 1}')
    with pytest.raises(UsageError, match="is no package of Lamplighter"):
        read_facts(path)
