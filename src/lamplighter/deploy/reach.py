"""Which addresses of messages work from deployed functions, as far as the templates decide it; nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.errors import Problem
from lamplighter.notify.definitions import NotifyDefinition
from lamplighter.notify.registry import sender_of


def out_of_reach(notify: NotifyDefinition, prefix: str) -> Iterator[Problem]:
    """Rules whose address cannot work from the functions of a deployment, and why.

    Args:
        notify: who is told what.
        prefix: of the deployment: the topic has this name, and secrets must have names that begin with it.
    """
    for number, rule in enumerate(notify.rules):
        for why, hint in _reasons(rule.to, prefix):
            yield Problem(f"notify.rules.{number}.to", why, hint)


def _reasons(to: str, prefix: str) -> Iterator[tuple[str, str]]:
    scheme, _, rest = to.partition(":")
    if scheme == "file" and rest != "-":
        yield "what deployed functions write into a file is lost", "file:- writes into their log"
    if scheme == "sns" and rest.rpartition(":")[2] != prefix:
        yield (
            "deployed functions may publish to the topic of the stack hub only",
            f"write its output TopicArn, sns:arn:aws:sns:REGION:ACCOUNT:{prefix}",
        )
    for reference in sender_of(to).references(to):
        kind, _, name = reference.partition(":")
        kept = f"keep it as ssm:/{prefix}/NAME or secretsmanager:{prefix}/NAME"
        if kind == "env":
            yield f"deployed functions have no variable {name}", kept
        elif not _name(kind, name).startswith(f"{prefix}/"):
            yield f"deployed functions may read names that begin with {prefix}/ only, not this {kind}: reference", kept


def _name(kind: str, text: str) -> str:
    """The name in a reference, which may be an ARN, as IAM compares it: without the slash in front of a parameter's."""
    if text.startswith("arn:"):
        text = text.split(":", 5)[-1].removeprefix("parameter").removeprefix("secret:")
    return text.removeprefix("/") if kind == "ssm" else text
