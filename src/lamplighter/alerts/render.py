"""From contexts to subject, text and HTML, through Jinja templates; a user's own go before those packaged here.

Own templates run in a sandbox: they come from a folder that may be writable for more people than the code is. One that
fails is replaced by the packaged one, with a warning: a message is not lost because of a template.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lamplighter.errors import LamplighterError, Problem
from lamplighter.notify.message import one_line

log = logging.getLogger("lamplighter.alerts")

FOLDER: Final = Path(__file__).parent / "templates"
PARTS: Final = ("subject", "txt", "html")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What templates made of a context."""

    subject: str
    text: str
    html: str


class Renderer:
    """Renders the messages of one pass.

    Args:
        own: folder of the user's templates, or None.

    Attributes:
        errors: what went wrong with the user's templates, each once.
    """

    def __init__(self, own: Path | None = None) -> None:
        self._own = own
        self.errors: dict[str, LamplighterError] = {}

    def render(self, topic: str, context: Mapping[str, object]) -> Rendered:
        """Subject, text and HTML of a topic."""
        subject, text, html = (self._part(f"{topic}.{part}.j2", context) for part in PARTS)
        return Rendered(one_line(subject) or f"Lamplighter: {topic}", text.strip() + "\n", html.strip() + "\n")

    @cached_property
    def _chosen(self) -> ImmutableSandboxedEnvironment:
        assert self._own is not None
        return _environment(ChoiceLoader([FileSystemLoader(self._own), FileSystemLoader(FOLDER)]))

    def _part(self, name: str, context: Mapping[str, object]) -> str:
        if self._own is not None:
            try:
                return self._chosen.get_template(name).render(context)
            except Exception as error:  # noqa: BLE001 - whatever somebody's template does
                self.errors.setdefault(
                    name,
                    LamplighterError(
                        f"template {self._own / name}: {type(error).__name__}: {one_line(str(error))}",
                        hint="the packaged one was used instead; `lamp notify preview` shows what comes out",
                    ),
                )
        return _packaged().get_template(name).render(context)


@cache
def _packaged() -> ImmutableSandboxedEnvironment:
    return _environment(FileSystemLoader(FOLDER))


def _environment(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def own_templates(folder: Path) -> dict[str, str]:
    """A user's templates, texts by their paths below the folder; nothing else of it.

    Raises:
        OSError: one cannot be read.
        UnicodeDecodeError: one is not UTF-8.
    """
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.j2"))
        if path.is_file()
    }


def template_problems(folder: Path, samples: Mapping[str, Mapping[str, object]], where: str) -> Iterator[Problem]:
    """What is wrong with a user's templates.

    Args:
        folder: where they lie.
        samples: a context for each topic, to try them with.
        where: place in the definition file that names the folder.
    """
    if not folder.is_dir():
        yield Problem(where, f"there is no folder {folder}", "it is relative to the definition file")
        return
    renderer = Renderer(folder)
    for topic, context in samples.items():
        renderer.render(topic, context)
    for error in renderer.errors.values():
        yield Problem(where, error.message)
