"""A release: what the pipeline deploys, with every parameter: CodePipeline sets what is not given back to its default.

Source: AWS CodePipeline user guide, "AWS CloudFormation deploy action reference": there is no UsePreviousValue; what
`ParameterOverrides` say holds before the template configuration file.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lamplighter.deploy.block_pipeline import ASKED, STAGES, wired
from lamplighter.deploy.family import TEMPLATES, Template, switch
from lamplighter.deploy.package import Package
from lamplighter.deploy.parameters import HIDDEN, default_of, parameters_of, problems_of
from lamplighter.deploy.push import head
from lamplighter.deploy.stacks import CODE_KEYS, Stack, values
from lamplighter.deploy.yamls import load
from lamplighter.errors import AccessDenied, Problem

if TYPE_CHECKING:
    from lamplighter.resources.kind import Session

PERMISSIONS: Final = ("cloudformation:GetTemplate",)

RELEASE: Final = "release.zip"
"""Key that the pipeline watches, unless its stack says another one."""

_IN_REVIEW: Final = "REVIEW_IN_PROGRESS"
"""Of a stack that is nothing but a change set that nobody has executed."""

_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter to which a release gives another value.

    Attributes:
        stack: name of the stack.
        parameter: its name.
        before: as deployed; None where the stack or the parameter is new.
        after: as released; None where only the deployment of `source` tells.
        source: the template whose output it is, or empty.
    """

    stack: str
    parameter: str
    before: str | None
    after: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """What a release does.

    Attributes:
        key: in the bucket of the code.
        parameters: by template: of each stack that the pipeline deploys, all but those that the pipeline fills in.
        changes: parameters that get another value than what is deployed.
        fresh: names of stacks that are made.
        problems: why the pipeline would fail, all of them; while there are any, nothing is to be sent.
    """

    key: str
    parameters: Mapping[str, Mapping[str, str]]
    changes: Sequence[Change]
    fresh: Sequence[str]
    problems: Sequence[Problem]


def plan_release(
    found: Sequence[Stack], packages: Sequence[Package], given: Mapping[str, Mapping[str, str]], bucket: str
) -> Release:
    """What a release of zips does to what is deployed.

    Args:
        found: the stacks of the deployment, as `stacks` gives them.
        packages: the zips; one for each key of code.
        given: by template and parameter, what people want otherwise than it is deployed; the templates must have them.
        bucket: where the zips will lie.
    """
    by_template = {each.template: each for each in found}
    pipeline = by_template["pipeline"]
    made = [name for name in STAGES if pipeline.parameters.get(switch(TEMPLATES[name])) != "no"]
    parameters: dict[str, Mapping[str, str]] = {}
    changes: list[Change] = []
    problems = [*_about_pipeline(pipeline), *_about_bucket(by_template["state"], pipeline, bucket)]
    problems += [
        Problem(name, "the pipeline does not deploy it", f"it deploys {', '.join(made)}")
        for name in given
        if name not in made
    ]
    for name in made:
        stack, template = by_template[name], TEMPLATES[name]
        wanted, wrong = _parameters(template, stack, packages, given.get(name, {}))
        parameters[name] = wanted
        problems += [*_about_state(stack), *wrong]
        if stack.status:
            changes += _changes(template, stack, wanted, by_template)
    fresh = [by_template[name].name for name in made if not by_template[name].status]
    return Release(pipeline.parameters.get("ReleaseKey") or RELEASE, parameters, changes, fresh, problems)


def _about_pipeline(pipeline: Stack) -> Iterable[Problem]:
    """A release that nothing takes is in the way of the one after it; an update that failed left the pipeline there."""
    if not pipeline.status:
        yield Problem(pipeline.name, "is not deployed: nothing takes releases", "deploy it first (docs/deployment.md)")
    elif not pipeline.status.startswith("UPDATE_"):
        yield from _about_state(pipeline)


def _about_bucket(state: Stack, pipeline: Stack, bucket: str) -> Iterable[Problem]:
    """The functions read their code from the bucket that `state` puts out, the pipeline its releases from its own."""
    own = state.outputs.get("CodeBucket", "")
    if not own:
        yield Problem(state.name, "is not deployed, and makes the bucket of the code", "deploy it before the pipeline")
    elif own != bucket:
        yield Problem(state.name, f"the functions take their code from {own}, not from {bucket}", f"say --bucket {own}")
    watched = pipeline.parameters.get("CodeBucket", "")
    if watched not in ("", bucket):
        yield Problem(pipeline.name, f"the pipeline takes releases from {watched}, not from {bucket}")


def _about_state(stack: Stack) -> Iterable[Problem]:
    waits = stack.template == ASKED and stack.status == _IN_REVIEW
    if not stack.status or stack.settled or waits:
        return
    if stack.status.endswith("_IN_PROGRESS"):
        yield Problem(stack.name, f"is at work: {stack.status}", "ask again when it is done")
    else:
        never = stack.status == "ROLLBACK_COMPLETE"
        hint = "it was never made: delete it" if never else "see its events in CloudFormation"
        yield Problem(stack.name, f"cannot be updated: it is {stack.status}", hint)


