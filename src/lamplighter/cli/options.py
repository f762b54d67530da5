"""Options that many commands share, each also an environment variable LAMPLIGHTER_*."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

_WHERE = "Where"
_HOW = "Output"


class Output(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


File: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--file",
        "-f",
        envvar="LAMPLIGHTER_FILE",
        metavar="PATH",
        help="Definitions, or dynamodb:TABLE; else ./lamplighter.yaml, then the one in the configuration folder.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
StoreUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="LAMPLIGHTER_STORE",
        metavar="URL",
        help="State and journal: a path, sqlite:///path, dynamodb://prefix or memory:.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
Prices: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--prices",
        envvar="LAMPLIGHTER_PRICES",
        metavar="PATH",
        help="AWS's own price list, before the packaged prices; repeatable.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
Lake: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--lake",
        envvar="LAMPLIGHTER_LAKE",
        metavar="PATH",
        help="Folder of the lake; else the one beside the state file.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
Profile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--profile",
        envvar="LAMPLIGHTER_PROFILE",
        metavar="NAME",
        help="AWS profile; else AWS_PROFILE.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
Regions: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        "-r",
        envvar="LAMPLIGHTER_REGION",
        metavar="NAME",
        help="Only this region; repeatable; all for every enabled one.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
Accounts: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--account",
        envvar="LAMPLIGHTER_ACCOUNT",
        metavar="ID",
        help="Only this account, by id or name; repeatable.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
Endpoint: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        envvar="LAMPLIGHTER_ENDPOINT_URL",
        metavar="URL",
        help="Send every AWS call there, for example to a simulated AWS; else AWS_ENDPOINT_URL.",
        show_default=False,
        rich_help_panel=_WHERE,
    ),
]
Format: TypeAlias = Annotated[
    Output,
    typer.Option("--output", "-o", envvar="LAMPLIGHTER_OUTPUT", help="How to write the answer.", rich_help_panel=_HOW),
]
Verbose: TypeAlias = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        envvar="LAMPLIGHTER_VERBOSE",
        metavar="",
        help="Log to stderr; -vv also debugging and tracebacks.",
        show_default=False,
        rich_help_panel=_HOW,
    ),
]
NoColor: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-color", envvar="LAMPLIGHTER_NO_COLOR", help="No colours; as NO_COLOR does.", rich_help_panel=_HOW
    ),
]
Schedules: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--schedule", metavar="NAME", help="Only resources with this schedule; repeatable."),
]
