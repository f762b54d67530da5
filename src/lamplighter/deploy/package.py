"""Zips for Lambda: reproducible, within its limits, with nothing in them that a handler does not need.

Same input, same bytes: files in order, with one time and one mode for all; bytecode beside them, as the folder of a
function cannot be written, bound to no time of a file. What a zip was made of stands in it, `lamplighter/_build.json`.
Limits: AWS Lambda developer guide, "Lambda quotas": 250 MB unpacked, 50 MB for a zip that is not uploaded through S3.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import lamplighter
from lamplighter.deploy.contents import OWN, closure, copy_distribution, copy_own, fetch_wheels, glibc, misfits
from lamplighter.deploy.handlers import Group
from lamplighter.errors import UsageError

UNPACKED: Final = 250 * 1024 * 1024
DIRECT: Final = 50 * 1024 * 1024

RUNTIMES: Final[Mapping[Group, tuple[str, ...]]] = {
    Group.CORE: ("3.11", "3.12", "3.13"),
    Group.DATA: ("3.12", "3.13"),
}
"""Versions of Python that functions of a zip run on, which the templates allow: DuckDB needs the glibc of 3.12."""

FACTS: Final = "_build.json"
"""Beside the package's modules: what the zip was made of."""

WHERE_INSTALLED: Final[Mapping[Group, tuple[str, ...]]] = {Group.CORE: ("slack-sdk",), Group.DATA: ()}
"""Distributions that functions work without: slack-sdk is 0.3 MB of zip, of which only `passes` sends messages."""

