"""A folder for one call of a function, gone when the call is over, and after the next one begins if the call was ended.

Source: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": a function that crashes
or whose time is up is begun anew, and what it left in /tmp stays there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from lamplighter.lambdas.runtime import SCRATCH

_NAME: Final = re.compile(r"lamplighter-(\d+)-[a-z]+-.+")


@contextmanager
def scratch(what: str, place: Path = SCRATCH) -> Iterator[Path]:
    """An empty folder.

    Args:
        what: what it is for, small letters.
        place: where to make it.
    """
    tidy_up(place)
    folder = Path(mkdtemp(prefix=f"lamplighter-{os.getpid()}-{what}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def tidy_up(place: Path) -> None:
    """Remove, once in a process, what processes have left that are no more; this one may have the number of such."""
    for folder in place.glob("lamplighter-*"):
        found = _NAME.fullmatch(folder.name)
        if found is not None and folder.is_dir() and (int(found[1]) == os.getpid() or not _lives(int(found[1]))):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
