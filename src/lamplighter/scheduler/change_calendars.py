"""SSM Change Calendars: read from AWS, and kept in the store for commands that do not talk to AWS.

A command that talks to AWS reads them anew; what cannot be read then is not taken from the copy, because a freeze may
have been declared since. Source: Systems Manager User Guide, "Change Calendar"; SSM API reference, GetDocument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError, NotSupported, StoreCorrupt
from lamplighter.store.table import JSON, Store

if TYPE_CHECKING:
    from lamplighter.aws.access import Aws

TABLE: Final = "calendars"
PERMISSIONS: Final = ("ssm:GetDocument",)
"""What the own credentials need for it, in the home region or that of the ARN."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The text of a Change Calendar as it was read.

    Attributes:
        document: name or ARN of the document, as definitions write it.
        text: its content, an iCalendar text.
        as_of: aware datetime at which it was read.
        source: `account/region` it was read in.
    """

    document: str
    text: str
    as_of: datetime
    source: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        return sha256(self.text.encode()).hexdigest()


def fetch(aws: Aws, document: str, *, now: Callable[[], datetime]) -> Copy:
    """Read a Change Calendar with the own credentials: its default version, as Change Calendar itself uses it.

    Args:
        aws: sessions.
        document: a name, read in the home region; or an ARN, read in its region, also from another account that
            shares it.
        now: tells the time, aware.

    Raises:
        AwsError: it is not there, not shared or not permitted, or AWS does not answer.
        NotSupported: the document is no Change Calendar.
        LamplighterError: it is given by name, and there is no home region.
    """
    own = aws.own_account()
    account, region, name = _place(document, own, aws.region or "")
    if not region:
        raise LamplighterError(
            f"Change Calendar {document!r} cannot be looked for: there is no home region",
            hint="set AWS_REGION, or write its whole ARN",
        )
    target = Target(account, region)
    answer = aws.session_as(target, None).call("ssm", "get_document", Name=name if account == own else document)
    kind = answer.get("DocumentType", "")
    if kind != "ChangeCalendar":
        raise NotSupported(
            f"SSM document {document!r} is of the type {kind or 'unknown'}, not ChangeCalendar",
            hint="`aws ssm list-documents --filters Key=DocumentType,Values=ChangeCalendar` lists those there are",
            service="ssm",
            operation="GetDocument",
            target=target.key,
        )
    return Copy(document, answer["Content"], now(), target.key)


def _place(document: str, own: str, home: str) -> tuple[str, str, str]:
    """(account, region, name) of a document."""
    if not document.startswith("arn:"):
        return own, home, document
    _, _, _, region, account, resource = document.split(":", 5)
    return account, region, resource.partition("/")[2]


def live_reader(aws: Aws, now: Callable[[], datetime], keep_in: Store | None = None) -> Callable[[str], str]:
    """Gives the text of a Change Calendar as it is in AWS now, and keeps a copy if there is a store for it.

    Args:
        aws: sessions.
        now: tells the time, aware.
        keep_in: where copies are kept; None to keep none.
    """

    def read(document: str) -> str:
        copy = fetch(aws, document, now=now)
        if keep_in is not None:
            keep(keep_in, copy)
        return copy.text

    return read


def keep(store: Store, copy: Copy) -> None:
    """Keep a copy in place of an older one.

    Raises:
        StoreError: the store failed.
    """
    data: Mapping[str, JSON] = {
        "text": copy.text,
        "as_of": copy.as_of.isoformat(),
        "source": copy.source,
        "sha256": copy.digest,
    }
    store.put(TABLE, TABLE, copy.document, data)


def kept(store: Store, document: str) -> Copy:
    """The copy that is kept of a Change Calendar.

    Raises:
        LamplighterError: there is none.
        StoreCorrupt: it is not what was written.
        StoreError: the store failed.
    """
    item = store.get(TABLE, TABLE, document)
    if item is None:
        raise LamplighterError(
            f"of Change Calendar {document!r} no copy is kept yet",
            hint="read it from AWS with `lamp calendars refresh`",
        )
    try:
        copy = Copy(
            document,
            str(item.data["text"]),
            datetime.fromisoformat(str(item.data["as_of"])),
            str(item.data["source"]),
        )
        whole = copy.digest == item.data["sha256"]
    except (KeyError, ValueError):
        whole = False
    if not whole:
        raise StoreCorrupt(
            f"the copy of Change Calendar {document!r} is damaged", hint="read it anew with `lamp calendars refresh`"
        )
    return copy


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of one Change Calendar that was to be read anew.

    Attributes:
        document: name or ARN, as definitions write it.
        copy: what is kept now; None if it could not be read, and an older copy stays.
        news: `new`, `changed`, `unchanged`, or empty if it could not be read.
        error: why it could not be read, or None.
    """

    document: str
    copy: Copy | None = None
    news: str = ""
    error: LamplighterError | None = None


def refresh(aws: Aws, store: Store, documents: Iterable[str], *, now: Callable[[], datetime]) -> list[Refreshed]:
    """Read Change Calendars from AWS and keep copies; one that fails stops no other.

    Raises:
        StoreError: the store failed.
    """
    found = []
    for document in dict.fromkeys(documents):
        try:
            copy = fetch(aws, document, now=now)
        except LamplighterError as error:
            found.append(Refreshed(document, error=error))
            continue
        before = store.get(TABLE, TABLE, document)
        news = "new" if before is None else "unchanged" if before.data.get("sha256") == copy.digest else "changed"
        keep(store, copy)
        found.append(Refreshed(document, copy, news))
    return found