def _parameters(
    template: Template, stack: Stack, packages: Sequence[Package], given: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """All that is to be said of a stack's parameters: as deployed, under what the zips say, under what people say."""
    filled, code = _filled(template), values(template, packages, "")
    names = [name for name in parameters_of(template) if name not in filled]
    kept = {name: stack.parameters[name] for name in names if name in stack.parameters}
    said = {**code, **given}
    wanted = {name: value for name, value in {**kept, **said}.items() if name not in filled}
    hidden = [name for name, value in kept.items() if name not in said and HIDDEN.fullmatch(value)]
    bare = [name for name in names if _is_bare(template, name, said, kept)]
    problems = [
        *(_problem(template, name, *_of_the_pipeline(filled[name])) for name in given if name in filled),
        *(_problem(template, name, *_NOT_TOLD) for name in hidden),
        *(_problem(template, name, *_without(name)) for name in bare),
    ]
    return wanted, problems + problems_of(template, {k: v for k, v in wanted.items() if k not in hidden})


def _is_bare(template: Template, name: str, said: Mapping[str, str], kept: Mapping[str, str]) -> bool:
    """Whether nobody says a value; old code beside new code of the other zip is none."""
    if name in CODE_KEYS:
        return name not in said
    return default_of(template, name) is None and name not in said and name not in kept


def _filled(template: Template) -> dict[str, str]:
    """What the pipeline says itself: by parameter the template whose output it is, or nothing."""
    return {"Prefix": "", **wired(template)}


_NOT_TOLD: Final = (
    "CloudFormation does not tell its value (NoEcho), and the pipeline would set it back to its default",
    "give it with --parameters",
)


def _of_the_pipeline(source: str) -> tuple[str, str]:
    told = f"an output of {source}" if source else "its own prefix"
    return f"the pipeline fills it in with {told}", "leave it out"


def _without(name: str) -> tuple[str, str]:
    if name in CODE_KEYS:
        return f"there is no zip of the group {CODE_KEYS[name]}", "add --package, or make it with `lamp deploy package`"
    return "it has no value, and is not deployed with one", "give it with --parameters"


def _problem(template: Template, name: str, message: str, hint: str) -> Problem:
    return Problem(f"{template.name}.{name}", message, hint)


def _changes(
    template: Template, stack: Stack, wanted: Mapping[str, str], by_template: Mapping[str, Stack]
) -> Iterable[Change]:
    sources = {name: source for name, source in _filled(template).items() if source}
    for name in parameters_of(template):
        before = stack.parameters.get(name)
        if name in sources:
            after = by_template[sources[name]].outputs.get(name)
            if after is None or after != before:
                yield Change(stack.name, name, before, after, sources[name])
        elif name in wanted and wanted[name] != before:
            yield Change(stack.name, name, before, wanted[name])


def release_bytes(parameters: Mapping[str, Mapping[str, str]]) -> bytes:
    """What is put into the bucket: every template, and the parameters of each stack. Same input, same bytes.

    Args:
        parameters: by template, see `plan_release`.
    """
    files = {f"templates/{template.file}": template.text for template in TEMPLATES.values()}
    for name, given in parameters.items():
        files[f"parameters/{name}.json"] = json.dumps({"Parameters": dict(given)}, indent=1, sort_keys=True)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _TIME)
            member.external_attr, member.create_system = 0o644 << 16, 3
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, files[name])
    return sink.getvalue()


def other_stages(session: Session, pipeline: Stack) -> list[Problem]:
    """Why the pipeline that is deployed cannot take a release: it fills in what templates of another version ask for.

    Args:
        session: calls in the hub's account and region.
        pipeline: the stack; nothing is asked while there is none, or only a change set: `plan_release` tells that.

    Raises:
        AwsError: not permitted, or AWS does not answer.
    """
    if pipeline.status in ("", _IN_REVIEW):
        return []
    body = session.call("cloudformation", "get_template", StackName=pipeline.name)["TemplateBody"]
    deployed = load(body) if isinstance(body, str) else body
    if _stages(deployed) == _stages(TEMPLATES["pipeline"].data):
        return []
    hint = "update its stack with `lamp deploy template pipeline` first"
    return [Problem(pipeline.name, "the pipeline is of another version, and fills in other parameters", hint)]


def _stages(template: Mapping[str, Any]) -> object:
    found: object = template.get("Resources", {}).get("Pipeline", {}).get("Properties", {}).get("Stages")
    return found


def without_code(session: Session, bucket: str, plan: Release, packages: Iterable[Package]) -> list[Problem]:
    """Keys of code that are neither in the bucket nor to be put there.

    Args:
        session: calls in the bucket's account and region.
        bucket: of the code.
        plan: the release.
        packages: the zips that will be put there.

    Raises:
        AwsError: the bucket is missing or not permitted, or AWS does not answer.
    """
    coming = {package.key for package in packages}
    asked = [
        (f"{template}.{name}", key)
        for template, given in plan.parameters.items()
        for name, key in given.items()
        if name in CODE_KEYS and key not in coming
    ]
    found = [(where, _missing(session, bucket, key)) for where, key in asked]
    return [Problem(where, why, "leave it out to take the zip that is here") for where, why in found if why]


def _missing(session: Session, bucket: str, key: str) -> str:
    try:
        return "" if head(session, bucket, key) is not None else f"there is no {key} in {bucket}"
    except AccessDenied as error:
        return f"whether {key} is in {bucket} is not known: {error.message}"
