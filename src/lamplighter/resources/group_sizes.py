"""What kinds with a size share: the size to start with, and acting on one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from lamplighter.errors import AwsError, NotSupported
from lamplighter.resources.kind import Resource, Result

SIZE_TAG: Final = "lamplighter:size"
NAMES: Final[tuple[str, ...]] = ("min", "desired", "max")


def size_to_restore(resource: Resource, tags: Sequence[str]) -> tuple[Mapping[str, int], str]:
    """The size to start with, and where it comes from, for people.

    The first of `tags` that the resource has wins over what was remembered: it is the user's stated wish. Nothing but
    zeros is never a size to start with, be it in a tag or remembered.

    Args:
        resource: the names in its `size` are those that must have been remembered, smallest first.
        tags: keys of tags that hold `min-desired-max`, for example `1-2-4`.

    Returns:
        The numbers by name: min, desired and max from a tag, the names of `resource.size` from what was remembered.

    Raises:
        NotSupported: the tag or what was remembered is no size, or there is neither.
    """
    key = next((key for key in tags if key in resource.tags), None)
    if key is not None:
        names, said = NAMES, [part.strip() for part in resource.tags[key].split("-")]
        origin, wrong = f"from tag {key}", f"its tag {key} is {resource.tags[key]!r}, which is no size"
    elif any(value != "0" for value in resource.restore.values()):
        names = tuple(resource.size)
        said = [resource.restore.get(name, "") for name in names]
        origin, wrong = "as remembered", f"what was remembered of its size is {dict(resource.restore)}"
    else:
        names, said, origin, wrong = NAMES, [], "", "its size before is not known"
    numbers = [int(text) for text in said if text.isascii() and text.isdigit()]
    if len(numbers) == len(said) == len(names) and numbers == sorted(numbers) and numbers[-1]:
        return dict(zip(names, numbers, strict=True)), origin
    where = f"{resource.account}/{resource.region}"
    raise NotSupported(
        f"{where}: {resource.name} cannot be started: {wrong}",
        hint=f"tag it {key or tags[0]} with min-desired-max, such as 1-2-4, or give it its size by hand this once",
        target=where,
    )


def one_by_one(resources: Sequence[Resource], act: Callable[[Resource], str]) -> list[Result]:
    """Act on each resource, noting what `act` returns; a failure belongs to its resource."""
    results = []
    for resource in resources:
        try:
            results.append(Result(resource.id, note=act(resource)))
        except AwsError as error:
            results.append(Result(resource.id, error))
    return results
