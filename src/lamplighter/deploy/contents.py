"""What goes into a zip: distributions by name, and of each the files that a function needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import Final

import lamplighter
from lamplighter.errors import UsageError

OWN: Final = "lamplighter"

LEFT_OUT: Final = ("boto3", "s3transfer")
"""The code calls botocore itself; what boto3 adds is 2 MB and 0.1 s of a cold start."""

SERVICES: Final = (
    "autoscaling",
    "ce",
    "cloudformation",
    "cloudwatch",
    "docdb",
    "dynamodb",
    "ec2",
    "ecs",
    "eks",
    "elasticache",
    "es",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "neptune",
    "opensearch",
    "organizations",
    "rds",
    "redshift",
    "resource-groups",
    "resourcegroupstaggingapi",
    "s3",
    "sagemaker",
    "savingsplans",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sso",
    "sso-oidc",
    "sts",
)
"""Services whose models botocore keeps; a test finds those that the code calls. All of them are 20 MB."""

_NEW_SYSTEM: Final = (3, 12)
"""The first Python of Lambda on Amazon Linux 2023; those before run on Amazon Linux 2.

Source: AWS Lambda developer guide, "Lambda runtimes". Their C libraries are glibc 2.34 and 2.26.
"""

_OWN_LEFT: Final = ("estate",)
"""Folders of our own that no function uses: the simulated AWS."""

_INFO: Final = ("METADATA", "entry_points.txt")
_NO_FOLDERS: Final = {"tests", "test", "__pycache__", "bin", "include", "examples"}
_NO_ENDINGS: Final = (".pyi", ".pyc", ".a", ".h", ".c", ".pyx", ".pxd", ".cpp", ".hpp")


def glibc(python: str) -> int:
    """The minor version of glibc 2 that Lambda has for a Python: `3.11` has glibc 2.26.

    Raises:
        UsageError: it is no version of Python.
    """
    parts = python.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise UsageError(f"{python!r} is no version of Python", hint="say 3.12")
    return 34 if (int(parts[0]), int(parts[1])) >= _NEW_SYSTEM else 26


def closure(roots: Iterable[str], *, python: str = "", machine: str = "x86_64") -> dict[str, str]:
    """The installed distributions that roots need on Lambda, with their versions by normalized name, roots included.

    Args:
        roots: names of distributions.
        python: version of the functions, `3.12`; that of this process unless given.
        machine: `x86_64` or `arm64`.

    Raises:
        UsageError: one is not installed.
    """
    try:
        from packaging.requirements import Requirement
    except ImportError as error:
        raise UsageError("packages cannot be put together here", hint="pip install 'lamplighter[deploy]'") from error
    found: dict[str, str] = {}
    todo = [Requirement(name) for name in roots]
    seen: set[tuple[str, str]] = set()
    there = _environment(python, machine)
    while todo:
        wanted = todo.pop()
        name = _normal(wanted.name)
        if name in LEFT_OUT:
            # What it needs beside itself is needed all the same.
            todo.append(Requirement("botocore"))
            continue
        dist = _installed(wanted.name)
        found[name] = dist.version
        for extra in {"", *wanted.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            todo += [
                needed
                for needed in map(Requirement, dist.requires or ())
                if needed.marker is None or needed.marker.evaluate({**there, "extra": extra})
            ]
    return dict(sorted(found.items()))


def _environment(python: str, machine: str) -> dict[str, str]:
    """What markers of requirements ask for, on Lambda (PyPA specification, "Dependency specifiers")."""
    found = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    found["platform_machine"] = _architecture(machine)
    return {**found, "python_version": python, "python_full_version": f"{python}.0"} if python else found


def _architecture(machine: str) -> str:
    return {"arm64": "aarch64"}.get(machine, machine)


def misfits(names: Iterable[str], python: str) -> list[str]:
    """What is installed and compiled for a newer system than Lambda has for a Python, a text each."""
    most = glibc(python)
    found = []
    for name in names:
        dist = _installed(name)
        least = _needed_glibc(dist.read_text("WHEEL") or "")
        if least is None:
            found.append(f"{name} {dist.version} was compiled for another system")
        elif least > most:
            found.append(f"{name} {dist.version} needs glibc 2.{least}")
    return found


_MANYLINUX: Final = re.compile(r"(?:manylinux_2_(\d+)|(manylinux2014|manylinux2010|manylinux1))_\w+")


def _needed_glibc(wheel: str) -> int | None:
    """The minor version of glibc 2 that a wheel needs, by its tags (PEP 600); None if it does not run on glibc.

    Wheels of pure Python need none, which is 0.
    """
    found = []
    for tag in re.findall(r"^Tag: \S+?-\S+?-(\S+)$", wheel, re.MULTILINE):
        match = _MANYLINUX.fullmatch(tag)
        if tag == "any":
            return 0
        if match:
            found.append(int(match[1] or 17))
    return min(found, default=None)


def copy_distribution(name: str, stage: Path) -> None:
    """Copy the files of an installed distribution that a function needs.

    Raises:
        UsageError: it is not installed, or does not say which files it has.
    """
    dist = _installed(name)
    if dist.files is None:
        raise UsageError(f"{name} does not say which files it has", hint="install it anew, or say --fetch")
    for file in dist.files:
        place = PurePosixPath(file)
        if ".." not in place.parts and not place.is_absolute() and needed(place):
            _copy(Path(str(file.locate())), stage / place)


def copy_own(stage: Path) -> None:
    """Copy our own package, without what only a workplace needs."""
    root = Path(lamplighter.__file__).parent
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and inside.parts[0] not in _OWN_LEFT and "__pycache__" not in inside.parts:
            _copy(path, stage / OWN / inside)


def fetch_wheels(versions: Mapping[str, str], stage: Path, *, python: str, machine: str) -> None:
    """Fetch wheels of given versions with pip, from the index that it is set to.

    Args:
        versions: by name.
        stage: where to unpack them.
        python: version, `3.12`.
        machine: `x86_64` or `arm64`.

    Raises:
        UsageError: pip cannot.
    """
    place = stage.parent / "fetched"
    architecture = _architecture(machine)
    # A wheel has the tag of the oldest system on which it runs, whichever that is. 2.17 is the oldest with a tag of its
    # own that anybody still makes; pip takes manylinux2010 and manylinux1 along with manylinux2014.
    platforms = [f"manylinux_2_{minor}_{architecture}" for minor in range(glibc(python), 16, -1)]
    platforms.append(f"manylinux2014_{architecture}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
    command += [word for platform in platforms for word in ("--platform", platform)]
    pinned = [f"{name}=={version}" for name, version in versions.items()]
    done = subprocess.run(  # noqa: S603 - names of installed distributions
        [*command, "--target", str(place), *pinned], check=False, capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["pip is not installed"]
        raise UsageError(
            f"the wheels cannot be fetched: {said[-1]}",
            hint=f"see whether there are wheels for that Python and glibc 2.{glibc(python)}, which Lambda has for it",
        )
    for path in sorted(place.rglob("*")):
        inside = PurePosixPath(path.relative_to(place).as_posix())
        if path.is_file() and needed(inside):
            _copy(path, stage / inside)


def needed(place: PurePosixPath) -> bool:
    """Whether a function needs a file of a distribution."""
    parts = place.parts
    if parts[0].endswith(".dist-info"):
        return place.name in _INFO or "licen" in str(place).lower() or "notice" in str(place).lower()
    if place.suffix in _NO_ENDINGS or _NO_FOLDERS & set(parts[:-1]):
        return False
    if parts[:2] == ("botocore", "data") and len(parts) > 3:
        return parts[2] in SERVICES and not place.name.startswith("examples-")
    return True


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise UsageError(
            f"{name} is not installed", hint="pip install 'lamplighter[lambda,lake,commit,reports]'"
        ) from error


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