_NEWER: Final = "say --python 3.12 --fetch, which fetches the same versions for it with pip"
_OURS: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644 << 16
ROOTS: Final[Mapping[Group, tuple[str, ...]]] = {
    Group.CORE: (OWN, "aws-lambda-powertools"),
    Group.DATA: (OWN, "aws-lambda-powertools", "duckdb", "sqlglot", "highspy", "numpy", "xlsxwriter"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a zip was made of.

    Attributes:
        group: which zip.
        version: of Lamplighter.
        built: aware datetime of the build: SOURCE_DATE_EPOCH, else the commit's; None if neither is known.
        commit: of the source, or empty.
        python: runtime it was made for, `python3.11`.
        machine: processors it was made for, `x86_64` or `arm64`.
        dependencies: versions by name.
    """

    group: Group
    version: str
    built: datetime | None
    commit: str
    python: str
    machine: str
    dependencies: Mapping[str, str]

    def text(self) -> str:
        """As it lies in the zip."""
        return json.dumps(
            {
                "group": self.group.value,
                "version": self.version,
                "built": self.built.isoformat() if self.built else None,
                "commit": self.commit,
                "python": self.python,
                "machine": self.machine,
                "dependencies": dict(sorted(self.dependencies.items())),
            },
            indent=1,
        )


@dataclass(frozen=True, slots=True)
class Package:
    """A zip that was built.

    Attributes:
        path: where it is.
        facts: what it was made of.
        digest: SHA-256 in hex.
        size: bytes.
        unpacked: bytes of its files.
    """

    path: Path
    facts: Facts
    digest: str
    size: int
    unpacked: int

    @property
    def key(self) -> str:
        """Its key in a bucket: by content, so that other bytes never take its place."""
        return f"code/{self.facts.group.value}/{self.facts.version}-{self.digest[:16]}.zip"


def build(
    group: Group,
    out: Path,
    *,
    python: str = "",
    machine: str = "x86_64",
    fetch: bool = False,
    also: Sequence[str] = (),
    bytecode: bool = True,
    for_lambda: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> Package:
    """Build a zip of the running environment's versions.

    Args:
        group: which.
        out: folder for it.
        python: version for which it is made, `3.12`; that of this process unless given.
        machine: `x86_64` or `arm64`.
        fetch: fetch wheels with pip; else the installed files are taken, which must be of the same Python and machine.
        also: names of further installed distributions, for example with kinds of your own.
        bytecode: whether to put it in, without which a cold start takes half as long again.
        for_lambda: whether what is compiled must run on Lambda's system too; else only here, for trying it out.
        environ: variables: SOURCE_DATE_EPOCH.

    Returns:
        The zip, named after its content.

    Raises:
        UsageError: a distribution is not installed, does not fit the function's Python or machine, or cannot be
            fetched; or the zip would be larger than Lambda takes.
        OSError: the folder cannot be written.
    """
    wanted = python or _OURS
    versions = contents_of(group, python=python, machine=machine, fetch=fetch, also=also, for_lambda=for_lambda)
    facts = Facts(group, lamplighter.__version__, *_source(environ), f"python{wanted}", machine, versions)
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="lamplighter-package-") as scratch:
        stage = Path(scratch) / "stage"
        stage.mkdir()
        if fetch:
            fetch_wheels(versions, stage, python=wanted, machine=machine)
        else:
            for name in versions:
                copy_distribution(name, stage)
        copy_own(stage)
        (stage / "lamplighter" / FACTS).write_text(facts.text(), encoding="utf-8")
        if bytecode and wanted == _OURS:
            _compile(stage)
        fresh = Path(scratch) / "package.zip"
        unpacked = _write(stage, fresh)
        if unpacked > UNPACKED:
            raise UsageError(f"{group} comes to {unpacked / 2**20:.0f} MB unpacked, and Lambda takes 250")
        digest = sha256(fresh.read_bytes()).hexdigest()
        path = out / f"lamplighter-{group.value}-{lamplighter.__version__}-{digest[:16]}.zip"
        path.write_bytes(fresh.read_bytes())
    return Package(path, facts, digest, path.stat().st_size, unpacked)


def contents_of(
    group: Group,
    *,
    python: str = "",
    machine: str = "x86_64",
    fetch: bool = False,
    also: Sequence[str] = (),
    for_lambda: bool = True,
) -> dict[str, str]:
    """The distributions of a zip beside our own, versions by name; nothing is fetched or written.

    The arguments are those of `build`.

    Raises:
        UsageError: a distribution is not installed, or does not fit the function's Python or machine.
    """
    wanted = python or _OURS
    allowed = RUNTIMES[group]
    if for_lambda and wanted not in {each for versions in RUNTIMES.values() for each in versions}:
        raise UsageError(f"functions of {group} run on Python {', '.join(allowed)}, not {wanted!r}", hint=_NEWER)
    here, there = (_OURS, *_system()), (wanted, "linux", machine)
    if not fetch and here != there:
        raise UsageError(
            "what is installed here is for Python {} on {} and {}, not {} on {} and {}".format(*here, *there),
            hint="say --fetch, which fetches the same versions for it with pip" if python else _NEWER,
        )
    system = glibc(wanted)
    chosen = closure((*ROOTS[group], *also, *_if_installed(group)), python=wanted, machine=machine)
    versions = {name: version for name, version in chosen.items() if name != OWN}
    if not fetch and for_lambda and (wrong := misfits(versions, wanted)):
        raise UsageError(
            f"{group} would not run: {'; '.join(wrong)}, and Lambda has glibc 2.{system} for Python {wanted}",
            hint=_NEWER,
        )
    if for_lambda and wanted not in allowed:
        raise UsageError(f"functions of {group} run on Python {', '.join(allowed)}, not {wanted!r}", hint=_NEWER)
    return versions


def _if_installed(group: Group) -> Iterator[str]:
    """What is put in where there is some: not everybody who deploys sends messages into Slack."""
    for name in WHERE_INSTALLED[group]:
        with suppress(PackageNotFoundError):
            distribution(name)
            yield name


def read_facts(path: Path) -> Facts:
    """What a zip was made of, as it says itself.

    Raises:
        UsageError: it is no zip of ours.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            data = json.loads(archive.read(f"lamplighter/{FACTS}"))
        built = datetime.fromisoformat(data["built"]) if data["built"] else None
        return Facts(
            Group(data["group"]),
            data["version"],
            built,
            data["commit"],
            data["python"],
            data["machine"],
            dict(data["dependencies"]),
        )
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise UsageError(
            f"{path} is no package of Lamplighter: {error}", hint="make one: lamp deploy package --python 3.12 --fetch"
        ) from error


def open_package(path: Path) -> Package:
    """A zip that was built before.

    Raises:
        UsageError: it is no zip of ours.
    """
    facts = read_facts(path)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    return Package(path, facts, sha256(content).hexdigest(), len(content), unpacked)


def outdated(facts: Facts) -> str:
    """Why a zip is not of the source that is here; empty if it is, or nobody knows."""
    if facts.version != lamplighter.__version__:
        return f"is of version {facts.version}, and this is {lamplighter.__version__}"
    commit = _git("log", "-1", "--format=%H", "--", ".")
    if commit and facts.commit and commit != facts.commit:
        return f"is of commit {facts.commit[:12]}, and this is {commit[:12]}"
    return ""


def _system() -> tuple[str, str]:
    """(operating system, processors) that the installed files are for, in Lambda's words where it has them."""
    processors = platform.machine().lower()
    musl = sys.platform == "linux" and platform.libc_ver()[0] != "glibc"
    return "linux without glibc" if musl else sys.platform, {"aarch64": "arm64", "amd64": "x86_64"}.get(
        processors, processors
    )


def _source(environ: Mapping[str, str]) -> tuple[datetime | None, str]:
    """Time of the build and commit: bytes must not depend on when they are made."""
    commit, _, seconds = _git("log", "-1", "--format=%H %ct", "--", ".").partition(" ")
    epoch = environ.get("SOURCE_DATE_EPOCH") or seconds
    if epoch and not epoch.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH is {epoch!r}, not seconds since 1970")
    return (datetime.fromtimestamp(int(epoch), UTC) if epoch else None), commit


def _git(*words: str) -> str:
    """What git says of the source; nothing where there is none, or it is no part of the repository around it."""
    folder = Path(lamplighter.__file__).parent
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["git", "-C", str(folder), *words],  # noqa: S607 - whichever is installed
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _compile(stage: Path) -> None:
    """Bytecode for every module; in a process of its own, because what was interned before changes the bytes."""
    command = [sys.executable, "-I", "-m", "compileall", "-q", "-j", "1", "-s", str(stage), "-p", "/var/task"]
    environ = {"PYTHONHASHSEED": "0", "PATH": os.defpath}
    # What does not compile is of another Python, in files that nobody imports.
    subprocess.run(  # noqa: S603 - our own words
        [*command, "--invalidation-mode", "unchecked-hash", str(stage)], check=False, env=environ, capture_output=True
    )


def _write(stage: Path, path: Path) -> int:
    """Zip a folder in the order of its names; bytes of its files."""
    total = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, file in _files(stage):
            member = zipfile.ZipInfo(name, _TIME)
            member.external_attr = _MODE
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            content = file.read_bytes()
            total += len(content)
            archive.writestr(member, content)
    return total


def _files(stage: Path) -> Iterator[tuple[str, Path]]:
    found = [(file.relative_to(stage).as_posix(), file) for file in stage.rglob("*") if file.is_file()]
    yield from sorted(found)
